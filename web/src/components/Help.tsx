// What the keys do.
import { useEffect, useRef } from "preact/hooks";

const KEYS: [keys: string[], what: string][] = [
  [["/"], "search services"],
  [["j", "k"], "next and previous row"],
  [["Enter"], "open the row"],
  [["g o"], "Overview"],
  [["g s"], "Services"],
  [["g c"], "Scaling"],
  [["g a"], "Alerts"],
  [["g d"], "Data"],
  [["t"], "time range"],
  [["[", "]"], "window before and after"],
  [["i"], "investigate the incident"],
  [["s"], "snooze"],
  [["x"], "not an anomaly"],
  [["y"], "copy a link that shows the same for ever"],
  [["d"], "dark or light"],
  [["←", "→"], "along a chart, with Shift by ten; on the map from service to service"],
  [["Esc"], "close, or show all of a chart"],
];

export function Help({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="panel help" aria-labelledby="help-title" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <h2 id="help-title">Keyboard</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
