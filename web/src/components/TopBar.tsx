// The bar at the top: the way to each section, and the theme.
import { theme, toggleTheme } from "../state";

const SECTIONS: [string, string][] = [
  ["incidents", "Incidents"],
  ["durations", "Durations"],
  ["operations", "Operations"],
  ["map", "Map"],
  ["advice", "Advice"],
  ["data", "Data"],
  ["made", "How made"],
];

export function TopBar() {
  const other = theme.value === "dark" ? "light" : "dark";
  return (
    <header class="topbar">
      <span class="brand">
        <svg viewBox="0 0 20 16" width="20" height="16" aria-hidden="true">
          <path d="M1 9h4l2.5-7 4 12L14 9h5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
        </svg>
        tracetune
      </span>
      <nav aria-label="Sections">
        {SECTIONS.map(([id, name]) => (
          <a key={id} href={`#${id}`}>
            {name}
          </a>
        ))}
      </nav>
      <button type="button" class="icon" onClick={toggleTheme} aria-label={`Switch to the ${other} theme`} title={`${other} theme`}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor" />
        </svg>
      </button>
    </header>
  );
}
