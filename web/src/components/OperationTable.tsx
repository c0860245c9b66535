// A service's operations by impact: choose one to see its charts.
import { duration, share } from "../format";
import { href, place } from "../live/address";
import { type OperationItem, severityOf } from "../live/views";
import { Panel, Scroll } from "./Panel";
import { Sparkline } from "./Sparkline";
import { Shape } from "./Status";

export function OperationTable({ operations, chosen }: { operations: OperationItem[]; chosen: string }) {
  const most = operations[0]?.impact_seconds || 1;
  const { path, query } = place.value;
  return (
    <Panel id="operations" title="Operations" note="by impact: calls × p95 in this window">
      <Scroll label="Operations">
        <table class="operations cards inline">
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col" class="n">Calls</th>
              <th scope="col" class="n">Errors</th>
              <th scope="col" class="n">Median</th>
              <th scope="col" class="n">p95</th>
              <th scope="col">Impact</th>
              <th scope="col">p95 over time</th>
            </tr>
          </thead>
          <tbody>
            {operations.map((one) => (
              <tr key={one.span_name} class={one.span_name === chosen ? "chosen" : ""}>
                <th scope="row" title={one.span_name}>
                  <Shape status={severityOf(one.severity)} /> <a href={href(path, { ...query, op: one.span_name })}>{one.span_name}</a>
                </th>
                <td class="n" data-name="calls">{one.calls.toLocaleString("en-GB")}</td>
                <td class="n" data-name="errors">{one.errors ? share(one.errors / one.calls) : "0"}</td>
                <td class="n" data-name="median">{duration(one.p50)}</td>
                <td class="n" data-name="p95">{duration(one.p95)}</td>
                <td data-name="impact">
                  <span class="impact">
                    <i class="tint-2" style={{ width: `${(100 * one.impact_seconds) / most}%` }} />
                  </span>
                </td>
                <td>
                  <Sparkline values={one.course} news={one.severity !== ""} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
