// Replicas that the reader asked for, as the address holds them: "payments:6,checkout:4", with names escaped.

export function parseReplicas(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of text.split(",")) {
    const at = part.lastIndexOf(":");
    const count = Number(part.slice(at + 1));
    if (at > 0 && Number.isInteger(count) && count > 0) found.set(decode(part.slice(0, at)), count);
  }
  return found;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a broken escape names no service, and the server says so
  }
}

export function formatReplicas(replicas: Map<string, number>): string {
  return [...replicas]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${encodeURIComponent(name)}:${count}`)
    .join(",");
}
