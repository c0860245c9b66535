// What if the load grew, or a service had other replicas? A slider and steppers; the answer with its interval, or why there is none.
import { useEffect, useState } from "preact/hooks";
import { duration, durations, number, percent, plural, sentence } from "../format";
import { ask, asked, href } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { formatReplicas, parseReplicas } from "../live/replicas";
import { Panel, Scroll } from "./Panel";
import { Shape } from "./Status";

type Schemas = components["schemas"];
type Answer = Schemas["WhatIf"];
type Outlook = Schemas["ServiceOutlook"];
type Latency = Schemas["Latency"];

const [LEAST, MOST, STEP] = [0.5, 3, 0.1];
const SETTLED_MS = 700; // without a change, before the long answer is asked for
const BUSY = 0.8; // above it a queue answers every gust with a wait

export function WhatIf() {
  const load = clamp(Number(asked("load") || "1"));
  const replicas = parseReplicas(asked("replicas"));
  const settled = useSettled(`${load} ${formatReplicas(replicas)}`);
  const seen = useAnswer<Answer>(address(1, new Map())).data;
  const quick = useAnswer<Answer>(address(load, replicas));
  const long = useAnswer<Answer>(settled ? address(load, replicas, true) : null);
  const isNow = (answer: Answer | null) => answer !== null && answer.ask.load === load && formatReplicas(new Map(Object.entries(answer.ask.replicas ?? {}))) === formatReplicas(replicas);
  const data = settled && isNow(long.data) ? long.data : isNow(quick.data) ? quick.data : null;
  const shown = data ?? quick.data;
  const problem = quick.problem;
  const set = (name: string, count: number) => ask({ replicas: formatReplicas(new Map([...replicas, [name, count]])) });
  const changed = load !== 1 || replicas.size > 0;
  const reset = changed && (
    <button type="button" onClick={() => ask({ load: "", replicas: "" })}>
      As it is
    </button>
  );
  return (
    <Panel id="whatif" title="What if" note="traces seen in healthy minutes, run again at another load" actions={reset}>
      <label class="slider">
        <span>
          Load <b>{number(load, 2)}×</b> <span class="note">the busiest minutes seen</span>
        </span>
        <input type="range" min={LEAST} max={MOST} step={STEP} value={load} onInput={(event) => ask({ load: event.currentTarget.value })} />
      </label>
      {problem ? (
        <p class="empty">
          {problem.detail || problem.title} {problem.hint && <span>{sentence(problem.hint)}</span>}
        </p>
      ) : shown ? (
        <div class={data ? "" : "old"} aria-live="polite">
          <p class="outcome">
            {shown.sentence}{" "}
            <span class="note">{shown.is_screened ? "A first look; the sure answer follows." : "Nine times in ten the truth lies inside the range."}</span>
          </p>
          <Endpoints answer={shown} />
          <Services answer={shown} seen={seen} replicas={replicas} set={set} />
          <Doubts answer={shown} />
        </div>
      ) : (
        <p class="quiet" aria-busy="true">
          Estimating queues from whole traces …
        </p>
      )}
    </Panel>
  );
}

function address(load: number, replicas: Map<string, number>, simulated = false): string {
  const base = apiAddress("whatif", { load, simulated: simulated ? "true" : "" });
  const each = [...replicas].map(([name, count]) => `&replicas=${encodeURIComponent(`${name}=${count}`)}`);
  return base + each.join("");
}

function clamp(load: number): number {
  return Number.isFinite(load) && load > 0 ? Math.min(Math.max(load, LEAST), MOST) : 1;
}

/** Whether the key has been the same for a while. */
function useSettled(key: string): boolean {
  const [settled, settle] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => settle(key), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return settled === key;
}

