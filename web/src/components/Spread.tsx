// How it spread: one strip a service, darker the further above its forecast.
import type { Document } from "../document";
import { length, period, timeTicks } from "../format";
import { runsOf, type Run } from "../geometry";
import { Empty, Panel } from "./Panel";

const LEVELS = ["inside", "a little above", "above", "well above", "far above"];
const TICKS = 8;

export function Spread({ report }: { report: Document }) {
  const { spread, start_minute: start } = report;
  if (!spread || !spread.service_names.length) {
    return (
      <Panel id="spread" title="How it spread">
        <Empty>Without an expected range nothing can be above it. 30 minutes of traces are the least for one.</Empty>
      </Panel>
    );
  }
  const per = spread.minutes_per_cell;
  const cells = spread.cells[0]?.length ?? 1;
  const end = start + cells * per;
  const key = (
    <span class="heat-key" aria-hidden="true">
      inside
      {LEVELS.map((_, level) => (
        <i key={level} class={`heat-${level}`} />
      ))}
      far above
    </span>
  );
  return (
    <Panel id="spread" title="How it spread" note={`widths of the expected range above it, ${length(per)} a cell; blank where there is nothing to compare`} actions={key}>
      <div class="heat">
        {spread.service_names.map((name, row) => (
          <Strip key={name} name={name} cells={spread.cells[row] ?? ""} start={start} per={per} />
        ))}
        <span />
        <div class="heat-axis" aria-hidden="true">
          {timeTicks(start, end, TICKS).map(({ minute, label }) => (
            <span key={minute} style={{ left: `${(100 * (minute - start)) / (end - start)}%` }}>
              {label}
            </span>
          ))}
        </div>
      </div>
    </Panel>
  );
}

function Strip({ name, cells, start, per }: { name: string; cells: string; start: number; per: number }) {
  const runs = runsOf(cells);
  const hot = runs.filter((run) => run.level > 1);
  const when = (run: Run) => period(start + run.first * per, start + run.last * per);
  const told = hot.length ? `above its range ${hot.slice(0, 5).map(when).join(", ")}` : "inside its range";
  return (
    <>
      <span class={hot.length ? "heat-name" : "heat-name quiet"}>{name}</span>
      <svg viewBox={`0 0 ${cells.length} 1`} preserveAspectRatio="none" role="img" aria-label={`${name}: ${told}`}>
        {runs.map(
          (run) =>
            run.level >= 0 && (
              <rect key={run.first} class={`heat-${run.level}`} x={run.first} width={run.last - run.first} height="1">
                {run.level > 0 && <title>{`${when(run)}: ${LEVELS[run.level]}`}</title>}
              </rect>
            ),
        )}
      </svg>
    </>
  );
}
