// Which advice is something to do about an incident, and which only for the load to come.
import type { AdviceView, CauseView } from "./document";

const FOR_LOAD = new Set<AdviceView["knob"]>(["replicas", "cpu", "concurrency_limit"]);

/** Whether advice may end what has this cause: more replicas end nothing that load did not bring, and load ends by nothing but room. */
export function mayEnd(advice: Pick<AdviceView, "knob" | "action">, cause: Pick<CauseView, "kind"> | undefined): boolean {
  const kind = cause?.kind ?? "unknown";
  if (kind === "load") return advice.action === "set" && FOR_LOAD.has(advice.knob);
  if (advice.knob === "replicas" && kind !== "unknown") return false;
  return advice.action === "set" || advice.knob === "rollback";
}
