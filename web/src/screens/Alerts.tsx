// Who is told of what, what is held back and until when, and what was said to be no anomaly; everything can be undone.
import { useState } from "preact/hooks";
import { Empty, Panel, Scroll } from "../components/Panel";
import { SilenceForm } from "../components/SilenceForm";
import { Pill } from "../components/Status";
import { Loading, Trouble } from "../components/Trouble";
import { moment, plural, words } from "../format";
import { href } from "../live/address";
import { apiAddress, problemOf, send, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { minuteOf } from "../live/instants";
import { mayChange } from "../live/session";
import { useTitle } from "../live/title";
import { severityOf } from "../live/views";

type Schemas = components["schemas"];
type Channel = Schemas["ChannelItem"];
type Silence = Schemas["SilenceItem"];
type Feedback = Schemas["FeedbackItem"];
type Tested = Schemas["AlertTest"];

export function Alerts() {
  const channels = useAnswer<Channel[]>(apiAddress("alerts"));
  const silences = useAnswer<Silence[]>(apiAddress("snoozes"));
  const feedback = useAnswer<Feedback[]>(apiAddress("feedback"));
  useTitle("Alerts");
  const problem = channels.problem ?? silences.problem ?? feedback.problem;
  if (!channels.data || !silences.data || !feedback.data) return problem ? <Trouble problem={problem} /> : <Loading height={400} />;
  return (
    <>
      <h1 class="sr">Alerts</h1>
      {problem && <Trouble problem={problem} stale />}
      <Channels channels={channels.data} />
      <Silences silences={silences.data} />
      <FeedbackPanel feedback={feedback.data} />
    </>
  );
}

function Channels({ channels }: { channels: Channel[] }) {
  const admin = mayChange.value;
  const [tested, setTested] = useState<Tested[] | null>(null);
  const [fault, setFault] = useState("");
  const [busy, setBusy] = useState(false);
  const test = () => {
    setBusy(true);
    setFault("");
    send<Tested[]>("POST", "alerts/test", {})
      .then(setTested, (error: unknown) => setFault(problemOf(error).detail))
      .finally(() => setBusy(false));
  };
  const button = channels.length > 0 && admin && (
    <button type="button" onClick={test} disabled={busy}>
      {busy ? "Sending …" : "Send a test"}
    </button>
  );
  return (
    <Panel id="channels" title="Who is told" note="one message when an incident opens, one when its cause changes, one when it ends" actions={button}>
      {channels.length ? (
        <Scroll label="Channels">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">Channel</th>
                <th scope="col">Hears of</th>
                <th scope="col" class="n">Sent</th>
                <th scope="col" class="n">Failed</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {channels.map((one) => {
                const answer = tested?.find((each) => each.channel === one.name);
                const trouble = answer?.problem || one.problem;
                return (
                  <tr key={one.name}>
                    <th scope="row">{one.name}</th>
                    <td data-name="hears of">
                      <Pill status={severityOf(one.least_severity)} /> <span class="quiet">{one.least_severity === "critical" ? "only" : "and worse"}</span>
                    </td>
                    <td class="n" data-name="sent">{one.sent.toLocaleString("en-GB")}</td>
                    <td class="n" data-name="failed">{one.failed.toLocaleString("en-GB")}</td>
                    <td class={trouble ? "wrap fault" : "wrap"} data-name="state">{trouble || (answer ? "the test was taken" : "fine")}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>
          Nobody is told: no channel is set. Set <code>alerts.alertmanager_url</code>, <code>alerts.webhook_url</code> or <code>alerts.slack_url</code> in the
          server's settings.
        </Empty>
      )}
      <span role="status" class="sr">
        {tested && `Test sent: ${tested.map((one) => `${one.channel} ${one.problem || "taken"}`).join(", ")}`}
      </span>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </Panel>
  );
}

function Silences({ silences }: { silences: Silence[] }) {
  const admin = mayChange.value;
  const [fault, setFault] = useState("");
  const end = (id: string) => {
    setFault("");
    send("DELETE", `snoozes/${encodeURIComponent(id)}`).catch((error: unknown) => setFault(problemOf(error).detail));
  };
  return (
    <Panel id="silences" title="Held back" note="watching and recording go on; every silence has an end">
      {silences.length ? (
        <Scroll label="Snoozes and maintenance">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Kind</th>
                <th scope="col">From</th>
                <th scope="col">Until</th>
                <th scope="col">Why</th>
                {admin && (
                  <th scope="col">
                    <span class="sr">Action</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {silences.map((one) => (
                <tr key={one.id}>
                  <th scope="row">{target(one)}</th>
                  <td data-name="kind">{one.kind}</td>
                  <td data-name="from">{when(one.start)}</td>
                  <td data-name="until">{one.until === "resolved" ? "it is over" : when(one.until)}</td>
                  <td class="wrap" data-name="why">
                    {one.reason || "–"} {one.author && <span class="quiet">by {one.author}</span>}
                  </td>
                  {admin && (
                    <td class="n">
                      <button type="button" onClick={() => end(one.id)}>
                        End now
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>Nothing is held back.</Empty>
      )}
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {admin && <SilenceForm />}
    </Panel>
  );
}

function target(one: Silence) {
  if (one.incident_id) return <a href={href(["incidents", one.incident_id])}>{one.incident_id}</a>;
  return one.service_name ? <a href={href(["services", one.service_name])}>{one.service_name}</a> : "everything";
}

function FeedbackPanel({ feedback }: { feedback: Feedback[] }) {
  const admin = mayChange.value;
  const [fault, setFault] = useState("");
  const undo = (id: string) => {
    setFault("");
    send("DELETE", `feedback/${encodeURIComponent(id)}`).catch((error: unknown) => setFault(problemOf(error).detail));
  };
  return (
    <Panel id="feedback" title="Said to be no anomaly" note={feedback.length ? plural(feedback.length, "rule") : ""}>
      {feedback.length ? (
        <Scroll label="Feedback">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">Operation</th>
                <th scope="col">Kind</th>
                <th scope="col">Said</th>
                <th scope="col">What it does</th>
                {admin && (
                  <th scope="col">
                    <span class="sr">Action</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {feedback.map((one) => (
                <tr key={one.id}>
                  <th scope="row">
                    <a href={href(["services", one.service_name], { op: one.span_name })}>
                      <b>{one.service_name}</b> {one.span_name}
                    </a>
                  </th>
                  <td data-name="kind">{words(one.kind)}</td>
                  <td data-name="said">
                    {when(one.time)} {one.author && <span class="quiet">by {one.author}</span>}
                  </td>
                  <td class="wrap" data-name="effect">
                    {one.effect}
                    {one.comment && <span class="quiet"> ({one.comment})</span>}
                  </td>
                  {admin && (
                    <td class="n">
                      <button type="button" onClick={() => undo(one.id)}>
                        Undo
                      </button>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>Nothing yet. “Not an anomaly” on an incident ends its alerts, and those of its like; here it can be undone.</Empty>
      )}
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </Panel>
  );
}

function when(time: string): string {
  const minute = minuteOf(time);
  return minute === null ? time : moment(minute);
}
