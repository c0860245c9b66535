// One incident on one printable page: what happened, why we think so, what to do, what to look at, when what was noticed.
import { Advice } from "../components/Advice";
import { Answer } from "../components/Answer";
import { Differences } from "../components/Differences";
import { CopyLink, Exports, IncidentActions } from "../components/IncidentActions";
import { Onsets, Why } from "../components/Incident";
import { Strips as CourseStrips } from "../components/CourseStrips";
import { Menu } from "../components/Menu";
import { Panel } from "../components/Panel";
import { PathBars } from "../components/PathBars";
import { Caret } from "../components/RangePicker";
import { Pill, Shape } from "../components/Status";
import { Timeline } from "../components/Timeline";
import { Traces } from "../components/Traces";
import { Loading, Trouble } from "../components/Trouble";
import { culpritOf } from "../culprit";
import { length, number, period, plural } from "../format";
import { href } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { minuteOf, rfc3339 } from "../live/instants";
import { useTitle } from "../live/title";
import { adviceViews, type IncidentDetail, incidentView, type Status } from "../live/views";

const AROUND = 60; // minutes before and after, on the way to a service's charts

export function Incident({ id }: { id: string }) {
  const { data, problem } = useAnswer<IncidentDetail>(apiAddress(`incidents/${encodeURIComponent(id)}`));
  const status = useAnswer<Status>(apiAddress("")).data;
  useTitle(data?.incident.headline ?? id);
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={500} />;
  const { incident: item } = data;
  const view = incidentView(data);
  const culprit = culpritOf(view);
  const advice = adviceViews(data.advice, item.cause);
  const end = view.end ?? minuteOf(status?.end) ?? view.onset + item.minutes;
  // The way to a service shows the time of the incident, whatever range the reader came with.
  const around = { from: rfc3339(view.onset - AROUND), to: view.end === null ? "" : rfc3339(end + AROUND) };
  const to = (name: string) => href(["services", name], around);
  return (
    <article class="incident-page">
      {problem && <Trouble problem={problem} stale />}
      <header class="page-head">
        <p class="crumbs">
          <a href={href([])}>Overview</a> / Incidents /
        </p>
        <div class="page-title">
          <h1>
            <Shape status={view.severity} size={18} quiet /> <span>{view.headline}</span>
          </h1>
          <Pill status={view.severity} />
          <div class="actions wide-only">
            <IncidentActions incident={item} />
            <CopyLink />
            <Menu name="Export for a post-mortem" label={<>Export <Caret /></>}>
              {() => <Exports incident={item} />}
            </Menu>
          </div>
          <div class="actions narrow-only">
            <Menu name="More actions" label="More">
              {() => (
                <div class="menu-actions">
                  <IncidentActions incident={item} />
                  <CopyLink />
                  <Exports incident={item} />
                </div>
              )}
            </Menu>
          </div>
        </div>
        <p class="sentence">
          {item.id} · {period(view.onset, view.end)} UTC, {length(item.minutes)}
          {view.end === null ? ", goes on" : ", over"} · {plural(item.services.length, "service")} · confidence {number(item.confidence, 2)}
        </p>
      </header>
      <Answer incident={view} advice={advice} cause={item.cause} />
      <Panel id="happened" title="1 · What happened" note="in the order it began">
        <Onsets incident={view} linkTo={(anomaly) => ({ href: href(["services", anomaly.service_name], { ...around, op: anomaly.span_name }) })} title={false} />
      </Panel>
      <section class="panel" id="why" aria-labelledby="why-title">
        <div class="panel-head">
          <h2 id="why-title">2 · Why we think so</h2>
        </div>
        <div class="incident-body plain">
          <div class="column">
            {view.contributions.length > 0 && <PathBars incident={view} culprit={culprit} hrefOf={to} />}
          </div>
          <div class="column">
            <Why incident={view} title="For it" />
          </div>
        </div>
      </section>
      {item.cause && <Differences service={item.cause} window={{ from: item.onset, to: rfc3339(end) }} />}
      <Advice advice={advice} title="3 · What to do" few={3} />
      <CourseStrips incident={view} title="4 · Look yourself" end={end} hrefOf={to} />
      {view.slow.length > 0 && <Traces incident={view} culprit={culprit} links={status?.links ?? {}} />}
      <Timeline moments={data.timeline} title="5 · Timeline" />
    </article>
  );
}
