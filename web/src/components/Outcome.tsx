// The answer to a what-if: the load to choose, latency at the entries, use of the services, and the doubts; live and in the report.
import { duration, durations, number, percent, plural, sentence } from "../format";
import type { components } from "../live/api";
import { Scroll } from "./Panel";
import { Shape } from "./Status";

type Schemas = components["schemas"];
type Outlook = Pick<Schemas["ServiceOutlook"], "service_name" | "replicas" | "calls_per_second"> & {
  busy_share: number | null;
  saturation_calls_per_second: number | null;
};
type Latency = Schemas["Latency"];

/** As much of the server's answer as is drawn. */
export type Answer = Pick<Schemas["WhatIf"], "sentence" | "is_screened" | "endpoints" | "refusals"> & { services: Outlook[] };

const BUSY = 0.8; // above it a queue answers every gust with a wait

interface SliderProps {
  load: number;
  least: number;
  most: number;
  step: number;
  set: (load: number) => void;
}

export function LoadSlider({ load, least, most, step, set }: SliderProps) {
  return (
    <label class="slider">
      <span>
        Load <b>{number(load, 3)}×</b> <span class="note">the busiest minutes seen</span>
      </span>
      <input type="range" min={least} max={most} step={step} value={load} onInput={(event) => set(Number(event.currentTarget.value))} />
    </label>
  );
}

interface Props {
  answer: Answer;
  seen: Answer | null; // as it is, to tell what was changed
  replicas: Map<string, number>;
  set: (name: string, count: number) => void;
  counts?: (name: string) => number[]; // of replicas, where not every number may be chosen
  link?: (name: string) => string; // to a service
}

export function Outcome({ old = false, final = false, ...props }: Props & { old?: boolean; final?: boolean }) {
  const { answer } = props;
  return (
    <div class={old ? "old" : ""} aria-live="polite">
      <p class="outcome">
        {answer.sentence} <span class="note">{certainty(answer, final)}</span>
      </p>
      <Endpoints answer={answer} />
      <Services {...props} />
      <Doubts answer={answer} />
    </div>
  );
}

function certainty(answer: Answer, final: boolean): string {
  if (answer.refusals.some((one) => one.is_final)) return "";
  if (!answer.is_screened) return "Nine times in ten the truth lies inside the range.";
  return final ? "From a few short runs: less sure than a simulation." : "A first look; the sure answer follows.";
}

function Endpoints({ answer }: { answer: Answer }) {
  const tail = (one: Latency | null) => (one ? duration(one.p95.value) : "cannot say");
  return (
    <Scroll label="Endpoints as they would be">
      <table class="cards inline">
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
              <td class="n" data-name="calls /s">{number(one.calls_per_second)}</td>
              <td class="n" data-name="p95 now">{duration(one.now.p95.value)}</td>
              <td class="n strong" data-name="p95 then">{tail(one.latency)}</td>
              <td class={one.latency ? "n" : "n none"} data-name="range">{one.latency ? durations(one.latency.p95.lower, one.latency.p95.upper) : "–"}</td>
              <td class={one.latency ? "n" : "n none"} data-name="p99 then">{one.latency ? duration(one.latency.p99.value) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Services({ answer, seen, replicas, set, counts, link }: Props) {
  return (
    <Scroll label="Services as they would be">
      <table class="outlook cards inline">
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
                {link ? <a href={link(one.service_name)}>{one.service_name}</a> : one.service_name}
              </th>
              <td data-name="replicas">
                <Stepper one={one} count={replicas.get(one.service_name) ?? one.replicas} before={seen?.services.find((each) => each.service_name === one.service_name)?.replicas} counts={counts?.(one.service_name)} set={set} />
              </td>
              <td class="n" data-name="calls /s">{number(one.calls_per_second)}</td>
              <td data-name="busy">
                <Busy share={one.busy_share} />
              </td>
              <td class="n" data-name="full at">{one.saturation_calls_per_second === null ? "–" : `${number(one.saturation_calls_per_second)} /s`}</td>
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
  counts: number[] | undefined; // that may be chosen; any where not given
  set: (name: string, count: number) => void;
}

function Stepper({ one, count, before, counts, set }: StepperProps) {
  if (!one.replicas) return <span class="quiet">?</span>;
  if (counts && counts.length < 2) return <span>{count}</span>;
  const less = counts ? counts.filter((each) => each < count).at(-1) : count > 1 ? count - 1 : undefined;
  const more = counts ? counts.find((each) => each > count) : count + 1;
  return (
    <span class="stepper">
      <button type="button" disabled={less === undefined} onClick={() => less !== undefined && set(one.service_name, less)} aria-label={`${counts ? "Fewer replicas" : "One replica"} of ${one.service_name}${counts ? "" : " less"}`}>
        −
      </button>
      <output>{count}</output>
      <button type="button" disabled={more === undefined} onClick={() => more !== undefined && set(one.service_name, more)} aria-label={`${counts ? "More replicas" : "One replica"} of ${one.service_name}${counts ? "" : " more"}`}>
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
