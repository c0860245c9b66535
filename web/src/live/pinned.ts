// The link that shows the same for ever: what "now" meant is written into it.
import { rfc3339 } from "./instants";
import { shown } from "./shown";

export function pinned(): string {
  const url = new URL(location.href);
  const window = shown.peek();
  if (window) {
    url.searchParams.set("from", rfc3339(window.start));
    url.searchParams.set("to", rfc3339(window.end));
  }
  return url.href.replaceAll("%3A", ":");
}
