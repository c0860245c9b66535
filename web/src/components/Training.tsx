// Which training goes on, how far it is, and the way to ask for one; it can be left and found again.
import { useEffect, useState } from "preact/hooks";
import { clock } from "../format";
import { apiAddress, problemOf, send, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { minuteOf } from "../live/instants";
import { mayChange } from "../live/session";
import { trainings } from "../live/stream";

type Job = components["schemas"]["JobItem"];

const AGAIN_MS = 2000;

export function Training() {
  const [asks, setAsks] = useState(0);
  const { data } = useAnswer<Job[]>(apiAddress("jobs"), asks + trainings.value);
  const [fault, setFault] = useState("");
  const job = data?.[0];
  const goesOn = job?.state === "running" || job?.state === "waiting";
  useEffect(() => {
    if (!goesOn) return undefined;
    const timer = setInterval(() => setAsks((before) => before + 1), AGAIN_MS);
    return () => clearInterval(timer);
  }, [goesOn]);
  const act = (method: "POST" | "DELETE", path: string) => {
    setFault("");
    send(method, path).then(
      () => setAsks((before) => before + 1),
      (error: unknown) => setFault(problemOf(error).detail),
    );
  };
  return (
    <div class="training">
      {job && <p role="status">{sentenceOf(job)}</p>}
      {job?.state === "running" && job.total > 0 && <progress max={job.total} value={job.done} aria-label="Training" />}
      {mayChange.value && (
        <button type="button" disabled={goesOn} onClick={() => act("POST", "models/train")}>
          Train now
        </button>
      )}
      {mayChange.value && job && goesOn && (
        <button type="button" onClick={() => act("DELETE", `jobs/${encodeURIComponent(job.id)}`)}>
          Cancel
        </button>
      )}
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

function sentenceOf(job: Job): string {
  const at = clock(minuteOf(job.ended ?? job.began ?? job.asked) ?? 0);
  const seconds = `${Math.round(job.seconds)} s`;
  if (job.state === "waiting") return "A training begins when this minute ends.";
  if (job.state === "running") {
    const left = job.seconds_left === null ? "" : `, about ${Math.ceil(job.seconds_left)} s left`;
    return `Training on ${job.text}: ${job.done} of ${job.total} metrics, ${seconds}${left}.`;
  }
  if (job.state === "done") return `Trained at ${at} UTC on ${job.text}, in ${seconds}.`;
  if (job.state === "cancelled") return `The training was cancelled at ${at} UTC; the models of before stay.`;
  return `The training failed at ${at} UTC: ${job.text}`;
}
