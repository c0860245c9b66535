// A line the height of a row; it begins at 80 % of its lowest value, gaps stay gaps, and what is news is thick and orange.
interface Props {
  values: (number | null)[];
  news: boolean | number; // the whole line, none of it, or from this position on
  until?: number; // where the news ends
  band?: [lower: number, upper: number] | null; // what was expected
}

const WIDTH = 96;
const HEIGHT = 20;

export function Sparkline({ values, news, until, band }: Props) {
  const seen = values.filter((value): value is number => value !== null);
  if (seen.length < 2) return <span class="quiet">–</span>;
  const low = Math.min(...seen, band?.[0] ?? Infinity) * 0.8;
  const high = Math.max(...seen, band?.[1] ?? 0, low * 1.01 + 1e-12);
  const x = (at: number) => (at * WIDTH) / (values.length - 1);
  const y = (value: number) => HEIGHT - 1.5 - ((value - low) / (high - low)) * (HEIGHT - 3);
  const line = (first: number, last: number) => {
    let pen = "M";
    let path = "";
    for (let at = first; at < last; at++) {
      const value = values[at];
      if (value == null) {
        pen = "M";
        continue;
      }
      path += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
    return path;
  };
  const part = typeof news === "number";
  const end = Math.min(until ?? values.length, values.length);
  return (
    <svg class={news === true ? "spark news" : "spark"} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      {band && <rect class="spark-band" x="0" width={WIDTH} y={y(band[1])} height={Math.max(y(band[0]) - y(band[1]), 1)} />}
      <path d={line(0, values.length)} />
      {part && <path class="spark-news" d={line(Math.max(news - 1, 0), end)} />}
    </svg>
  );
}
