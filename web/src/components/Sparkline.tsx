// A line the height of a row; it begins at 80 % of its lowest value, gaps stay gaps.
interface Props {
  values: (number | null)[];
  news: boolean;
}

const WIDTH = 96;
const HEIGHT = 20;

export function Sparkline({ values, news }: Props) {
  const seen = values.filter((value): value is number => value !== null);
  if (seen.length < 2) return <span class="quiet">–</span>;
  const low = Math.min(...seen) * 0.8;
  const high = Math.max(...seen, low * 1.01 + 1e-12);
  let pen = "M";
  let path = "";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    const x = (at * WIDTH) / (values.length - 1);
    const y = HEIGHT - 1.5 - ((value - low) / (high - low)) * (HEIGHT - 3);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  });
  return (
    <svg class={news ? "spark news" : "spark"} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
