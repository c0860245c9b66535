// Where the time goes: each service's own time on the critical path of one root operation, over time.
import { decode } from "../columns";
import { culpritFor } from "../culprit";
import type { Document, OwnTime as Stacks } from "../document";
import { duration, durationTicks, length, moment, share, timeTicks } from "../format";
import { selected } from "../state";
import { OperationSelect } from "./OperationSelect";
import { Empty, Panel, Scroll } from "./Panel";
import { tintClass } from "./PathBars";

const WIDTH = 560;
const HEIGHT = 150;
const LEFT = 52;
const FOOT = 20;
const LINES = 3;

export function OwnTime({ report }: { report: Document }) {
  const one = report.series[selected.value];
  const stacks = one?.own_time;
  const select = <OperationSelect series={report.series} id="own-time-operation" />;
  if (!one || !stacks) {
    return (
      <Panel id="own-time" title="Own time on the critical path" actions={one && select}>
        <Empty>
          {one
            ? "No trace begins with this operation. Choose one that users call."
            : "No whole trace was seen."}
        </Empty>
      </Panel>
    );
  }
  const total = stacks.total_seconds.reduce((sum, value) => sum + value, 0);
  const culprit = culpritFor(report, one);
  const others = stacks.service_names.filter((name) => name !== culprit);
  const tint = (name: string) => tintClass(name, others.indexOf(name), name !== "" && name === culprit);
  return (
    <Panel
      id="own-time"
      title="Own time on the critical path"
      actions={select}
    >
      <p class="note">Mean of all its traces, {length(stacks.minutes_per_bin)} a bar</p>
      <Stack stacks={stacks} tint={tint} report={report} name={`${one.service_name} ${one.span_name}`} />
      <Scroll label="Own time by service">
        <table>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col" class="n">Own time</th>
              <th scope="col" class="n">Share</th>
            </tr>
          </thead>
          <tbody>
            {stacks.service_names.map((name, at) => (
              <tr key={name}>
                <th scope="row">
                  <i class={`swatch ${tint(name)}`} /> {name || "all others"}
                </th>
                <td class="n">{duration(stacks.total_seconds[at] ?? null)}</td>
                <td class="n">{share((stacks.total_seconds[at] ?? 0) / (total || 1))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

interface StackProps {
  stacks: Stacks;
  tint: (name: string) => string;
  report: Document;
  name: string;
}

function Stack({ stacks, tint, report, name }: StackProps) {
  const columns = stacks.seconds.map(decode);
  const bins = columns[0]?.length ?? 0;
  const sums = Array.from({ length: bins }, (_, at) => columns.reduce((sum, column) => sum + (column[at] ?? 0), 0));
  const highest = Math.max(...sums, 1e-9);
  const plot = HEIGHT - FOOT;
  const width = (WIDTH - LEFT) / Math.max(bins, 1);
  const y = (seconds: number) => plot - (seconds / highest) * (plot - 8);
  const levels = niceLevels(highest);
  const labels = durationTicks(levels);
  const minute = (at: number) => report.start_minute + at * stacks.minutes_per_bin;
  const ticks = timeTicks(report.start_minute, minute(bins), 6);
  const x = (at: number) => LEFT + ((at - report.start_minute) / stacks.minutes_per_bin) * width;
  return (
    <svg class="stack-chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Own time on the critical path of ${name} by service over time; the table below sums it up.`}>
      {levels.map((level, at) => (
        <g key={level}>
          <line class="grid" x1={LEFT} x2={WIDTH} y1={y(level)} y2={y(level)} />
          <text x={LEFT - 8} y={y(level) + 4} text-anchor="end">
            {labels[at]}
          </text>
        </g>
      ))}
      {sums.map((sum, at) => {
        let base = 0;
        return (
          <g key={at}>
            <title>{`${moment(minute(at))}: ${duration(sum)}`}</title>
            {columns.map((column, row) => {
              const value = column[at] ?? 0;
              base += value;
              return (
                <rect key={row} class={tint(stacks.service_names[row] ?? "")} x={LEFT + at * width} width={Math.max(width - 0.75, 0.5)} y={y(base)} height={Math.max(y(base - value) - y(base), 0)} />
              );
            })}
          </g>
        );
      })}
      {ticks.map((tick) => (
        <text key={tick.minute} x={x(tick.minute)} y={HEIGHT - 4} text-anchor={tick.minute === report.start_minute ? "start" : "middle"}>
          {tick.label}
        </text>
      ))}
    </svg>
  );
}

/** Round values from 0 towards the highest. */
export function niceLevels(highest: number): number[] {
  const rough = highest / LINES;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((value) => value >= rough) ?? rough;
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, at) => at * step);
}
