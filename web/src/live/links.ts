// Ways out to other tools, from the templates that the server was configured with.

const NAMES: Record<string, string> = { logs: "Logs", runbook: "Runbook", grafana: "Grafana", jaeger: "Traces in Jaeger", tempo: "Tempo" };

/** The links that are about a service: their templates name it. */
export function linksFor(templates: Record<string, string>, service: string): [label: string, address: string][] {
  return Object.entries(templates)
    .filter(([, template]) => template.includes("{service}"))
    .map(([name, template]) => [NAMES[name] ?? capital(name), fill(template, { service })]);
}

/** Where a trace can be seen whole; null where nothing was configured. */
export function traceLink(templates: Record<string, string>, traceId: string): string | null {
  const template = templates.trace;
  return template ? fill(template, { trace_id: traceId }) : null;
}

export function compareLink(templates: Record<string, string>, a: string, b: string): string | null {
  const template = templates.compare;
  return template ? fill(template, { a, b }) : null;
}

function fill(template: string, values: Record<string, string>): string {
  const filled = template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? encodeURIComponent(values[name] ?? "") : whole));
  return /^(https?:)?\/\//i.test(filled) || filled.startsWith("/") ? filled : "about:blank"; // never a script
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ");
}
