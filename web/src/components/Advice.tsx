// What to tune: what is set now, what is advised, within which bounds, how sure, and why.
import { useState } from "preact/hooks";
import type { AdviceView } from "../document";
import { durations, number, sentence, setting, words } from "../format";
import { CopyText } from "./CopyText";
import { Empty, Panel, Scroll } from "./Panel";

const ACTIONS: Record<AdviceView["action"], string> = { set: "Change", keep: "Keep", cannot_say: "Cannot say" };

interface Props {
  advice: AdviceView[];
  title?: string;
  few?: number; // shown before the reader asks for all
  whatIf?: number; // position of the advice whose what-ifs the page holds
}

export function Advice({ advice, title = "Advice", few = 10, whatIf = -1 }: Props) {
  const [all, showAll] = useState(false);
  if (!advice.length) {
    return (
      <Panel id="advice" title={title}>
        <Empty>No advice: nothing was seen that a setting could mend.</Empty>
      </Panel>
    );
  }
  const first = Math.min(few, Math.max(1, advice.filter((one) => !one.is_minor).length)); // what asks for nothing comes last
  const shown = all ? advice : advice.slice(0, first);
  return (
    <Panel id="advice" title={title} note="nothing was changed; each line says why">
      <Scroll label="Advice">
        <table class="advice cards inline">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col" class="n">Now</th>
              <th scope="col" class="n">Advised</th>
              <th scope="col" class="n">Range</th>
              <th scope="col">Confidence</th>
              <th scope="col">Reason</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one, at) => (
              <Row key={at} one={one} isAsked={at === (whatIf < first ? whatIf : 0)} />
            ))}
          </tbody>
        </table>
      </Scroll>
      {advice.length > first && (
        <button type="button" onClick={() => showAll(!all)} aria-expanded={all}>
          {all ? "Show fewer" : `Show all ${advice.length}${folded(advice.slice(first))}`}
        </button>
      )}
    </Panel>
  );
}

// What the lines behind the button say, so that nobody has to look to know that nothing is missed.
function folded(rest: AdviceView[]): string {
  const keep = rest.filter((one) => one.action === "keep").length;
  const open = rest.filter((one) => one.action === "cannot_say").length;
  const said = [keep && `${keep} say keep`, open && `${open} cannot be said yet`].filter(Boolean);
  return said.length ? `: ${said.join(", ")}` : "";
}

function amount(value: number | null, unit: string): string {
  if (value === null) return "–";
  if (unit === "%") return `${number(value)} %`;
  return unit === "s" ? setting(value) : number(value);
}

function advised(one: AdviceView): string {
  if (one.action === "cannot_say") return "cannot say";
  if (one.target === null) return deed(one);
  return one.action === "keep" ? `keep ${amount(one.target, one.unit)}` : amount(one.target, one.unit);
}

// Advice without a number: its unit names the version or the attribute.
function deed(one: AdviceView): string {
  if (one.knob === "rollback") return `${one.action === "keep" ? "stay off" : "roll back"} ${one.unit}`.trim();
  if (one.knob === "placement") return `off ${one.unit}`;
  return one.knob === "instrumentation" ? `set ${one.unit}` : "keep";
}

function Row({ one, isAsked }: { one: AdviceView; isAsked: boolean }) {
  const [first, ...rest] = one.reasons;
  const bounds = one.lower === null || one.upper === null ? "–" : one.unit === "s" ? durations(one.lower, one.upper) : one.lower === one.upper ? number(one.lower) : `${number(one.lower)}–${number(one.upper)}`;
  return (
    <tr class={one.action}>
      <th scope="row">
        <b>{one.target_service}</b>
        {one.peer && ` → ${one.peer}`} <span class="knob">{words(one.knob)}</span>
        <span class="sr"> {ACTIONS[one.action]}</span>
      </th>
      <td class={one.current === null ? "n none" : "n"} data-name="now">{amount(one.current, one.unit)}</td>
      <td class="n strong" data-name="advised">{advised(one)}</td>
      <td class={bounds === "–" ? "n none" : "n"} data-name="range">{bounds}</td>
      <td data-name="confidence">{one.confidence}</td>
      <td class="wrap reason">
        <p>
          {first && sentence(first)} {isAsked && <a href="#whatif">What if?</a>}
        </p>
        {rest.length > 0 && <p class="note">{rest.map(sentence).join(" ")}</p>}
        {one.effect && (
          <p>
            <span class="note">Effect</span> {sentence(one.effect)}
          </p>
        )}
        {one.risk && (
          <p>
            <span class="note">Risk</span> {sentence(one.risk)}
          </p>
        )}
        {one.unlock && (
          <p>
            <span class="note">Would help</span> {sentence(one.unlock)}
          </p>
        )}
        {one.patch && <Patch text={one.patch} />}
      </td>
    </tr>
  );
}

function Patch({ text }: { text: string }) {
  return (
    <details class="patch">
      <summary>Patch (YAML)</summary>
      <CopyText text={text} name="Copy patch" />
    </details>
  );
}
