// Which status a service has: its severity where it has news, else the state that explains why there is none.
import type { Status } from "../components/Status";
import type { ServiceItem } from "./views";
import { severityOf } from "./views";

export function statusOf(service: Pick<ServiceItem, "severity" | "state">): Status {
  const severity = severityOf(service.severity);
  if (severity) return severity;
  return service.state === "learning" || service.state === "idle" ? service.state : "";
}
