// Anything unusual? The sentence, where on the map, what exactly, and how it spread.
import { useMemo } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { AnomalyList, addressOf, rowsOf, useUnfolded } from "../components/AnomalyList";
import { CopyLink, IncidentActions } from "../components/IncidentActions";
import { ServiceMap } from "../components/ServiceMap";
import { ServiceTable } from "../components/ServiceTable";
import { Spread } from "../components/Spread";
import { Shape } from "../components/Status";
import { Loading, Trouble } from "../components/Trouble";
import { clock, length, moment, plural } from "../format";
import { ask, asked, from, go, href, to } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { useChosen } from "../live/chosen";
import { minuteOf, rfc3339 } from "../live/instants";
import { useKeys } from "../live/keys";
import { statusOf } from "../live/statuses";
import { type GraphAnswer, type IncidentItem, mapView, type Overview as Answer, type ServiceItem, severityOf, spreadView, type Strips } from "../live/views";
import { useTitle } from "../live/title";

const MAP_HEIGHT = 560;
const NARROW = 600; // pixels; on a phone a list is read more easily than a map

export function Overview() {
  const window = { from: from.value, to: to.value };
  const { data, problem } = useAnswer<Answer>(apiAddress("overview", window));
  const [unfolded, unfold] = useUnfolded();
  const rows = useMemo(() => (data ? rowsOf(shownFirst(data.incidents), unfolded) : null), [data, unfolded]);
  const ids = useMemo(() => rows?.map((row) => row.id) ?? null, [rows]);
  const chosen = useChosen(ids, (id) => {
    const row = rows?.find((one) => one.id === id);
    if (row) go(addressOf(row));
  });
  useTitle(data?.headline ?? "Overview");
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={500} />;
  return (
    <>
      {problem && <Trouble problem={problem} stale />}
      <News overview={data} />
      <div class="overview-pair">
        <MapPanel key="map" window={window} />
        <AnomalyList incidents={shownFirst(data.incidents)} chosen={chosen} unfolded={unfolded} unfold={unfold} quiet={quietLine(data)} last={data.last_incident} />
      </div>
      <SpreadPanel window={window} />
    </>
  );
}

/** Incidents that go on, then those that ended. */
function shownFirst(incidents: IncidentItem[]): IncidentItem[] {
  return [...incidents].sort((a, b) => Number(a.end !== null) - Number(b.end !== null));
}

function quietLine(overview: Answer): string {
  if (overview.counts.learning === overview.counts.services) return "Nothing can be unusual before it is known what is usual.";
  return "Nothing departed from its forecast long or far enough to be news.";
}

function News({ overview }: { overview: Answer }) {
  const incident = shownFirst(overview.incidents)[0];
  const severity = severityOf(overview.severity);
  useKeys(incident ? { i: () => go(href(["incidents", incident.id])) } : {});
  return (
    <section class={`panel headline live ${severity || "normal"}`} aria-label="Summary">
      <div>
        <h1>
          <Shape status={severity || (overview.counts.services > 0 && overview.counts.learning === overview.counts.services ? "learning" : "")} size={20} />
          <span>{linked(overview.headline, incident)}</span>
        </h1>
        <p class="detail">{detailOf(overview, incident)}</p>
      </div>
      <div class="actions">
        {incident && (
          <a class="button primary" href={href(["incidents", incident.id])}>
            Investigate
          </a>
        )}
        {incident && incident.end === null && <IncidentActions incident={incident} />}
        <CopyLink />
      </div>
    </section>
  );
}

/** The sentence, with the service that it blames as a link. */
function linked(sentence: string, incident: IncidentItem | undefined): ComponentChildren {
  const name = incident?.cause ?? "";
  const at = name ? sentence.indexOf(name) : -1;
  if (at < 0) return sentence;
  return (
    <>
      {sentence.slice(0, at)}
      <a href={href(["services", name])}>{name}</a>
      {sentence.slice(at + name.length)}
    </>
  );
}

