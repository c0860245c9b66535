// The report's entry: reads the document inside the page and draws it.
import { render } from "preact";
import type { Document } from "./document";
import { Report } from "./components/Report";
import { judged } from "./state";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const text = document.getElementById("document")?.textContent;
const host = document.getElementById("report");
if (text && host) {
  host.replaceChildren();
  const report = JSON.parse(text) as Document;
  judged.value = report.series_count > 0;
  render(<Report document={report} />, host);
}
