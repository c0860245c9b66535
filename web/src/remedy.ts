// Which advice is something to do about an incident, and which only for the load to come.
import type { AdviceView, CauseView } from "./document";

/** Whether advice may end what has this cause: more replicas end nothing that load did not bring. */
export function mayEnd(advice: Pick<AdviceView, "knob" | "action">, cause: Pick<CauseView, "kind"> | undefined): boolean {
  const kind = cause?.kind ?? "unknown";
  if (advice.knob === "replicas" && kind !== "load" && kind !== "unknown") return false;
  return advice.action === "set" || advice.knob === "rollback";
}
