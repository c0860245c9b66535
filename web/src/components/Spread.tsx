// How it spread: one strip a service, darker the further above its forecast its median, p95 or errors were.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Spread as Heat } from "../document";
import { length, period, timeTicks } from "../format";
import { runsOf, type Run } from "../geometry";
import { Empty, Panel } from "./Panel";

const LEVELS = ["inside", "a little above", "above", "well above", "far above"];
const NUMBERS: Record<string, string> = { m: "median", p: "p95", e: "errors" };
const TICKS = 8;
const LEAST_DRAG = 0.005; // of the width; less is a click

interface Props {
  spread: Heat | null;
  start: number; // the minute of the first cell
  onSelect?: (first: number, last: number) => void; // minutes that the reader dragged over
  hrefOf?: (name: string) => string;
}

export function Spread({ spread, start, onSelect, hrefOf }: Props) {
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
  const note = `the furthest of median, p95 and errors, in widths of the expected range above it; ${length(per)} a cell; blank where there is nothing to compare${onSelect ? "; drag to select a window" : ""}`;
  return (
    <Panel id="spread" title="How it spread" note={note} actions={key}>
      <Selectable start={start} end={end} onSelect={onSelect}>
        {spread.service_names.map((name, row) => (
          <Strip key={name} name={name} cells={spread.cells[row] ?? ""} by={spread.by[row] ?? ""} start={start} per={per} href={hrefOf?.(name)} />
        ))}
        <span />
        <div class="heat-axis" aria-hidden="true">
          {timeTicks(start, end, TICKS).map(({ minute, label }) => (
            <span key={minute} style={{ left: `${(100 * (minute - start)) / (end - start)}%` }}>
              {label}
            </span>
          ))}
        </div>
      </Selectable>
    </Panel>
  );
}

interface SelectableProps {
  start: number;
  end: number;
  onSelect: ((first: number, last: number) => void) | undefined;
  children: ComponentChildren;
}

/** Takes the reader's drag over the strips; the range can be chosen by keyboard in the bar at the top. */
function Selectable({ start, end, onSelect, children }: SelectableProps) {
  const [dragged, drag] = useState<[number, number] | null>(null);
  const lane = useRef<DOMRect | null>(null);
  const at = (event: PointerEvent) => {
    const box = lane.current;
    return box ? Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) : 0;
  };
  const begin = (event: PointerEvent & { currentTarget: Element }) => {
    const strip = (event.target as Element).closest("svg");
    if (!onSelect || !strip || event.pointerType === "touch" || event.button) return; // a finger scrolls the page
    lane.current = strip.getBoundingClientRect();
    event.currentTarget.setPointerCapture(event.pointerId);
    drag([at(event), at(event)]);
  };
  const done = () => {
    drag(null);
    if (!dragged) return;
    const [low, high] = [Math.min(...dragged), Math.max(...dragged)];
    const [first, last] = [Math.floor(start + low * (end - start)), Math.ceil(start + high * (end - start))];
    if (high - low > LEAST_DRAG) onSelect?.(first, Math.max(last, first + 1));
  };
  const [low, high] = dragged ? [Math.min(...dragged), Math.max(...dragged)] : [0, 0];
  return (
    <div
      class={onSelect ? "heat selectable" : "heat"}
      onPointerDown={begin}
      onPointerMove={(event) => dragged && drag([dragged[0], at(event)])}
      onPointerUp={done}
      onPointerCancel={() => drag(null)}
    >
      {children}
      {dragged && (
        <div class="heat-drag">
          <i style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />
        </div>
      )}
    </div>
  );
}

const numberOf = (run: Run) => (NUMBERS[run.by] ? ` (${NUMBERS[run.by]})` : "");

interface StripProps {
  name: string;
  cells: string;
  by: string;
  start: number;
  per: number;
  href: string | undefined;
}

function Strip({ name, cells, by, start, per, href }: StripProps) {
  const runs = runsOf(cells, by);
  const hot = runs.filter((run) => run.level > 1);
  const when = (run: Run) => period(start + run.first * per, start + run.last * per);
  const told = hot.length ? `above its range ${hot.slice(0, 5).map((run) => when(run) + numberOf(run)).join(", ")}` : "inside its range";
  return (
    <>
      <span class={hot.length ? "heat-name" : "heat-name quiet"} title={name}>{href ? <a href={href}>{name}</a> : name}</span>
      <svg viewBox={`0 0 ${cells.length} 1`} preserveAspectRatio="none" role="img" aria-label={`${name}: ${told}`}>
        {runs.map(
          (run) =>
            run.level >= 0 && (
              <rect key={run.first} class={`heat-${run.level}`} x={run.first} width={run.last - run.first} height="1">
                {run.level > 0 && <title>{`${when(run)}: ${LEVELS[run.level]}${numberOf(run)}`}</title>}
              </rect>
            ),
        )}
      </svg>
    </>
  );
}
