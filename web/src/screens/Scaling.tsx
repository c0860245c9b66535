// How many replicas, which timeouts: every service in one table, with the reason in each row.
import { useMemo } from "preact/hooks";
import { Advice } from "../components/Advice";
import { Empty, Panel, Scroll } from "../components/Panel";
import { WhatIf } from "../components/WhatIf";
import { Loading, Trouble } from "../components/Trouble";
import { number, sentence } from "../format";
import { go, href } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { rowId, useChosen } from "../live/chosen";
import { useTitle } from "../live/title";
import { adviceViews } from "../live/views";
import type { components } from "../live/api";

type Item = components["schemas"]["ScalingItem"];

export function Scaling() {
  const { data, problem } = useAnswer<Item[]>(apiAddress("scaling"));
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
      <Replicas items={data} chosen={chosen} />
      <Advice advice={rest} title="Timeouts, retries and the other knobs" />
    </>
  );
}

function Replicas({ items, chosen }: { items: Item[]; chosen: string }) {
  const csv = (
    <a class="button" href={apiAddress("scaling", { format: "csv" })} download="scaling.csv">
      CSV
    </a>
  );
  return (
    <Panel id="replicas" title="Replicas" note="for the forecast load" actions={csv}>
      {items.length ? (
        <Scroll label="Replicas">
          <table class="scaling cards">
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col" class="n">Now</th>
                <th scope="col" class="n">Advised</th>
                <th scope="col" class="n">In flight</th>
                <th scope="col" class="n">at its peak</th>
                <th scope="col" class="n">Calls /s</th>
                <th scope="col" class="n">Forecast /s</th>
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
                  <td class="n" data-name="in flight">{met(one, one.busy_mean)}</td>
                  <td class="n" data-name="peak">{met(one, one.busy_peak)}</td>
                  <td class="n" data-name="calls">{met(one, one.calls_per_second)}</td>
                  <td class="n" data-name="forecast">{number(one.forecast_calls_per_second)}</td>
                  <td data-name="confidence">{one.confidence || "–"}</td>
                  <td class="wrap reason">{reasonOf(one)}</td>
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