function Endpoints({ answer }: { answer: Answer }) {
  const tail = (one: Latency | null) => (one ? duration(one.p95.value) : "cannot say");
  return (
    <Scroll label="Endpoints as they would be">
      <table>
        <thead>
          <tr>
            <th scope="col">What users call</th>
            <th scope="col" class="n">Calls /s</th>
            <th scope="col" class="n">p95 now</th>
            <th scope="col" class="n">p95 then</th>
            <th scope="col" class="n">Range</th>
            <th scope="col" class="n">p99 then</th>
          </tr>
        </thead>
        <tbody>
          {answer.endpoints.map((one) => (
            <tr key={`${one.service_name} ${one.span_name}`}>
              <th scope="row">
                <b>{one.service_name}</b> {one.span_name}
              </th>
              <td class="n">{number(one.calls_per_second)}</td>
              <td class="n">{duration(one.now.p95.value)}</td>
              <td class="n strong">{tail(one.latency)}</td>
              <td class="n">{one.latency ? durations(one.latency.p95.lower, one.latency.p95.upper) : "–"}</td>
              <td class="n">{one.latency ? duration(one.latency.p99.value) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface ServicesProps {
  answer: Answer;
  seen: Answer | null; // as it is, to tell what was changed
  replicas: Map<string, number>;
  set: (name: string, count: number) => void;
}

function Services({ answer, seen, replicas, set }: ServicesProps) {
  return (
    <Scroll label="Services as they would be">
      <table class="outlook">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Replicas</th>
            <th scope="col" class="n">Calls /s</th>
            <th scope="col">Busy</th>
            <th scope="col" class="n">Full at</th>
          </tr>
        </thead>
        <tbody>
          {answer.services.map((one) => (
            <tr key={one.service_name}>
              <th scope="row">
                <a href={href(["services", one.service_name])}>{one.service_name}</a>
              </th>
              <td>
                <Stepper one={one} count={replicas.get(one.service_name) ?? one.replicas} before={seen?.services.find((each) => each.service_name === one.service_name)?.replicas} set={set} />
              </td>
              <td class="n">{number(one.calls_per_second)}</td>
              <td>
                <Busy share={one.busy_share} />
              </td>
              <td class="n">{one.saturation_calls_per_second === null ? "–" : `${number(one.saturation_calls_per_second)} /s`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface StepperProps {
  one: Outlook;
  count: number;
  before: number | undefined;
  set: (name: string, count: number) => void;
}

function Stepper({ one, count, before, set }: StepperProps) {
  if (!one.replicas) return <span class="quiet">?</span>;
  return (
    <span class="stepper">
      <button type="button" disabled={count <= 1} onClick={() => set(one.service_name, count - 1)} aria-label={`One replica of ${one.service_name} less`}>
        −
      </button>
      <output>{count}</output>
      <button type="button" onClick={() => set(one.service_name, count + 1)} aria-label={`One replica of ${one.service_name} more`}>
        +
      </button>
      {before !== undefined && count !== before && <span class="note">was {before}</span>}
    </span>
  );
}

function Busy({ share }: { share: number | null }) {
  if (share === null) return <span class="quiet">not known</span>;
  const news = share >= BUSY;
  return (
    <span class="busy">
      <span class="lane">
        <i class={news ? "tint-news" : "tint-2"} style={{ width: `${Math.min(100 * share, 100)}%` }} />
      </span>
      {percent(share)} {news && <Shape status={share >= 1 ? "critical" : "warning"} />}
    </span>
  );
}

function Doubts({ answer }: { answer: Answer }) {
  if (!answer.refusals.length) return null;
  const answered = !answer.refusals.some((one) => one.is_final);
  return (
    <details class="doubts" open={!answered}>
      <summary>{answered ? `Why the ranges are wide: ${plural(answer.refusals.length, "reason")}` : "Why no number is given"}</summary>
      <ul class="plain-list">
        {answer.refusals.map((one) => (
          <li key={`${one.reason} ${one.service_name}`}>
            {sentence(one.said)} {one.unlock && <span class="quiet">It takes {sentence(one.unlock).replace(/^./, (first) => first.toLowerCase())}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
