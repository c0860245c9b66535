// Which row a list has chosen by keyboard, kept in the address so that Back and a link find it again.
import { useEffect, useRef } from "preact/hooks";
import { ask, asked } from "./address";
import { focusTakesEnter, useKeys } from "./keys";

/** The chosen id; j and k move, Enter opens. Keys pressed before the list has come are made up for when it does. */
export function useChosen(ids: string[] | null, open: (id: string) => void, name = "a"): string {
  const chosen = asked(name);
  const owed = useRef(0);
  const move = (by: number) => {
    if (!ids) {
      owed.current += by;
      return;
    }
    if (!ids.length) return;
    const at = ids.indexOf(chosen);
    const next = at < 0 ? (by > 0 ? by - 1 : ids.length + by) : at + by;
    const id = ids[Math.min(Math.max(next, 0), ids.length - 1)] ?? "";
    ask({ [name]: id });
    queueMicrotask(() => document.getElementById(rowId(id))?.scrollIntoView({ block: "nearest" }));
  };
  useEffect(() => {
    if (!ids?.length || !owed.current) return;
    const by = owed.current;
    owed.current = 0;
    move(by);
  }, [ids]);
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: () => {
      if (focusTakesEnter() || !ids?.includes(chosen)) return false;
      open(chosen);
      return true;
    },
  });
  return chosen;
}

export function rowId(id: string): string {
  return `row-${id}`;
}
