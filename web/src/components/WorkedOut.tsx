// What if, in the report: answers that were worked out when it was written, because it has nobody to ask.
import { useState } from "preact/hooks";
import type { WhatIfs } from "../document";
import { plural } from "../format";
import { answerOf } from "../whatifs";
import { LoadSlider, Outcome } from "./Outcome";
import { Empty, Panel } from "./Panel";

export function WorkedOut({ whatIfs }: { whatIfs: WhatIfs }) {
  const { service_name: name, present, advised, loads, reason } = whatIfs;
  const [load, setLoad] = useState(1);
  const [count, setCount] = useState(present);
  const answer = answerOf(whatIfs, load, count);
  if (!answer) {
    return (
      <Panel id="whatif" title="What if">
        <Empty>Cannot say what another load would do, because {reason}.</Empty>
      </Panel>
    );
  }
  const reset = (load !== 1 || count !== present) && (
    <button type="button" onClick={() => (setLoad(1), setCount(present))}>
      As it is
    </button>
  );
  const [least, next] = [loads[0] ?? 1, loads[1] ?? 1];
  const note = `traces seen in healthy minutes, run again at another load${advised ? `; ${plural(advised, "replica")} of ${name} advised` : ""}`;
  return (
    <Panel id="whatif" title="What if" note={note} actions={reset}>
      <LoadSlider load={load} least={least} most={loads[loads.length - 1] ?? 1} step={next - least} set={setLoad} />
      <Outcome
        answer={answer}
        seen={answerOf(whatIfs, 1, present)}
        replicas={new Map([[name, count]])}
        set={(_, to) => setCount(to)}
        counts={(one) => (one === name ? whatIfs.replicas : [])}
        final
      />
    </Panel>
  );
}
