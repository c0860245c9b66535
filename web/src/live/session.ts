// Who the reader is to the server: what may be seen and done, and the way to show a token once.
import { computed, effect, signal } from "@preact/signals";
import { apiAddress, forget, refusals, request, version } from "./answers";
import type { components } from "./api";

export type Session = components["schemas"]["SessionItem"];

/** Null until the server said it. */
export const session = signal<Session | null>(null);
export const mayLook = computed(() => session.value?.role === "read" || session.value?.role === "admin");
/** Whether anything may be changed: snoozed, said, tested, trained. */
export const mayChange = computed(() => session.value?.role === "admin");

/** Asks who the reader is, now and whenever the server refused an answer for want of a token. */
export function followSession(): void {
  effect(() => {
    void refusals.value;
    request<Session>(apiAddress("session")).then(
      (found) => {
        session.value = found;
      },
      () => {
        // An old server, or none just now: the screens say what is wrong.
        session.value = session.peek() ?? { role: "admin", user: "", until: null, asks_for_token: false };
      },
    );
  });
}

/** Shows a token; throws what the server said of it. */
export async function signIn(token: string): Promise<void> {
  const body = JSON.stringify({ token });
  session.value = await request<Session>(apiAddress("session"), { method: "POST", body, headers: { "content-type": "application/json" } });
  version.value += 1;
}

export async function signOut(): Promise<void> {
  await request(apiAddress("session"), { method: "DELETE" });
  forget();
  session.value = { role: "nobody", user: "", until: null, asks_for_token: true };
}
