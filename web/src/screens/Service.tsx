// Why is this service slow? Its course against what was expected, where its callers' time goes, and what to set.
import { useEffect, useMemo } from "preact/hooks";
import { Advice } from "../components/Advice";
import { Differences } from "../components/Differences";
import { DurationCharts } from "../components/Durations";
import { CopyLink, IncidentActions } from "../components/IncidentActions";
import { Menu } from "../components/Menu";
import { OperationTable } from "../components/OperationTable";
import { Empty, Panel } from "../components/Panel";
import { PathBars } from "../components/PathBars";
import { Pill, Shape } from "../components/Status";
import { Loading, Trouble } from "../components/Trouble";
import { Traces } from "../components/Traces";
import type { Dot } from "../components/timeMarks";
import { plural, sentence } from "../format";
import { ask, asked, from, href, to } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { rfc3339 } from "../live/instants";
import { linksFor } from "../live/links";
import { shown } from "../live/shown";
import { statusOf } from "../live/statuses";
import { useTitle } from "../live/title";
import { adviceViews, anomalyView, axisOf, incidentView, releaseView, seriesView } from "../live/views";
import type { IncidentDetail, IncidentItem, PathItem, SeriesAnswer, ServiceDetail, Status } from "../live/views";
import { range, unzooms } from "../state";

const NO_DOTS: Dot[] = [];

export function Service({ name }: { name: string }) {
  const window = { from: from.value, to: to.value };
  const path = `services/${encodeURIComponent(name)}`;
  const { data, problem } = useAnswer<ServiceDetail>(apiAddress(path, window));
  const status = useAnswer<Status>(apiAddress("")).data;
  useTitle(name);
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={500} />;
  const incident = data.incidents.find((one) => one.end === null) ?? data.incidents[0];
  const operation = asked("op");
  return (
    <>
      {problem && <Trouble problem={problem} stale />}
      <Head detail={data} incident={incident} links={status?.links ?? {}} />
      {data.service.operations > 0 ? (
        <div class="service-grid">
          <div class="stack">
            <Charts path={path} window={window} operation={operation} detail={data} incident={incident} />
            {incident && <TracesPanel incident={incident} links={status?.links ?? {}} />}
            <OperationTable operations={data.operations} chosen={operation} />
          </div>
          <div class="stack">
            <PathPanel path={path} window={window} name={name} incident={incident} />
            <Differences service={name} window={incident ? { from: incident.onset, to: incident.end ?? "" } : window} />
            <Neighbours detail={data} />
          </div>
          <div class="stack whole">
            <Advice advice={adviceViews(data.advice, name)} few={4} />
          </div>
        </div>
      ) : (
        <>
          <Panel id="durations" title="Durations per minute">
            <Empty>{name} sends no spans of its own. What its callers say of it is above; choose one of them to see its course.</Empty>
          </Panel>
          <Neighbours detail={data} />
          <Advice advice={adviceViews(data.advice, name)} />
        </>
      )}
    </>
  );
}

interface HeadProps {
  detail: ServiceDetail;
  incident: IncidentItem | undefined;
  links: Record<string, string>;
}

function Head({ detail, incident, links }: HeadProps) {
  const { service } = detail;
  const status = statusOf(service);
  const outside = linksFor(links, service.service_name);
  return (
    <header class="page-head">
      <p class="crumbs">
        <a href={href([])}>Overview</a> / <a href={href(["services"])}>Services</a> /
      </p>
      <div class="page-title">
        <h1>
          <Shape status={status} size={18} quiet /> <span>{service.service_name}</span>
        </h1>
        <Pill status={status} />
        {service.is_cause && <span class="cause-pill">likely cause</span>}
        <div class="actions wide-only">
          {outside.map(([label, address]) => (
            <a key={label} class="button" href={address} target="_blank" rel="noreferrer">
              {label} ↗
            </a>
          ))}
          {incident && (
            <a class="button primary" href={href(["incidents", incident.id])}>
              Investigate
            </a>
          )}
          {incident && incident.end === null && <IncidentActions incident={incident} />}
          <CopyLink />
        </div>
        <div class="actions narrow-only">
          {incident && (
            <a class="button primary" href={href(["incidents", incident.id])}>
              Investigate
            </a>
          )}
          <Menu name="More actions" label="More">
            {() => (
              <div class="menu-actions">
                {outside.map(([label, address]) => (
                  <a key={label} class="button" href={address} target="_blank" rel="noreferrer">
                    {label} ↗
                  </a>
                ))}
                {incident && incident.end === null && <IncidentActions incident={incident} />}
                <CopyLink />
              </div>
            )}
          </Menu>
        </div>
      </div>
      <p class="sentence">{sentence(detail.sentence)}</p>
    </header>
  );
}

