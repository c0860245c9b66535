// How long calls take: a histogram on a logarithmic scale, usual minutes beside anomalous ones.
import type { Distribution as Bins, Document } from "../document";
import { duration, plural, setting, share as shareText } from "../format";
import { decades, middle, PER_DOUBLING, sum } from "../geometry";
import { selected } from "../state";
import { useWidth } from "../width";
import { OperationSelect } from "./OperationSelect";
import { Empty, Panel } from "./Panel";

const HEIGHT = 372;
const FOOT = 22;

export function Distribution({ report }: { report: Document }) {
  const one = report.series[selected.value];
  const bins = one?.distribution;
  const total = bins ? sum(bins.usual) + sum(bins.unusual) : 0;
  if (!one || !bins || !total) {
    return (
      <Panel id="distribution" title="Distribution of durations">
        <Empty>No call was seen.</Empty>
      </Panel>
    );
  }
  return (
    <Panel
      id="distribution"
      title="Distribution of durations"
      actions={<OperationSelect series={report.series} id="distribution-operation" />}
    >
      <ul class="legend">
        <li>
          <i class="key tint-2 block" /> usual minutes, {plural(sum(bins.usual), "call")}
        </li>
        {sum(bins.unusual) > 0 && (
          <li>
            <i class="key outline" /> anomalous minutes, {plural(sum(bins.unusual), "call")}
          </li>
        )}
      </ul>
      <Histogram bins={bins} name={`${one.service_name} ${one.span_name}`} />
    </Panel>
  );
}

function Histogram({ bins, name }: { bins: Bins; name: string }) {
  const [host, width] = useWidth<HTMLDivElement>(560);
  const count = bins.usual.length;
  const usual = shares(bins.usual);
  const unusual = shares(bins.unusual);
  const highest = Math.max(...usual, ...unusual, 1e-9);
  const plot = HEIGHT - FOOT;
  const step = width / count;
  const y = (share: number) => plot - (share / highest) * (plot - 8);
  const outline = unusual.map((share, at) => `L${(at * step).toFixed(1)} ${y(share).toFixed(1)}H${((at + 1) * step).toFixed(1)}`).join("");
  const upper = (at: number) => 2 ** ((bins.first + at + 1) / PER_DOUBLING);
  const x = (seconds: number) => (Math.log2(seconds) * PER_DOUBLING - bins.first) * step;
  const medianOf = (counts: number[]) => upper(middle(counts));
  const told = `Durations of ${name}: usually about ${duration(medianOf(bins.usual))}${sum(bins.unusual) ? `, in anomalous minutes about ${duration(medianOf(bins.unusual))}` : ""}.`;
  return (
    <div ref={host}>
      <svg class="histogram" viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={told}>
        {usual.map((share, at) => (
          <rect key={at} class="bar" x={at * step + 0.5} width={Math.max(step - 1, 0.5)} y={y(share)} height={plot - y(share)}>
            <title>{`up to ${duration(upper(at))}: ${shareText(share)} of usual calls, ${shareText(unusual[at] ?? 0)} of anomalous`}</title>
          </rect>
        ))}
        {sum(bins.unusual) > 0 && <path class="outline" d={`M0 ${plot}${outline}V${plot}`} />}
        <line class="axis" x1="0" x2={width} y1={plot} y2={plot} />
        {decades(bins.first, count).map((seconds) => (
          <g key={seconds}>
            <line class="axis" x1={x(seconds)} x2={x(seconds)} y1={plot} y2={plot + 4} />
            <text x={x(seconds)} y={HEIGHT - 4} text-anchor="middle">
              {setting(seconds)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

function shares(counts: number[]): number[] {
  const total = sum(counts);
  return counts.map((count) => (total ? count / total : 0));
}
