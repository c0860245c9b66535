// The frame of the live pages: where one is, where one can go, which time is shown, and whether it moves.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { go, href, screen } from "../live/address";
import { mayChange, mayLook, session, signOut } from "../live/session";
import { connection, isLive, paused } from "../live/stream";
import { useKeys } from "../live/keys";
import { moving } from "../live/address";
import { theme, toggleTheme } from "../state";
import { Help } from "./Help";
import { Menu } from "./Menu";
import { RangePicker } from "./RangePicker";
import { Search } from "./Search";

const SCREENS: [path: string, name: string, key: string][] = [
  ["", "Overview", "o"],
  ["services", "Services", "s"],
  ["scaling", "Scaling", "c"],
  ["alerts", "Alerts", "a"],
  ["data", "Data", "d"],
];

export function Shell({ children }: { children: ComponentChildren }) {
  const [helped, help] = useState(false);
  useKeys({
    ...Object.fromEntries(SCREENS.map(([path, , key]) => [`g ${key}`, () => go(href(path ? [path] : []))])),
    d: toggleTheme,
    "?": () => help(true),
  });
  const main = useRef<HTMLElement>(null);
  useEffect(() => main.current?.focus({ preventScroll: true }), [screen.value]);
  const here = screen.value === "incidents" ? "" : screen.value;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <header class="topbar live">
        <a class="brand" href={href([])}>
          <svg viewBox="0 0 20 16" width="20" height="16" aria-hidden="true">
            <path d="M1 9h4l2.5-7 4 12L14 9h5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
          </svg>
          tracetune
        </a>
        {mayLook.value && (
          <nav aria-label="Screens">
            {SCREENS.map(([path, name]) => (
              <a key={path} href={href(path ? [path] : [])} aria-current={path === here ? "page" : undefined}>
                {name}
              </a>
            ))}
          </nav>
        )}
        <div class="tools">
          {mayLook.value && (
            <>
              <Search />
              <RangePicker />
              <LiveButton />
              <Signed />
            </>
          )}
          <button type="button" class="icon" onClick={toggleTheme} aria-label={`Switch to the ${theme.value === "dark" ? "light" : "dark"} theme`} title="Theme (d)">
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
              <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
            </svg>
          </button>
          <button type="button" class="icon" onClick={() => help(true)} aria-label="Keyboard and help" title="Help (?)">
            ?
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      {helped && <Help close={() => help(false)} />}
    </>
  );
}

/** Who is signed in, and the way out; nothing where nobody has to. */
function Signed() {
  const { user, until } = session.value ?? { user: "", until: null };
  if (!until && !user) return null;
  const word = mayChange.value ? "admin" : "read only";
  return (
    <Menu name="Who is signed in" label={<span>{user || word}</span>} className="signed">
      {(close) => (
        <>
          <p class="note">{mayChange.value ? "You may look and change things." : "You may look; snoozing, feedback and training take the admin token."}</p>
          {until && (
            <button type="button" onClick={() => (close(), void signOut())}>
              Sign out
            </button>
          )}
        </>
      )}
    </Menu>
  );
}

/** Says in a word whether what is shown moves with the clock, and why it does not. */
function LiveButton() {
  const lost = connection.value === "lost";
  const [word, why] = lost
    ? ["Reconnecting", "The server's stream is interrupted; what is shown may be old"]
    : !moving.value
      ? ["Pinned", "The range is fixed: choose a “Last …” range to follow the clock again"]
      : paused.value
        ? ["Paused", "Nothing changes until you go on"]
        : ["Live", "New minutes appear by themselves; press to pause"];
  const press = () => {
    if (!moving.value) go(hrefNow());
    else paused.value = !paused.value;
  };
  return (
    <button type="button" class="livebutton" onClick={press} aria-pressed={isLive.value} title={why}>
      <i class={isLive.value ? "dot on" : lost ? "dot lost" : "dot"} aria-hidden="true" />
      <span>{word}</span>
    </button>
  );
}

function hrefNow(): string {
  const url = new URL(location.href);
  url.searchParams.delete("from");
  url.searchParams.delete("to");
  return url.href;
}
