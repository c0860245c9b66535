// The answers that a report holds, in the shape in which the server gives them.
import type { Answer } from "./components/Outcome";
import type { WhatIfs } from "./document";

/** What would happen at one of the loads with one of the numbers of replicas; null where that was not worked out. */
export function answerOf(all: WhatIfs, load: number, replicas: number): Answer | null {
  const [row, column] = [all.loads.indexOf(load), all.replicas.indexOf(replicas)];
  const answer = row < 0 || column < 0 ? undefined : all.answers[row * all.replicas.length + column];
  if (!answer) return null;
  const [is_screened, sentence, latency, busy, refusals] = answer;
  return {
    is_screened,
    sentence,
    endpoints: all.endpoints.map((one, at) => ({
      ...one,
      calls_per_second: one.calls_per_second * load,
      now: latencyOf(one.now),
      latency: latency ? latencyOf(latency[at] ?? []) : null,
    })),
    services: all.services.map((one, at) => {
      const count = one.service_name === all.service_name ? replicas : one.replicas;
      const full = one.saturation_calls_per_second;
      return {
        ...one,
        replicas: count,
        calls_per_second: one.calls_per_second * load,
        busy_share: busy[at] ?? null,
        saturation_calls_per_second: full === null ? null : (full * count) / Math.max(one.replicas, 1),
      };
    }),
    refusals: refusals.flatMap((at) => all.refusals[at] ?? []) as Answer["refusals"],
  };
}

function latencyOf(numbers: number[]) {
  const bounded = (at: number) => ({ value: numbers[at] ?? NaN, lower: numbers[at + 1] ?? NaN, upper: numbers[at + 2] ?? NaN });
  return { p50: bounded(0), p95: bounded(3), p99: bounded(6) };
}
