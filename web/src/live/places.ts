// Addresses of screens, read and written: the path says what is shown, the query over which time and with what chosen.

export interface Place {
  path: string[]; // decoded: ["services", "payments"]
  query: Record<string, string>;
}

export function parsePlace(pathname: string, search: string, base: string): Place {
  const inner = pathname.startsWith(base) ? pathname.slice(base.length) : pathname.replace(/^\//, "");
  const path = inner.split("/").filter(Boolean).map(decode);
  return { path, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken escape is shown as it came
  }
}

export function formatPlace({ path, query }: Place, base: string): string {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  // Colons and commas need no escape in a query, and people read addresses.
  const readable = search.replaceAll("%3A", ":").replaceAll("%2C", ",");
  return base + path.map(encodeURIComponent).join("/") + (readable && `?${readable}`);
}