interface ChartsProps {
  path: string;
  window: { from: string; to: string };
  operation: string;
  detail: ServiceDetail;
  incident: IncidentItem | undefined;
}

function Charts({ path, window, operation, detail, incident }: ChartsProps) {
  const quantile = asked("q") === "p50" ? "p50" : "p95";
  const at = (metric: string, q = "") => apiAddress(`${path}/series`, { ...window, metric, q, op: operation });
  const latency = useAnswer<SeriesAnswer>(at("latency", quantile));
  const median = useAnswer<SeriesAnswer>(quantile === "p50" ? null : at("latency", "p50"));
  const calls = useAnswer<SeriesAnswer>(at("calls"));
  const errors = useAnswer<SeriesAnswer>(at("errors"));
  const answers = { latency: latency.data, median: median.data, calls: calls.data, errors: errors.data };
  const complete = answers.latency && answers.calls && answers.errors && (quantile === "p50" || answers.median);
  // Drawn when all four are of one question: a chart of two windows would be a lie.
  const same = complete && [answers.calls, answers.errors].every((one) => one!.span_name === answers.latency!.span_name);
  const series = useMemo(
    () => (same ? seriesView({ latency: answers.latency!, median: quantile === "p50" ? null : answers.median, calls: answers.calls!, errors: answers.errors! }) : null),
    [same, answers.latency, answers.median, answers.calls, answers.errors],
  );
  const detailIncident = useAnswer<IncidentDetail>(incident ? apiAddress(`incidents/${encodeURIComponent(incident.id)}`) : null).data;
  const dots = useMemo(() => (series && detailIncident ? dotsOf(detailIncident, series.service_name, series.span_name) : NO_DOTS), [detailIncident, series]);
  const anomalies = useMemo(
    () =>
      detail.incidents
        .flatMap((one) => one.anomalies)
        .filter((one) => !one.dismissed && one.service_name === series?.service_name && one.span_name === series?.span_name)
        .map(anomalyView),
    [detail, series],
  );
  const releases = useMemo(() => detail.releases.map(releaseView), [detail]);
  useZoom(series);
  const axis = useMemo(() => series && answers.latency && axisOf(series, answers.latency, boundsOf()), [series]);
  if (!series || !axis) return latency.problem ? <Trouble problem={latency.problem} /> : <Loading height={560} />;
  const csv = apiAddress(`${path}/series`, { ...window, metric: "latency", q: quantile, op: operation, format: "csv" });
  const actions = (
    <>
      <label class="select">
        <span class="sr">Operation</span>
        <select value={series.span_name} onChange={(event) => ask({ op: event.currentTarget.value }, "push")}>
          {detail.operations.map((one) => (
            <option key={one.span_name} value={one.span_name}>
              {one.span_name}
            </option>
          ))}
        </select>
      </label>
      <label class="select">
        <span class="sr">Latency</span>
        <select value={quantile} onChange={(event) => ask({ q: event.currentTarget.value }, "push")}>
          <option value="p95">p95</option>
          <option value="p50">median</option>
        </select>
      </label>
      <a class="button" href={csv} download={`${detail.service.service_name}.csv`}>
        CSV
      </a>
    </>
  );
  const note = answers.latency?.why_no_band ? `No expected range: ${answers.latency.why_no_band}` : "";
  return <DurationCharts title={`${series.span_name} per minute`} series={series} axis={axis} anomalies={anomalies} releases={releases} dots={dots} actions={actions} note={note} />;
}

