// Announces maintenance: of a service or of everything, from now or later, with an end.
import { useState } from "preact/hooks";
import { apiAddress, problemOf, send, useAnswer } from "../live/answers";
import { pasted } from "../live/instants";
import type { ServiceItem } from "../live/views";

const LASTS: [lasts: string, name: string][] = [
  ["30m", "30 minutes"],
  ["1h", "1 hour"],
  ["2h", "2 hours"],
  ["4h", "4 hours"],
  ["1d", "1 day"],
];

export function SilenceForm() {
  const services = useAnswer<ServiceItem[]>(apiAddress("services")).data;
  const [service, setService] = useState("");
  const [start, setStart] = useState("");
  const [lasts, setLasts] = useState("1h");
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const begin = start.trim() ? pasted(start) : "";
    if (begin === null) return setFault(`“${start}” is no time: write 2026-03-01 12:00, in UTC`);
    setFault("");
    try {
      await send("POST", "snoozes", { service_name: service, start: begin, lasts, reason, kind: "maintenance" });
      setStart("");
      setReason("");
    } catch (error) {
      const problem = problemOf(error);
      setFault([problem.detail, problem.hint].filter(Boolean).join(": "));
    }
  };
  return (
    <form class="silence" onSubmit={submit} aria-label="Announce maintenance">
      <h3>Announce maintenance</h3>
      <div class="fields">
        <div>
          <label for="silence-of">Of</label>
          <select id="silence-of" value={service} onChange={(event) => setService(event.currentTarget.value)}>
            <option value="">everything</option>
            {services
              ?.map((one) => one.service_name)
              .sort()
              .map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
          </select>
        </div>
        <div>
          <label for="silence-from">From (UTC)</label>
          <input id="silence-from" value={start} placeholder="now" spellcheck={false} onInput={(event) => setStart(event.currentTarget.value)} />
        </div>
        <div>
          <label for="silence-for">For</label>
          <select id="silence-for" value={lasts} onChange={(event) => setLasts(event.currentTarget.value)}>
            {LASTS.map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <div class="grow">
          <label for="silence-why">Why</label>
          <input id="silence-why" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
        </div>
        <button type="submit">Hold back alerts</button>
      </div>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}
