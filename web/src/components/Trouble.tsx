// What went wrong between this page and the server, and what to do.
import type { Problem } from "../live/answers";
import { version } from "../live/answers";

export function Trouble({ problem, stale = false }: { problem: Problem; stale?: boolean }) {
  return (
    <section class="panel trouble" role="alert">
      <h2>{problem.title}</h2>
      <p>
        {problem.detail} {problem.hint && <span class="quiet">{problem.hint}</span>}
      </p>
      {stale && <p class="quiet">What is shown below is the last that was known.</p>}
      <button type="button" onClick={() => (version.value += 1)}>
        Try again
      </button>
    </section>
  );
}

/** Keeps the place of what is still to come, so that nothing jumps. */
export function Loading({ height = 200 }: { height?: number }) {
  return (
    <div class="panel loading" style={{ minHeight: `${height}px` }} aria-busy="true">
      <span class="quiet">Loading …</span>
    </div>
  );
}
