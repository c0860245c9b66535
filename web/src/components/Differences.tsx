// What the slow calls of a service have in common that its usual calls have not; what does not differ is said too.
import { share } from "../format";
import { apiAddress, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { Empty, Panel } from "./Panel";

type Answer = components["schemas"]["CompareAnswer"];
type Row = Answer["rows"][number];

const MOST = 8;

interface Props {
  service: string;
  window: { from: string; to: string };
}

export function Differences({ service, window }: Props) {
  const { data } = useAnswer<Answer>(apiAddress(`services/${encodeURIComponent(service)}/compare`, window));
  if (!data || !data.slow_calls || !data.usual_calls) return null; // nothing to compare is no news
  const different = data.rows.filter((row) => row.differs).slice(0, MOST);
  const same = [...new Set(data.rows.filter((row) => !data.rows.some((other) => other.attribute === row.attribute && other.differs)).map((row) => row.attribute))];
  const note = data.slow_calls > 0 && `${data.slow_calls} slow calls of ${service} against ${data.usual_calls} usual ones`;
  return (
    <Panel id="differences" title="What differs" note={note}>
      {different.length > 0 ? <Table rows={different} /> : <Empty>Nothing that the spans say sets the slow calls apart.</Empty>}
      {different.length > 0 && same.length > 0 && <p class="note">No clear difference in {same.slice(0, MOST).join(", ")}.</p>}
      {different.length === 0 && same.length > 0 && <p class="note">Looked at: {same.slice(0, MOST).join(", ")}.</p>}
    </Panel>
  );
}

function Table({ rows }: { rows: Row[] }) {
  return (
    <table class="differences">
      <thead>
        <tr>
          <th scope="col">Attribute</th>
          <th scope="col" class="n">Slow</th>
          <th scope="col" class="n">Usual</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={`${row.attribute} ${row.value}`}>
            <th scope="row" class="wrap">
              <span class="quiet">{row.attribute}</span> <b>{row.value}</b>
            </th>
            <td class="n strong">{share(row.slow_share)}</td>
            <td class="n">{share(row.usual_share)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
