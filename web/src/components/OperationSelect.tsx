// Chooses the operation that the charts show.
import type { OperationSeries } from "../document";
import { selected } from "../state";

export function OperationSelect({ series, id }: { series: OperationSeries[]; id: string }) {
  const option = (one: OperationSeries, at: number) => (
    <option key={at} value={at}>
      {one.service_name} {one.span_name}
    </option>
  );
  return (
    <label class="select" for={id}>
      <span class="sr">Operation</span>
      <select id={id} value={selected.value} onChange={(event) => (selected.value = Number(event.currentTarget.value))}>
        <optgroup label="What users call">{series.map((one, at) => one.is_root && option(one, at))}</optgroup>
        {series.some((one) => !one.is_root) && (
          <optgroup label="Inside">{series.map((one, at) => !one.is_root && option(one, at))}</optgroup>
        )}
      </select>
    </label>
  );
}
