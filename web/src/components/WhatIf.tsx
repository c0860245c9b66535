// What if the load grew, or a service had other replicas? A slider and steppers; the answer with its interval, or why there is none.
import { useEffect, useState } from "preact/hooks";
import { sentence } from "../format";
import { ask, asked, href } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { formatReplicas, parseReplicas } from "../live/replicas";
import { LoadSlider, Outcome } from "./Outcome";
import { Panel } from "./Panel";

type Answer = components["schemas"]["WhatIf"];

const [LEAST, MOST, STEP] = [0.5, 3, 0.1];
const SETTLED_MS = 700; // without a change, before the long answer is asked for

export function WhatIf() {
  const load = loadOf(asked("load"));
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
      <LoadSlider load={load} least={LEAST} most={MOST} step={STEP} set={(to) => ask({ load: String(to) })} />
      {problem ? (
        <p class="empty">
          {problem.detail || problem.title} {problem.hint && <span>{sentence(problem.hint)}</span>}
        </p>
      ) : shown ? (
        <Outcome answer={shown} seen={seen} replicas={replicas} set={set} old={!data} link={(name) => href(["services", name])} />
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

/** The load that an address asks about, within the slider's ends. */
export function loadOf(text: string): number {
  const load = Number(text || "1");
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
