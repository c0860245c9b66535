// What was noticed, sent and said about an incident, in order.
import type { components } from "../live/api";
import { minuteOf } from "../live/instants";
import { moment } from "../format";
import { Panel } from "./Panel";

export function Timeline({ moments, title }: { moments: components["schemas"]["Moment"][]; title: string }) {
  return (
    <Panel id="timeline" title={title} note="UTC">
      <ol class="timeline">
        {moments.map((one, at) => (
          <li key={at} class={one.kind}>
            <time dateTime={one.time}>{moment(minuteOf(one.time) ?? 0)}</time>
            <span class="tag">{one.kind}</span>
            <span>{one.text}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
