// What is wrong with the data, the worst first, and what their owner can do.
import type { FindingView } from "../document";
import { number, share } from "../format";
import { Empty, Panel, Scroll } from "./Panel";

const EFFECTS: Record<FindingView["effect"], string> = {
  rejected: "left out",
  corrected: "corrected",
  noted: "used as it is",
};

export function Findings({ findings }: { findings: FindingView[] }) {
  if (!findings.length) {
    return (
      <Panel id="data" title="Problems of the data">
        <Empty>None found: every span was used as it came.</Empty>
      </Panel>
    );
  }
  return (
    <Panel id="data" title="Problems of the data" note="the most harmful first">
      <Scroll label="Problems of the data">
        <table class="cards">
          <thead>
            <tr>
              <th scope="col">Problem</th>
              <th scope="col" class="n">Count</th>
              <th scope="col" class="n">Share</th>
              <th scope="col">Effect</th>
              <th scope="col">Where</th>
              <th scope="col">What to do</th>
            </tr>
          </thead>
          <tbody>
            {findings.map((finding) => (
              <tr key={finding.code}>
                <th scope="row" class="wrap">
                  {finding.meaning}
                  {finding.detail && <span class="quiet"> ({finding.detail})</span>}
                </th>
                <td class="n" data-name="count">{finding.count.toLocaleString("en-GB")}</td>
                <td class="n" data-name="share">{finding.total ? share(finding.count / finding.total) : number(null)}</td>
                <td data-name="effect">{EFFECTS[finding.effect]}</td>
                <td class="wrap" data-name="where">{finding.where.join(", ") || "–"}</td>
                <td class="wrap" data-name="remedy">{finding.remedy}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
