// How the models did against each other on held-back minutes, metric by metric: who speaks, by how much, and at what price.
import { number, words } from "../format";
import type { components } from "../live/api";
import { Scroll } from "./Panel";

type Summary = components["schemas"]["ModelSummary"];

export function Candidates({ summaries }: { summaries: Summary[] }) {
  return (
    <Scroll label="Models against each other">
      <table>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Model</th>
            <th scope="col" class="n">Speaks for</th>
            <th scope="col" class="n">Loss against the best</th>
            <th scope="col" class="n">Excursions found (F1)</th>
            <th scope="col" class="n">Inside the 98 % range</th>
          </tr>
        </thead>
        <tbody>
          {summaries.flatMap((summary) =>
            summary.candidates.map((one, at) => (
              <tr key={`${summary.metric} ${one.model}`} class={at === 0 ? "first" : ""}>
                <th scope="row">{at === 0 ? words(summary.metric) : <span class="sr">{words(summary.metric)}</span>}</th>
                <td data-name="model">{words(one.model)}</td>
                <td class={one.series ? "n strong" : "n"} data-name="speaks for">
                  {one.series} of {summary.series}
                </td>
                <td class="n" data-name="loss">{one.loss_ratio === null ? "–" : `${number(one.loss_ratio, 3, false)}×`}</td>
                <td class="n" data-name="F1">{number(one.event_f1, 2, false)}</td>
                <td class="n" data-name="coverage">{at === 0 ? summary.coverage === null ? "–" : `${number(100 * summary.coverage, 3, false)} %` : ""}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </Scroll>
  );
}
