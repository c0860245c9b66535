// Traces to look at as a table, each with where its time went; and the pair as waterfalls below.
import type { IncidentView, Waterfall } from "../document";
import { clock, duration } from "../format";
import { ownTimes } from "../geometry";
import { compareLink, traceLink } from "../live/links";
import { Panel, Scroll } from "./Panel";
import { Shape } from "./Status";
import { Waterfalls } from "./Waterfall";

interface Props {
  incident: IncidentView;
  culprit: string;
  links: Record<string, string>;
}

export function Traces({ incident, culprit, links }: Props) {
  const usual = incident.usual[0];
  const all: [Waterfall, boolean][] = [...incident.slow.map((trace) => [trace, true] as [Waterfall, boolean]), ...incident.usual.map((trace) => [trace, false] as [Waterfall, boolean])];
  const longest = Math.max(...all.map(([trace]) => answered(trace)), 1e-9);
  const linked = traceLink(links, "") !== null;
  return (
    <Panel id="traces" title="Traces to look at" note={`${incident.slow.length} slow, ${incident.usual.length} usual`}>
      <Scroll label="Traces to look at">
        <table>
          <thead>
            <tr>
              <th scope="col">Trace</th>
              <th scope="col">Time</th>
              <th scope="col" class="n">Duration</th>
              <th scope="col">Longest own time</th>
              {linked && <th scope="col">Elsewhere</th>}
            </tr>
          </thead>
          <tbody>
            {all.map(([trace, slow]) => {
              const [name, seconds] = ownTimes(trace.rows)[0] ?? ["", 0];
              const compare = slow && usual ? compareLink(links, trace.trace_id, usual.trace_id) : null;
              return (
                <tr key={trace.trace_id}>
                  <th scope="row">
                    <Shape status={slow ? incident.severity : ""} quiet /> <code title={trace.trace_id}>{trace.trace_id.slice(0, 8)}</code>
                    <span class="sr">{slow ? "slow" : "usual"}</span>
                  </th>
                  <td>{clock(Math.floor(trace.start_seconds / 60))}</td>
                  <td class="n strong">{duration(answered(trace))}</td>
                  <td class="lane-cell">
                    <span class="lane">
                      <i class={name === culprit ? "tint-news" : "tint-2"} style={{ width: `${(100 * seconds) / longest}%` }} />
                    </span>{" "}
                    {name} {duration(seconds)}
                  </td>
                  {linked && (
                    <td>
                      <a href={traceLink(links, trace.trace_id) ?? ""} target="_blank" rel="noreferrer">
                        open ↗
                      </a>
                      {compare && (
                        <>
                          {" "}
                          <a href={compare} target="_blank" rel="noreferrer">
                            compare with usual ↗
                          </a>
                        </>
                      )}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <details class="waterfalls">
        <summary>Show as waterfalls</summary>
        <Waterfalls incident={incident} culprit={culprit} />
      </details>
    </Panel>
  );
}

function answered(trace: Waterfall): number {
  return trace.rows[0]?.[4] ?? trace.duration_seconds;
}
