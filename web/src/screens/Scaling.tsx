// How many replicas, which timeouts: every service in one table, with the reason in each row.
import { useMemo } from "preact/hooks";
import { Advice } from "../components/Advice";
import { Empty, Panel, Scroll } from "../components/Panel";
import { loadOf, WhatIf } from "../components/WhatIf";
import { Loading, Trouble } from "../components/Trouble";
import { duration, durations, number, percent, sentence } from "../format";
import { asked, go, href } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { rowId, useChosen } from "../live/chosen";
import { useTitle } from "../live/title";
import { adviceViews } from "../live/views";
import type { components } from "../live/api";

type Item = components["schemas"]["ScalingItem"];

const MOST_BUSY = 0.8; // of its slots, as the server's own default

export function Scaling() {
  const load = loadOf(asked("load"));
  const { data, problem } = useAnswer<Item[]>(apiAddress("scaling", { load: load === 1 ? "" : load }));
  const ids = useMemo(() => data?.map((one) => one.service_name) ?? null, [data]);
  const chosen = useChosen(ids, (name) => go(href(["services", name])));
  useTitle("Scaling");
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={400} />;
  const rest = data.flatMap((one) => adviceViews(one.advice)).filter((one) => one.knob !== "replicas");
  return (
    <>
      <h1 class="sr">Scaling</h1>
      {problem && <Trouble problem={problem} stale />}
      <WhatIf />
      <Replicas items={data} chosen={chosen} load={data[0]?.at_load?.load ?? 1} />
      <Advice advice={rest} title="Timeouts, retries and the other knobs" />
    </>
  );
}

interface Column {
  head: string;
  name: string; // on a phone, before the value
  text: (one: Item) => string;
}

const SEEN: Column[] = [
  { head: "In flight", name: "in flight", text: (one) => met(one, one.busy_mean) },
  { head: "At its peak", name: "peak", text: (one) => met(one, one.busy_peak) },
  { head: "Calls /s", name: "calls", text: (one) => met(one, one.calls_per_second) },
  { head: "Forecast /s", name: "forecast", text: (one) => number(one.forecast_calls_per_second) },
];

function then(load: number): Column[] {
  return [
    { head: "p95 now", name: "p95 now", text: ({ at_load: at }) => duration(at?.p95_now ?? null) },
    { head: `p95 at ${number(load)}×`, name: "p95 then", text: ({ at_load: at }) => p95Then(at) },
    { head: "Busy", name: "busy", text: ({ at_load: at }) => percent(at?.busy ?? null) },
    { head: `For ${percent(MOST_BUSY)}`, name: "for 80 %", text: ({ at_load: at }) => number(at?.replicas ?? null) },
    { head: "Limit", name: "limit", text: ({ at_load: at }) => (at?.limit == null ? "–" : `${number(at.limit, 2)}× load`) },
  ];
}

function p95Then(at: Item["at_load"]): string {
  if (at?.p95 == null) return "–";
  return `${duration(at.p95)} (${durations(at.p95_lower, at.p95_upper)})`;
}

function Replicas({ items, chosen, load }: { items: Item[]; chosen: string; load: number }) {
  const csv = (
    <a class="button" href={apiAddress("scaling", { load: load === 1 ? "" : load, format: "csv" })} download="scaling.csv">
      CSV
    </a>
  );
  const asks = load !== 1;
  const columns = asks ? then(load) : SEEN;
  const note = asks ? `advised for the forecast load; the other columns at ${number(load)}× the busiest minutes seen` : "for the forecast load";
  return (
    <Panel id="replicas" title="Replicas" note={note} actions={csv}>
      {items.length ? (
        <Scroll label="Replicas">
          <table class="scaling cards inline">
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col" class="n">Now</th>
                <th scope="col" class="n">Advised</th>
                {columns.map(({ head }) => (
                  <th key={head} scope="col" class="n">{head}</th>
                ))}
                <th scope="col">Confidence</th>
                <th scope="col">Reason</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.service_name} id={rowId(one.service_name)} class={`${one.action} ${one.service_name === chosen ? "chosen" : ""}`}>
                  <th scope="row">
                    <a href={href(["services", one.service_name])}>{one.service_name}</a>
                  </th>
                  <td class="n" data-name="now">{one.replicas === null ? "?" : number(one.replicas)}</td>
                  <td class="n strong" data-name="advised">{advised(one)}</td>
                  {columns.map(({ head, name, text }) => (
                    <td key={head} class="n" data-name={name}>{text(one)}</td>
                  ))}
                  <td data-name="confidence">{one.confidence || "–"}</td>
                  <td class="wrap reason">{(asks && one.at_load?.missing && sentence(one.at_load.missing)) || reasonOf(one)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>Nothing is known about replicas yet.</Empty>
      )}
    </Panel>
  );
}

/** A number of what was seen; nothing was seen of a service that only advice is about. */
function met(one: Item, value: number): string {
  return number(one.replicas === null && one.calls_per_second === 0 ? null : value);
}

function reasonOf(one: Item): string {
  const own = one.advice.find((each) => each.knob === "replicas");
  const reason = own?.reasons[0] ?? own?.unlock ?? "";
  return reason && sentence(reason);
}

function advised(one: Item): string {
  if (one.action === "cannot_say") return "cannot say";
  if (one.advised === null) return "–";
  const range = one.advised_lower !== null && one.advised_upper !== null && one.advised_lower !== one.advised_upper ? ` (${number(one.advised_lower)}–${number(one.advised_upper)})` : "";
  return `${one.action === "keep" ? "keep " : ""}${number(one.advised)}${range}`;
}