function detailOf(overview: Answer, incident: IncidentItem | undefined): string {
  const { counts, last_incident: last } = overview;
  const states = [
    counts.learning > 0 && counts.learning < counts.services ? `${plural(counts.learning, "service")} still learning` : "",
    counts.learning > 0 && counts.learning === counts.services ? (overview.limits[0] ?? "Still learning what is normal.") : "",
  ].filter(Boolean);
  if (incident) {
    const since = `${clock(minuteOf(incident.onset) ?? 0)}`;
    const told = overview.headline.includes(since); // the sentence may say it already
    const when = incident.end === null ? (told ? `For ${length(incident.minutes)}` : `Since ${since} (${length(incident.minutes)})`) : `From ${since}, for ${length(incident.minutes)}`;
    const release = incident.release ? ` Began after ${incident.release}.` : "";
    const others = overview.incidents.length > 1 ? ` ${plural(overview.incidents.length - 1, "more incident")} in this window.` : "";
    const verb = incident.end === null ? (incident.services.length === 1 ? "is" : "are") : incident.services.length === 1 ? "was" : "were";
    return `${when}, ${plural(incident.services.length, "service")} ${verb} outside ${incident.services.length === 1 ? "its" : "their"} forecast.${release}${others}`;
  }
  const before = last ? `Last incident: ${moment(minuteOf(last.onset) ?? 0)}, ${length(last.minutes)}.` : counts.services ? "No incident on record." : "";
  return [...states, before].filter(Boolean).join(" ");
}

type Window = { from: string; to: string };

function MapPanel({ window }: { window: Window }) {
  const mode = asked("map");
  const services = useAnswer<ServiceItem[]>(apiAddress("services", window)).data;
  const asList = mode === "list" || (mode === "" && innerWidth < NARROW);
  const { data, problem } = useAnswer<GraphAnswer>(asList ? null : apiAddress("graph", { ...window, mode: mode || "auto" }));
  const states = useMemo(() => new Map(services?.map((one) => [one.service_name, statusOf(one)])), [services]);
  const map = useMemo(() => data && mapView(data), [data]);
  const total = data?.services ?? 0;
  const now = asList ? "list" : (data?.mode ?? mode);
  const controls = (
    <div class="segmented" role="group" aria-label="Which services">
      {(
        [
          ["affected", "Affected + neighbours"],
          ["all", "All"],
          ["list", "List"],
        ] as const
      ).map(([name, label]) => (
        <button key={name} type="button" aria-pressed={now === name} onClick={() => ask({ map: name })}>
          {label}
        </button>
      ))}
    </div>
  );
  if (asList) return services ? <ServiceTable services={services} controls={controls} title="Services" /> : <Loading height={420} />;
  if (!map) return problem ? <Trouble problem={problem} /> : <Loading height={420} />;
  if (now === "affected" && !map.nodes.length) {
    return <ServiceMap map={map} controls={controls} total={total} empty="No service is affected in this window. “All” shows every one." />;
  }
  return (
    <ServiceMap
      map={map}
      statusOf={(node) => node.severity || (states.get(node.service_name) ?? "")}
      hrefOf={(name) => href(["services", name])}
      controls={controls}
      total={total}
      height={MAP_HEIGHT}
    />
  );
}

function SpreadPanel({ window }: { window: Window }) {
  const { data, problem } = useAnswer<Strips>(apiAddress("strips", window));
  const spread = useMemo(() => data && spreadView(data), [data]);
  if (!data) return problem ? null : <Loading height={160} />;
  return (
    <Spread
      spread={spread}
      start={minuteOf(data.start) ?? 0}
      onSelect={(first, last) => ask({ from: rfc3339(first), to: rfc3339(last) }, "push")}
      hrefOf={(name) => href(["services", name])}
    />
  );
}
