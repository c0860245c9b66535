// The whole report, in the order of an answer: what happened, why, the evidence, what to do, how far to trust it.
import { useEffect } from "preact/hooks";
import type { Document } from "../document";
import { Advice } from "./Advice";
import { Distribution } from "./Distribution";
import { Durations } from "./Durations";
import { Findings } from "./Findings";
import { Headline } from "./Headline";
import { Incidents } from "./Incident";
import { Limits, Made } from "./Made";
import { Operations } from "./Operations";
import { OwnTime } from "./OwnTime";
import { ServiceMap } from "./ServiceMap";
import { Spread } from "./Spread";
import { TopBar } from "./TopBar";
import { WorkedOut } from "./WorkedOut";

export function Report({ document: report }: { document: Document }) {
  useEffect(openForPrint, []);
  return (
    <>
      <TopBar />
      <main>
        <Headline report={report} />
        <Incidents report={report} />
        <Durations report={report} />
        <Spread spread={report.spread} start={report.start_minute} />
        <div class="pair">
          <Distribution report={report} />
          <OwnTime report={report} />
        </div>
        <Operations report={report} />
        <ServiceMap map={report.map} />
        <Advice advice={report.advice} whatIf={report.what_ifs?.answers.length ? report.what_ifs.advice : -1} />
        {report.what_ifs && <WorkedOut whatIfs={report.what_ifs} />}
        <Findings findings={report.findings} />
        <Limits limits={report.limits} />
        <Made report={report} />
      </main>
    </>
  );
}

/** On paper nothing can be unfolded. */
function openForPrint() {
  const open = () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  };
  window.addEventListener("beforeprint", open);
  return () => window.removeEventListener("beforeprint", open);
}
