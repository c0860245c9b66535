// Where the time goes: each service's own time on the critical path of one root operation, over time.
import { decode } from "../columns";
import { culpritFor } from "../culprit";
import type { Document, OwnTime as Stacks } from "../document";
import { duration, durationTicks, length, moment, share, timeTicks } from "../format";
import { niceLevels } from "../geometry";
import { selected } from "../state";
import { useWidth } from "../width";
import { OperationSelect } from "./OperationSelect";
import { Empty, Panel, Scroll } from "./Panel";
import { tintClass } from "./PathBars";

const HEIGHT = 190;
const LEFT = 52;
const FOOT = 20;

export function OwnTime({ report }: { report: Document }) {
  const one = report.series[selected.value];
  const culprit = one ? culpritFor(report, one) : "";
  const stacks = one?.own_time ? culpritFirst(one.own_time, culprit) : null;
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

/** The culprit stands on the ground line, where its change is easiest to see. */
function culpritFirst(stacks: Stacks, culprit: string): Stacks {
  const at = stacks.service_names.indexOf(culprit);
  if (!culprit || at <= 0) return stacks;
  const move = <Item,>(items: Item[]): Item[] => [...items.slice(at, at + 1), ...items.slice(0, at), ...items.slice(at + 1)];
  return {
    ...stacks,
    service_names: move(stacks.service_names),
    seconds: move(stacks.seconds),
    total_seconds: move(stacks.total_seconds),
  };
}

interface StackProps {
  stacks: Stacks;
  tint: (name: string) => string;
  report: Document;
  name: string;
}

function Stack({ stacks, tint, report, name }: StackProps) {
  const [host, full] = useWidth<HTMLDivElement>(560);
  const columns = stacks.seconds.map(decode);
  const bins = columns[0]?.length ?? 0;
  const sums = Array.from({ length: bins }, (_, at) => columns.reduce((sum, column) => sum + (column[at] ?? 0), 0));
  const highest = Math.max(...sums, 1e-9);
  const plot = HEIGHT - FOOT;
  const width = (full - LEFT) / Math.max(bins, 1);
  const y = (seconds: number) => plot - (seconds / highest) * (plot - 8);
  const levels = niceLevels(highest);
  const labels = durationTicks(levels);
  const minute = (at: number) => report.start_minute + at * stacks.minutes_per_bin;
  const ticks = timeTicks(report.start_minute, minute(bins), full / 80);
  const x = (at: number) => LEFT + ((at - report.start_minute) / stacks.minutes_per_bin) * width;
  return (
    <div ref={host}>
      <svg class="stack-chart" viewBox={`0 0 ${full} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={`Own time on the critical path of ${name} by service over time; the table below sums it up.`}>
        {levels.map((level, at) => (
          <g key={level}>
            <line class="grid" x1={LEFT} x2={full} y1={y(level)} y2={y(level)} />
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
    </div>
  );
}
