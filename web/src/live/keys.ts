// The keyboard: one listener, and whatever keys the screen that is shown gave a meaning.
import { useEffect, useRef } from "preact/hooks";

/** What a key does; false leaves the key to the browser. */
export type Keys = Record<string, () => unknown>;

const SEQUENCE_MS = 1200;
const registered: { current: Keys }[] = [];
let prefix = "";
let prefixedAt = 0;

/** Keys by name ("j", "Enter", "?") or as a sequence of two ("g o"), for as long as the component is shown; the latest wins. */
export function useKeys(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    registered.push(latest);
    return () => void registered.splice(registered.indexOf(latest), 1);
  }, []);
}

export function followKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const name = event.ctrlKey || event.metaKey ? `Ctrl ${event.key.toLowerCase()}` : event.key;
    if (name !== "Ctrl k" && (event.ctrlKey || event.metaKey || isTyping(event.target))) return;
    const fresh = event.timeStamp - prefixedAt < SEQUENCE_MS ? prefix : "";
    const handler = find(fresh ? `${fresh} ${name}` : name) ?? find(name);
    prefix = name;
    prefixedAt = event.timeStamp;
    if (!handler) return;
    if (handler() !== false) event.preventDefault();
  });
}

function find(name: string): (() => unknown) | undefined {
  for (let at = registered.length - 1; at >= 0; at--) {
    const handler = registered[at]?.current[name];
    if (handler) return handler;
  }
  return undefined;
}

/** Where letters are text, and where Enter or arrows already mean something. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog") !== null);
}

/** Whether Enter belongs to what has the focus. */
export function focusTakesEnter(): boolean {
  const focused = document.activeElement;
  return focused instanceof Element && /^(A|BUTTON|SUMMARY)$/i.test(focused.tagName);
}
