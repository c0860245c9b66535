// A chart over minutes: lines, a band, shaded spans and markers; its cursor and its zoom are shared with its neighbours.
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock, moment } from "../format";
import { colour, type Range, range, theme, unzoom } from "../state";
import type { Axis, Values } from "../series";
import { type Dot, drawBackground, drawDots, drawMarkers, type Mark, type Shade } from "./timeMarks";

export interface Line {
  values: Values;
  stroke: string; // a colour of the style sheet
  width: number;
  dash?: number[];
}

interface Props {
  label: string; // one sentence: what a reader who cannot see it should know
  minutes: number[];
  lines: Line[];
  band?: { lower: Values; upper: Values } | undefined;
  shades: Shade[];
  marks: Mark[];
  dots: Dot[];
  axis: Axis;
  height: number;
  ticks: (values: number[]) => string[];
  onCursor: (minute: number | null) => void;
}

const SYNC = "minutes";
const MOST_ABOVE_MEASURED = 1.5;
const MOST_DOTS = 60;
const MINUTE = 60;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10_080, 43_200].map((minutes) => minutes * MINUTE);

export function TimeChart(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    return effect(() => {
      void theme.value; // colours are read when the chart is made
      chart.current?.destroy();
      const made = make(element, props);
      chart.current = made;
      const follow = effect(() => zoom(made, props.axis, range.value));
      const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: props.height }));
      watch.observe(element);
      return () => {
        watch.disconnect();
        follow();
        made.destroy();
        chart.current = null;
      };
    });
  }, [props.minutes, props.lines]);
  const move = (event: KeyboardEvent) => {
    if (chart.current && step(chart.current, event)) event.preventDefault();
  };
  return (
    <div
      ref={host}
      class="timechart"
      style={{ height: `${props.height}px` }}
      role="img"
      aria-label={props.label}
      tabIndex={0}
      onKeyDown={move}
    />
  );
}

function make(element: HTMLElement, props: Props): uPlot {
  const { minutes, lines, band } = props;
  const seconds = minutes.map((minute) => minute * 60);
  const [low, high] = shownRange(props.axis, range.peek());
  const ceiling = ceilingOf(lines);
  const bandColumns = band ? [band.upper, band.lower] : [];
  const axis = {
    stroke: () => colour("ink3"),
    font: "11px Inter, system-ui, sans-serif",
    grid: { stroke: () => colour("line"), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: element.clientWidth,
    height: props.height,
    legend: { show: false },
    padding: [14, 8, 0, 0],
    cursor: {
      sync: { key: SYNC, scales: ["x", null] },
      drag: { x: true, y: false, setScale: true },
      points: { size: 7, fill: (chart, at) => strokeOf(chart, at) },
      bind: { dblclick: () => () => (unzoom(), null) },
    },
    scales: { x: { time: true, auto: false, min: low * 60, max: high * 60 }, y: { range: (_chart, _low, high) => [0, Math.min(high > 0 ? high * 1.08 : 1, ceiling)] } },
    axes: [
      { ...axis, incrs: STEPS, grid: { show: false }, size: 26, gap: 6, space: 64, values: (_chart, splits, _at, _space, step) => splits.map((at) => timeTick(at, step)) },
      { ...axis, size: 62, gap: 8, space: 34, values: (_chart, splits) => props.ticks(splits) },
    ],
    tzDate: (stamp) => uPlot.tzDate(new Date(stamp * 1e3), "Etc/UTC"),
    series: [
      {},
      ...bandColumns.map(() => ({ stroke: "transparent", width: 0, points: { show: false } })),
      ...lines.map((line) => ({
        stroke: () => colour(line.stroke),
        width: line.width,
        points: { show: fewPoints, filter: lonePoints, size: 4, width: 0, fill: () => colour(line.stroke) },
        ...(line.dash ? { dash: line.dash } : {}),
      })),
    ],
    bands: band ? [{ series: [1, 2], fill: () => colour("band") }] : [],
    hooks: {
      drawClear: [(chart) => drawBackground(chart, props.shades, props.axis.cutoff)],
      draw: [
        (chart) => {
          drawMarkers(chart, props.marks, props.axis.cutoff);
          drawDots(chart, props.dots);
        },
      ],
      setCursor: [(chart) => props.onCursor(chart.cursor.idx == null ? null : (minutes[chart.cursor.idx] ?? null))],
      setScale: [(chart, key) => key === "x" && share(chart, props.axis)],
    },
  };
  // The host is the image with a name; what uPlot draws inside has nothing more to say to a screen reader.
  return new uPlot(options, [seconds, ...bandColumns, ...lines.map((line) => line.values)] as uPlot.AlignedData, element);
}

/** Few points are dots on the line. */
function fewPoints(_chart: uPlot, _series: number, first: number, last: number): boolean {
  return last - first <= MOST_DOTS;
}

/** Of many, only those between two gaps, which no line would show. */
function lonePoints(chart: uPlot, series: number, shown: boolean): number[] | null {
  const values = chart.data[series];
  if (shown || !values) return null;
  const found: number[] = [];
  for (let at = 0; at < values.length; at++) {
    if (values[at] != null && values[at - 1] == null && values[at + 1] == null) found.push(at);
  }
  return found;
}

/** A forecast that runs away must not press what was measured flat. */
function ceilingOf(lines: Line[]): number {
  const measured = lines.filter((line) => !line.dash).flatMap((line) => line.values);
  const highest = measured.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
  return highest > 0 ? MOST_ABOVE_MEASURED * highest : Infinity;
}

function strokeOf(chart: uPlot, at: number): string {
  const stroke = chart.series[at]?.stroke;
  return typeof stroke === "function" ? String(stroke(chart, at)) : "transparent";
}

function timeTick(seconds: number, step: number): string {
  return step >= 86_400 ? moment(seconds / 60).slice(5, 10) : clock(seconds / 60);
}

/** What the reader dragged becomes everybody's range; all of it becomes none. */
function share(chart: uPlot, axis: Axis): void {
  const { min, max } = chart.scales.x ?? {};
  if (min == null || max == null) return;
  const [low, high] = [Math.round(min / 60), Math.round(max / 60)];
  const all = low <= axis.start && high >= axis.end - 1;
  const now = range.peek();
  if (all ? now !== null : now?.[0] !== low || now[1] !== high) range.value = all ? null : [low, high];
}

function shownRange(axis: Axis, wanted: Range | null): Range {
  return wanted ?? [axis.start, Math.max(axis.end - 1, axis.start + 1)];
}

function zoom(chart: uPlot, axis: Axis, wanted: Range | null): void {
  const [low, high] = shownRange(axis, wanted);
  const { min, max } = chart.scales.x ?? {};
  if (min !== low * 60 || max !== high * 60) chart.setScale("x", { min: low * 60, max: high * 60 });
}

/** Arrow keys move the cursor by a point, with Shift by ten; Escape shows all again. */
function step(chart: uPlot, event: KeyboardEvent): boolean {
  if (event.key === "Escape") {
    unzoom();
    return true;
  }
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (by === undefined) return false;
  const xs = chart.data[0];
  const { min = 0, max = 0 } = chart.scales.x ?? {};
  const from = chart.cursor.idx ?? (by > 0 ? xs.findIndex((x) => x >= (min ?? 0)) - 1 : xs.length);
  const to = Math.min(Math.max(from + by * (event.shiftKey ? 10 : 1), 0), xs.length - 1);
  const x = xs[to] ?? 0;
  if (x < (min ?? 0) || x > (max ?? 0)) return true;
  chart.setCursor({ left: chart.valToPos(x, "x"), top: 20 });
  return true;
}
