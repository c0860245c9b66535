// Traces to look at: a slow one above a usual one, on the same scale.
import { useState } from "preact/hooks";
import type { IncidentView, Waterfall as Trace } from "../document";
import { clock, duration, plural } from "../format";

interface Props {
  incident: IncidentView;
  culprit: string;
}

export function Waterfalls({ incident, culprit }: Props) {
  const [shown, show] = useState(0);
  const slow = incident.slow[shown];
  const usual = incident.usual[0];
  if (!slow) return null;
  const scale = Math.max(slow.duration_seconds, usual?.duration_seconds ?? 0, 1e-9);
  return (
    <div class="traces">
      <div class="panel-head">
        <h3>Traces to look at</h3>
        <p class="note">slow against usual, same scale</p>
        {incident.slow.length > 1 && (
          <div class="actions segmented" role="group" aria-label="Slow trace">
            {incident.slow.map((trace, at) => (
              <button key={trace.trace_id} type="button" aria-pressed={at === shown} onClick={() => show(at)}>
                {clock(Math.floor(trace.start_seconds / 60))} · {duration(answered(trace))}
              </button>
            ))}
          </div>
        )}
      </div>
      <div class="pair">
        <Waterfall trace={slow} kind="slow" scale={scale} culprit={culprit} />
        {usual && <Waterfall trace={usual} kind="usual" scale={scale} culprit={culprit} />}
      </div>
    </div>
  );
}

/** How long the caller waited: the root's duration. What goes on after the answer is drawn, but nobody waits for it. */
function answered(trace: Trace): number {
  return trace.rows[0]?.[4] ?? trace.duration_seconds;
}

function Waterfall({ trace, kind, scale, culprit }: { trace: Trace; kind: "slow" | "usual"; scale: number; culprit: string }) {
  return (
    <figure class={`waterfall ${kind}`}>
      <figcaption>
        <b>{kind}</b> {duration(answered(trace))} at {clock(Math.floor(trace.start_seconds / 60))} UTC{" "}
        <code>{trace.trace_id}</code>
      </figcaption>
      <ol>
        {trace.rows.map(([service, name, depth, offset, seconds, failed], at) => (
          <li key={at} title={`${service} ${name}: ${duration(seconds)}, begins after ${duration(offset)}`}>
            <span class="wf-name" style={{ paddingLeft: `${Math.min(depth, 8) * 10}px` }}>
              <b>{service}</b> {name}
            </span>
            <span class="wf-lane">
              <i
                class={service === culprit ? "tint-news" : "tint-2"}
                style={{ left: `${(100 * offset) / scale}%`, width: `max(2px, ${(100 * seconds) / scale}%)` }}
              />
            </span>
            <span class="wf-time">
              {failed && "failed "}
              {duration(seconds)}
            </span>
          </li>
        ))}
      </ol>
      {trace.hidden > 0 && <p class="quiet">and {plural(trace.hidden, "shorter span")}</p>}
    </figure>
  );
}
