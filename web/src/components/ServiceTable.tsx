// Every service as a row: its status, how much it is called, how long it takes, and how that went.
import type { ComponentChildren } from "preact";
import { duration, number, share } from "../format";
import { href } from "../live/address";
import { rowId } from "../live/chosen";
import { statusOf } from "../live/statuses";
import type { ServiceItem } from "../live/views";
import { Empty, Panel, Scroll } from "./Panel";
import { Sparkline } from "./Sparkline";
import { isNews, Shape, wordOf } from "./Status";

interface Props {
  services: ServiceItem[];
  title: string;
  controls?: ComponentChildren;
  chosen?: string;
  wide?: boolean;
}

export function ServiceTable({ services, title, controls, chosen = "", wide = false }: Props) {
  return (
    <Panel id="services" title={title} note="those with news first, then by impact: calls × p95" actions={controls}>
      {services.length ? (
        <Scroll label={title} {...(wide ? {} : { height: 520 })}>
          <table class="services cards inline">
            <thead>
              <tr>
                <th scope="col">Service</th>
                {wide && <th scope="col">State</th>}
                <th scope="col" class="n">Calls /min</th>
                <th scope="col" class="n">Errors</th>
                <th scope="col" class="n">Median</th>
                <th scope="col" class="n">p95</th>
                {wide && <th scope="col" class="n">Replicas</th>}
                {wide && <th scope="col">Version</th>}
                <th scope="col">p95 over time</th>
              </tr>
            </thead>
            <tbody>
              {causesFirst(services).map((one) => (
                <Row key={one.service_name} one={one} chosen={one.service_name === chosen} wide={wide} />
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>No service was seen.</Empty>
      )}
    </Panel>
  );
}

/** The order in which the rows stand: the likely cause, then as the server ranked them. */
export function causesFirst(services: ServiceItem[]): ServiceItem[] {
  return [...services].sort((a, b) => Number(b.is_cause) - Number(a.is_cause));
}

function Row({ one, chosen, wide }: { one: ServiceItem; chosen: boolean; wide: boolean }) {
  const status = statusOf(one);
  return (
    <tr id={rowId(one.service_name)} class={chosen ? "chosen" : ""}>
      <th scope="row" title={one.service_name}>
        <Shape status={status} /> <a href={href(["services", one.service_name])}>{one.service_name}</a>
        {one.is_cause && <span class="cause-pill">likely cause</span>}
        {one.kind && <span class="quiet"> {one.kind.replaceAll("_", " ")}</span>}
      </th>
      {wide && <td data-name="state">{wordOf(status)}</td>}
      <td class="n" data-name="calls /min">{number(one.calls_per_minute)}</td>
      <td class="n" data-name="errors">{one.errors ? share(one.error_ratio) : "0"}</td>
      <td class="n" data-name="median">{duration(one.p50)}</td>
      <td class="n" data-name="p95">{duration(one.p95)}</td>
      {wide && <td class={one.replicas === null ? "n none" : "n"} data-name="replicas">{one.replicas === null ? "–" : number(one.replicas)}</td>}
      {wide && <td class={one.version ? "" : "none"} data-name="version">{one.version || "–"}</td>}
      <td class={one.course.some((value) => value !== null) ? "" : "none"}>
        <Sparkline values={one.course} news={isNews(status)} />
      </td>
    </tr>
  );
}
