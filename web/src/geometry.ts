// Where things go in a drawing: bins, marks, runs and curves; no document, no browser.

/** Bins of a distribution to a doubling, as in src/tracetune/sinks/document.py, Distribution. */
export const PER_DOUBLING = 8;

const COARSE = [1];
const MIDDLING = [1, 2, 5];
const FINE = [1, 1.5, 2, 3, 5, 7];
const [FEW_MARKS, MOST_MARKS] = [4, 8];
const LINES = 4;

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The bin that holds the median. */
export function middle(counts: number[]): number {
  const half = sum(counts) / 2;
  let soFar = 0;
  return Math.max(
    counts.findIndex((count) => (soFar += count) >= half),
    0,
  );
}

/** Round durations inside the scale: enough to read it by, few enough to be read. */
export function decades(first: number, count: number): number[] {
  const low = 2 ** (first / PER_DOUBLING);
  const high = 2 ** ((first + count) / PER_DOUBLING);
  const within = (steps: number[]) => {
    const found: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      found.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(2))));
    }
    return found.filter((value) => value > low * 1.08 && value < high / 1.08);
  };
  const middling = within(MIDDLING);
  if (middling.length > MOST_MARKS) return within(COARSE);
  return middling.length < FEW_MARKS ? within(FINE) : middling;
}

/** Round values from 0 towards the highest. */
export function niceLevels(highest: number): number[] {
  const rough = highest / LINES;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? rough;
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, at) => at * step);
}

export interface Run {
  first: number;
  last: number;
  level: number; // -1: not observed
  by: string; // the letter of the number that departed most; a blank where none did
}

/** Neighbouring cells of one level, by the same number. */
export function runsOf(cells: string, letters = ""): Run[] {
  const runs: Run[] = [];
  for (let at = 0; at < cells.length; at++) {
    const level = cells[at] === " " ? -1 : Number(cells[at]);
    const by = letters[at] ?? " ";
    const before = runs[runs.length - 1];
    if (before && before.level === level && before.by === by) before.last = at + 1;
    else runs.push({ first: at, last: at + 1, level, by });
  }
  return runs;
}

/** A smooth line through the points, level where it leaves and where it arrives. */
export function curve(points: [number, number][]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first[0]} ${first[1]}`;
  let [x, y] = first;
  for (const [toX, toY] of rest) {
    const bend = (toX - x) / 2;
    path += y === toY ? `H${toX}` : `C${x + bend} ${y} ${toX - bend} ${toY} ${toX} ${toY}`;
    [x, y] = [toX, toY];
  }
  return path;
}

interface Standing {
  service_name: string;
  x: number;
  y: number;
}

const DIRECTIONS: Record<string, [dx: number, dy: number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** The service next to another in the direction of an arrow key; null where there is none, or the key is no arrow. */
export function nearest(nodes: Standing[], from: string, key: string): string | null {
  const direction = DIRECTIONS[key];
  const start = nodes.find((node) => node.service_name === from);
  if (!direction || !start) return null;
  let [best, least] = [null as string | null, Infinity];
  for (const node of nodes) {
    const [x, y] = [node.x - start.x, node.y - start.y];
    const along = x * direction[0] + y * direction[1];
    const aside = Math.abs(x * direction[1]) + Math.abs(y * direction[0]);
    const far = along + 3 * aside; // straight on before near
    if (along > 0 && far < least) [best, least] = [node.service_name, far];
  }
  return best;
}

type Span = [service: string, name: string, depth: number, offset: number, seconds: number, failed: boolean];

/** Seconds that each service spent on its own in a trace, the most first: each span's time without its direct callees'. */
export function ownTimes(spans: Span[]): [service: string, seconds: number][] {
  const sums = new Map<string, number>();
  spans.forEach(([service, , depth, start, seconds], at) => {
    const below: [number, number][] = [];
    for (let next = at + 1; next < spans.length && spans[next]![2] > depth; next++) {
      const [, , deep, offset, took] = spans[next]!;
      if (deep === depth + 1) below.push([Math.max(offset, start), Math.min(offset + took, start + seconds)]);
    }
    sums.set(service, (sums.get(service) ?? 0) + seconds - covered(below));
  });
  return [...sums].sort((a, b) => b[1] - a[1]);
}

/** The length of the union of some stretches. */
function covered(stretches: [number, number][]): number {
  let [total, end] = [0, -Infinity];
  for (const [first, last] of stretches.sort((a, b) => a[0] - b[0])) {
    total += Math.max(last - Math.max(first, end), 0);
    end = Math.max(end, last);
  }
  return total;
}
