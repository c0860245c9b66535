// Answers of the server: asked for once, kept while a newer one is fetched, asked for again when the stream says so.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

export interface Problem {
  title: string;
  detail: string;
  hint: string;
  status: number;
}

export interface Answer<T> {
  data: T | null;
  problem: Problem | null;
}

const ROOT = "api/v1/";
const MOST_KEPT = 40;

/** Rises whenever there is something newer to ask for. */
export const version = signal(0);
/** Rises whenever the server refused to answer for want of a token: a session ended. */
export const refusals = signal(0);

const kept = new Map<string, unknown>(); // the latest last; so that Back is at once

/** An address of the API under the page's base. */
export function apiAddress(path: string, query: Record<string, string | number> = {}): string {
  const search = new URLSearchParams(Object.entries(query).flatMap(([name, value]) => (value === "" ? [] : [[name, String(value)]])));
  const text = search.toString();
  return ROOT + path + (text && `?${text}`);
}

/**
 * The answer at an address. What was there before stays until the next comes, as long as it is about the same thing.
 * Each new value of `again` asks anew.
 */
export function useAnswer<T>(address: string | null, again = 0): Answer<T> {
  const subject = address?.split("?")[0] ?? "";
  const [held, hold] = useState<{ subject: string; answer: Answer<T> }>({ subject: "", answer: { data: null, problem: null } });
  const asked = version.value;
  useEffect(() => {
    if (address === null) return undefined;
    const abort = new AbortController();
    const show = (answer: Answer<T>) => hold({ subject, answer });
    if (kept.has(address)) show({ data: kept.get(address) as T, problem: null });
    request<T>(address, { signal: abort.signal }).then(
      (data) => {
        keep(address, data);
        show({ data, problem: null });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) hold((before) => ({ subject, answer: { data: before.subject === subject ? before.answer.data : null, problem: problemOf(error) } }));
      },
    );
    return () => abort.abort();
  }, [address, asked, again]);
  if (held.subject === subject) return held.answer;
  return { data: address !== null && kept.has(address) ? (kept.get(address) as T) : null, problem: null };
}

function keep(address: string, data: unknown): void {
  kept.delete(address);
  kept.set(address, data);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
}

/** Forgets every answer: another reader may come. */
export function forget(): void {
  kept.clear();
}

/** Asks the server; throws what it said was wrong. */
export async function request<T>(address: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(address, init);
  if (response.status === 401 && init.method !== "POST") refusals.value += 1;
  if (!response.ok) throw await refused(response);
  return (response.status === 204 ? null : await response.json()) as T;
}

/** Sends a value, then asks for everything anew. */
export async function send<T>(method: "POST" | "DELETE", path: string, body?: unknown): Promise<T> {
  const init: RequestInit = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const answer = await request<T>(ROOT + path, init);
  version.value += 1;
  return answer;
}

async function refused(response: Response): Promise<Problem> {
  const told = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return { title: told.title ?? response.statusText, detail: told.detail ?? "", hint: told.hint ?? "", status: response.status };
}

export function problemOf(error: unknown): Problem {
  if (typeof error === "object" && error !== null && "status" in error) return error as Problem;
  return { title: "The server does not answer", detail: "What is shown may be old.", hint: "Is tracetune serve running?", status: 0 };
}
