// Operations by impact: how often times how long.
import { useMemo, useState } from "preact/hooks";
import { decode } from "../columns";
import type { Document, OperationRow } from "../document";
import { duration, number, share } from "../format";
import { selected } from "../state";
import { Empty, Panel, Scroll } from "./Panel";
import { Sparkline } from "./Sparkline";
import { Shape } from "./Status";

const FEW = 12;

export function Operations({ report }: { report: Document }) {
  const [all, showAll] = useState(false);
  const rows = report.operations;
  if (!rows.length) {
    return (
      <Panel id="operations" title="Operations by impact">
        <Empty>No operation was seen.</Empty>
      </Panel>
    );
  }
  const shown = all ? rows : rows.slice(0, FEW);
  const most = rows[0]?.impact_seconds || 1;
  return (
    <Panel id="operations" title="Operations by impact" note="calls × p95, over the whole time">
      <Scroll label="Operations by impact">
        <table class="operations">
          <thead>
            <tr>
              <th scope="col">Operation</th>
              <th scope="col" class="n">Calls</th>
              <th scope="col" class="n">Errors</th>
              <th scope="col" class="n">Median</th>
              <th scope="col" class="n">p95</th>
              <th scope="col">Impact</th>
              <th scope="col">p95 over time</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={`${row.service_name} ${row.span_name}`} row={row} most={most} report={report} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > FEW && (
        <button type="button" onClick={() => showAll(!all)} aria-expanded={all}>
          {all ? "Show fewer" : `Show all ${rows.length}`}
        </button>
      )}
      {all && report.operation_count > rows.length && (
        <p class="quiet">
          The {rows.length} of greatest impact, of {report.operation_count} operations.
        </p>
      )}
    </Panel>
  );
}

function Row({ row, most, report }: { row: OperationRow; most: number; report: Document }) {
  const at = report.series.findIndex((one) => one.service_name === row.service_name && one.span_name === row.span_name);
  const spark = useMemo(() => decode(row.spark), [row]);
  const name = (
    <>
      <b>{row.service_name}</b> {row.span_name}
    </>
  );
  return (
    <tr>
      <th scope="row" title={`${row.service_name} ${row.span_name}`}>
        <Shape status={row.severity} />{" "}
        {at < 0 ? (
          name
        ) : (
          <a href="#durations" onClick={() => (selected.value = at)}>
            {name}
          </a>
        )}
      </th>
      <td class="n">{row.calls.toLocaleString("en-GB")}</td>
      <td class="n">{row.errors ? share(row.errors / row.calls) : "0"}</td>
      <td class="n">{duration(row.p50)}</td>
      <td class="n">{duration(row.p95)}</td>
      <td>
        <span class="impact">
          <i class="tint-2" style={{ width: `${(100 * row.impact_seconds) / most}%` }} />
        </span>
        <span class="sr">{number(row.impact_seconds)} seconds</span>
      </td>
      <td>
        <Sparkline values={spark} news={row.severity !== ""} />
      </td>
    </tr>
  );
}
