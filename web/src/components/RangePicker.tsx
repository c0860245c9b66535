// Chooses the time that every screen shows: a span that follows the clock, or two instants, pasted in any form.
import { useState } from "preact/hooks";
import { ask, from, moving, to } from "../live/address";
import { minuteOf, pasted, rfc3339, spanName, SPANS } from "../live/instants";
import { useKeys } from "../live/keys";
import { shown } from "../live/shown";
import { Menu } from "./Menu";

export function RangePicker() {
  const [opener, open] = useState(0);
  const shift = (sign: number) => {
    const window = shown.value;
    if (!window) return;
    const length = window.end - window.start;
    ask({ from: rfc3339(window.start + sign * length), to: rfc3339(window.end + sign * length) }, "push");
  };
  useKeys({ t: () => open((before) => before + 1), "[": () => shift(-1), "]": () => shift(1) });
  const label = (
    <>
      <span>{spanName(from.value, to.value)}</span> <span class="zone">UTC</span> <Caret />
    </>
  );
  return (
    <Menu label={label} name={`Time range: ${spanName(from.value, to.value)}, UTC`} className="range" opener={opener}>
      {(close) => <Choices close={close} />}
    </Menu>
  );
}

export function Caret() {
  return (
    <svg class="caret" viewBox="0 0 8 8" width="8" height="8" aria-hidden="true">
      <path d="M1 2.5 4 5.5 7 2.5" fill="none" stroke="currentColor" stroke-width="1.5" />
    </svg>
  );
}

function Choices({ close }: { close: () => void }) {
  const window = shown.value;
  const initial = (text: string, minute: number | undefined) => (moving.value ? (minute === undefined ? "" : rfc3339(minute)) : text);
  const [first, setFirst] = useState(initial(from.value, window?.start));
  const [last, setLast] = useState(initial(to.value, window?.end));
  const [fault, setFault] = useState("");
  const apply = (event: Event) => {
    event.preventDefault();
    const [start, end] = [pasted(first), last.trim() ? pasted(last) : ""];
    if (start === null || end === null) return setFault(`“${start === null ? first : last}” is no time: write 2026-03-01 12:00, seconds since 1970, or now-3h`);
    const [low, high] = [minuteOf(start), minuteOf(end)];
    if (low !== null && high !== null && high <= low) return setFault("The range ends before it begins");
    ask({ from: start, to: end }, "push");
    return close();
  };
  return (
    <>
      <ul class="choices">
        {SPANS.map(([span, name]) => (
          <li key={span}>
            <button
              type="button"
              aria-pressed={from.value === span && !to.value}
              onClick={() => {
                ask({ from: span, to: "" }, "push");
                close();
              }}
            >
              Last {name}
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={apply} class="custom">
        <label>
          From <input value={first} onInput={(event) => setFirst(event.currentTarget.value)} spellcheck={false} />
        </label>
        <label>
          To <input value={last} onInput={(event) => setLast(event.currentTarget.value)} placeholder="now" spellcheck={false} />
        </label>
        <p class="note">UTC. Any timestamp can be pasted.</p>
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <button type="submit" class="primary">
          Show
        </button>
      </form>
    </>
  );
}
