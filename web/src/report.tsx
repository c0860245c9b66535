// The report's entry: reads the document inside the page and draws it.
import { render } from "preact";
import type { Document } from "./document";
import { Report } from "./components/Report";
import "uplot/dist/uPlot.min.css";
import "./style.css";

const text = document.getElementById("document")?.textContent;
const host = document.getElementById("report");
if (text && host) {
  host.replaceChildren();
  render(<Report document={JSON.parse(text) as Document} />, host);
}