function boundsOf(): { start: string; end: string } {
  const bounds = shown.peek();
  return bounds ? { start: rfc3339(bounds.start), end: rfc3339(bounds.end) } : { start: "", end: "" };
}

/** What the reader drags over becomes the address's range; a double click goes back to the range before. */
function useZoom(series: unknown): void {
  useEffect(() => {
    range.value = null; // what was zoomed is now all there is
  }, [series]);
  useEffect(() => {
    let mine = 0;
    const stopRange = range.subscribe((wanted) => {
      if (!wanted) return;
      mine += 1;
      ask({ from: rfc3339(wanted[0]), to: rfc3339(Math.max(wanted[1], wanted[0] + 1)) }, "push");
    });
    const before = unzooms.peek();
    const stopZoom = unzooms.subscribe((count) => {
      if (count === before) return;
      if (mine > 0) history.go(-mine);
      mine = 0;
    });
    return () => {
      stopRange();
      stopZoom();
      range.value = null;
    };
  }, []);
}

/** The slow traces that were kept, where they begin with this operation. */
function dotsOf(detail: IncidentDetail, service: string, span: string): Dot[] {
  const { slow } = incidentView(detail);
  return slow.flatMap((trace) => {
    const row = trace.rows.find(([of, name]) => of === service && name === span);
    return row ? [{ minute: (trace.start_seconds + row[3]) / 60, seconds: row[4] }] : [];
  });
}

function TracesPanel({ incident, links }: { incident: IncidentItem; links: Record<string, string> }) {
  const detail = useAnswer<IncidentDetail>(apiAddress(`incidents/${encodeURIComponent(incident.id)}`)).data;
  if (!detail || !detail.slow.length) return null;
  return <Traces incident={incidentView(detail)} culprit={incident.cause} links={links} />;
}

interface PathProps {
  path: string;
  window: { from: string; to: string };
  name: string;
  incident: IncidentItem | undefined;
}

/** During an incident its own arithmetic, else the window against the rest. */
function PathPanel({ path, window, name, incident }: PathProps) {
  const paths = useAnswer<PathItem[]>(apiAddress(`${path}/paths`, window)).data;
  const detail = useAnswer<IncidentDetail>(incident ? apiAddress(`incidents/${encodeURIComponent(incident.id)}`) : null).data;
  const to = (service: string) => href(["services", service]);
  if (detail && detail.contributions.length) {
    return (
      <Panel id="why" title="Why" note="incident against usual minutes; mean of whole traces, where the charts show quantiles">
        <PathBars incident={incidentView(detail)} culprit={incident?.cause ?? ""} hrefOf={to} />
      </Panel>
    );
  }
  if (!paths) return <Loading height={200} />;
  const first = paths[0];
  return (
    <Panel id="why" title="Where the time goes" note="mean of whole traces: this window against all other quiet minutes">
      {first ? (
        <PathBars
          incident={{
            entry: `${first.entry_service} ${first.entry_name}`,
            usual_seconds: first.usual_seconds,
            now_seconds: first.now_seconds,
            contributions: first.parts,
          }}
          culprit=""
          hrefOf={to}
        />
      ) : (
        <Empty>No whole trace passes through {name}.</Empty>
      )}
    </Panel>
  );
}

function Neighbours({ detail }: { detail: ServiceDetail }) {
  const list = (title: string, all: ServiceDetail["callers"]) => (
    <div>
      <h3>{title}</h3>
      {all.length ? (
        <ul class="neighbours">
          {all.map((one) => (
            <li key={one.service_name}>
              <a href={href(["services", one.service_name])}>{one.service_name}</a>
              <span class="quiet">
                {plural(one.calls, "call")}
                {one.errors > 0 && `, ${plural(one.errors, "error")}`}
              </span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="quiet">none</p>
      )}
    </div>
  );
  return (
    <Panel id="neighbours" title="Dependencies">
      <div class="pair tight">
        {list("Called by", detail.callers)}
        {list("Calls", detail.callees)}
      </div>
    </Panel>
  );
}

