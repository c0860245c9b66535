// The mean critical path, usual against now, and each service's part in the difference.
import type { ContributionView, IncidentView } from "../document";
import { duration, share } from "../format";
import { Scroll } from "./Panel";

const TINTS = 5;
const WHOLE = 1.005; // the share from which on a percentage says more than 100, which wants a word

/** The culprit is orange; the others are tints of blue, so that the eye goes where the news is. */
export function tintClass(name: string, at: number, isCulprit: boolean): string {
  if (isCulprit) return "tint-news";
  return name ? `tint-${(at % TINTS) + 1}` : "tint-rest";
}

export type Paths = Pick<IncidentView, "entry" | "usual_seconds" | "now_seconds" | "contributions">;

export function PathBars({ incident, culprit, hrefOf }: { incident: Paths; culprit: string; hrefOf?: (name: string) => string }) {
  const parts = incident.contributions;
  const sum = (pick: (part: ContributionView) => number | null) => parts.reduce((total, part) => total + (pick(part) ?? 0), 0);
  const known = (pick: (part: ContributionView) => number | null) => parts.some((part) => pick(part) !== null);
  const hasUsual = known((part) => part.usual_seconds);
  const rose = hasUsual && known((part) => part.share_of_rise);
  const usual = incident.usual_seconds ?? sum((part) => part.usual_seconds);
  const now = incident.now_seconds ?? sum((part) => part.now_seconds);
  const widest = Math.max(usual, now, 1e-9);
  const others = parts.filter((part) => part.service_name !== culprit).map((part) => part.service_name);
  const tint = (name: string) => tintClass(name, others.indexOf(name), name === culprit);
  const bar = (label: string, total: number, pick: (part: ContributionView) => number | null) => (
    <div class="path">
      <span class="path-label">{label}</span>
      <span class="path-bar">
        {parts.map((part) => (
          <i key={part.service_name} class={tint(part.service_name)} style={{ width: `${(100 * (pick(part) ?? 0)) / widest}%` }} />
        ))}
      </span>
      <span class="path-total">{duration(total)}</span>
    </div>
  );
  return (
    <>
      <h3>
        Critical path of {incident.entry} <span class="note">mean of whole traces</span>
      </h3>
      <div class="paths" aria-hidden="true">
        {hasUsual && bar("usual", usual, (part) => part.usual_seconds)}
        {bar("now", now, (part) => part.now_seconds)}
      </div>
      <Scroll label="Own time on the critical path by service">
        <table class="path-table">
          <thead>
            <tr>
              <th scope="col">Own time on it</th>
              {hasUsual && <th scope="col" class="n">Usual</th>}
              <th scope="col" class="n">Now</th>
              {rose && <th scope="col" class="n">Share of rise</th>}
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => (
              <tr key={part.service_name} class={part.service_name === culprit ? "news" : ""}>
                <th scope="row">
                  <i class={`swatch ${tint(part.service_name)}`} /> {hrefOf ? <a href={hrefOf(part.service_name)}>{part.service_name}</a> : part.service_name}
                </th>
                {hasUsual && <td class="n">{duration(part.usual_seconds)}</td>}
                <td class="n">{duration(part.now_seconds)}</td>
                {rose && <td class="n">{share(part.share_of_rise)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {hasUsual &&
        parts
          .filter((part) => (part.share_of_rise ?? 0) > WHOLE)
          .map((part) => (
            <p key={part.service_name} class="quiet">
              {part.service_name}: {part.of_the_rise}.
            </p>
          ))}
    </>
  );
}
