// The incident for somebody who was just woken: what is wrong, why, and what to do first, in three sentences.
import type { AdviceView, IncidentView } from "../document";
import { duration, number, sentence, setting, words } from "../format";
import { mayEnd } from "../remedy";
import { CAUSES, observed } from "./Incident";

interface Props {
  incident: IncidentView;
  advice: AdviceView[]; // the cause's own first
  cause: string; // the service blamed; "" where nobody is
}

export function Answer({ incident, advice, cause }: Props) {
  const first = advice.find((one) => mayEnd(one, incident.causes[0]) && (!cause || one.target_service === cause || one.peer === cause));
  return (
    <section class={`panel answer ${incident.severity || "normal"}`} aria-label="In short">
      <div>
        <h2>What</h2>
        <p>{what(incident)}</p>
      </div>
      <div>
        <h2>Why</h2>
        <p>{why(incident)}</p>
      </div>
      <div>
        <h2>Do first</h2>
        <p>
          {first ? (
            <>
              <b>{deed(first)}</b> <span class="quiet">({first.confidence} confidence)</span>
            </>
          ) : (
            "No setting would mend it, as far as the spans say. Look at the traces below."
          )}
        </p>
      </div>
    </section>
  );
}

function what(incident: IncidentView): string {
  const { entry, usual_seconds: usual, now_seconds: now } = incident;
  const verb = incident.end === null ? "takes" : "took";
  if (entry && usual !== null && now !== null && now > usual * 1.05) return `${entry} ${verb} ${duration(now)} on average, usually ${duration(usual)}.`;
  const worst = incident.anomalies[0];
  if (!worst) return incident.headline;
  const [seen, expected] = observed(worst);
  return `${worst.service_name} ${worst.span_name}: ${seen}, expected ${expected}.`;
}

function why(incident: IncidentView): string {
  const [cause] = incident.causes;
  if (!cause) return "No cause stands out: no service's own time on the critical path grew clearly.";
  const part = incident.contributions.find((one) => one.service_name === cause.service_name);
  const release = incident.release ? ` It began after ${incident.release}.` : "";
  const { usual_seconds: usual, now_seconds: now, share_of_rise: share } = part ?? { usual_seconds: null, now_seconds: null, share_of_rise: null };
  if (part && cause.kind === "own_time" && usual !== null && now !== null && share !== null && share > 0) {
    return `The own time of ${cause.service_name} grew from ${duration(usual)} to ${duration(now)}: ${part.of_the_rise}.${release}`;
  }
  const [evidence] = cause.evidence;
  return `${cause.service_name}: ${evidence ? sentence(evidence) : `${CAUSES[cause.kind]}.`}${release}`;
}

function deed(one: AdviceView): string {
  if (one.knob === "rollback") return one.action === "keep" ? `Stay off ${one.unit} of ${one.target_service}` : `Roll back ${one.target_service} from ${one.unit}`;
  const whose = one.peer ? `${one.target_service} → ${one.peer}` : one.target_service;
  const value = one.target === null ? one.unit : one.unit === "s" ? setting(one.target) : one.unit === "%" ? `${number(one.target)} %` : number(one.target);
  return `Set ${words(one.knob)} of ${whose} to ${value}`;
}
