// Finds a service, an operation or an incident by a part of its name.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { apiAddress, useAnswer } from "../live/answers";
import { from, go, href, to } from "../live/address";
import { useKeys } from "../live/keys";
import type { IncidentItem, ServiceItem } from "../live/views";
import { severityOf } from "../live/views";
import { Shape, type Status } from "./Status";
import { statusOf } from "../live/statuses";

const MOST = 12;

export function Search() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const ask = () => {
    // At once, not at the next frame: the letters that follow the key are meant for the field.
    if (!open) dialog.current?.showModal();
    setOpen(true);
  };
  const close = () => dialog.current?.close();
  const clear = () => {
    setOpen(false);
    setText("");
  };
  useKeys({ "/": ask, "Ctrl k": ask });
  return (
    <>
      <button type="button" class="searchbutton" onClick={ask}>
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <circle cx="7" cy="7" r="4.75" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="m10.5 10.5 4 4" stroke="currentColor" stroke-width="1.5" />
        </svg>
        <span>Search services, incidents</span>
        <kbd aria-hidden="true">/</kbd>
      </button>
      <dialog ref={dialog} class="panel search" aria-label="Search" onClose={clear} onClick={(event) => event.target === dialog.current && close()}>
        <Finder open={open} text={text} setText={setText} close={close} />
      </dialog>
    </>
  );
}

interface Found {
  address: string;
  name: string;
  more: string;
  status: Status;
}

interface FinderProps {
  open: boolean;
  text: string;
  setText: (text: string) => void;
  close: () => void;
}

function Finder({ open, text, setText, close }: FinderProps) {
  const [at, setAt] = useState(0);
  const window = { from: from.value, to: to.value };
  const services = useAnswer<ServiceItem[]>(open ? apiAddress("services", window) : null).data;
  const incidents = useAnswer<IncidentItem[]>(open ? apiAddress("incidents") : null).data;
  const found = useMemo(() => find(text, services ?? [], incidents ?? []), [text, services, incidents]);
  useEffect(() => setAt(0), [open]);
  const visit = (one: Found | undefined) => {
    if (!one) return;
    close();
    go(one.address);
  };
  const key = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      event.preventDefault();
      setAt(Math.min(Math.max(at + by, 0), found.length - 1));
    }
  };
  return (
    <>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          visit(found[at]);
        }}
      >
        <input
          type="search"
          aria-label="Service or incident"
          placeholder="Service or incident"
          role="combobox"
          list={undefined}
          aria-expanded="true"
          aria-controls="found"
          aria-activedescendant={found.length ? `found-${at}` : undefined}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onKeyDown={key}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
        />
      </form>
      <ul id="found" role="listbox" aria-label="Found">
        {found.map((one, row) => (
          <li key={one.address} id={`found-${row}`} role="option" aria-selected={row === at} onClick={() => visit(one)} onMouseMove={() => setAt(row)}>
            <Shape status={one.status} /> <b>{one.name}</b> <span class="quiet">{one.more}</span>
          </li>
        ))}
      </ul>
      {!found.length && <p class="empty">{services ? `Nothing has “${text}” in its name.` : "Loading …"}</p>}
    </>
  );
}

function find(text: string, services: ServiceItem[], incidents: IncidentItem[]): Found[] {
  const wanted = text.trim().toLowerCase();
  const has = (...names: string[]) => names.some((name) => name.toLowerCase().includes(wanted));
  const first = (name: string) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  const ours = services
    .filter((one) => has(one.service_name))
    .sort((a, b) => first(a.service_name) - first(b.service_name))
    .map((one) => ({ address: href(["services", one.service_name]), name: one.service_name, more: one.kind.replaceAll("_", " "), status: statusOf(one) }));
  const happened = incidents
    .filter((one) => has(one.id, one.headline))
    .map((one) => ({ address: href(["incidents", one.id]), name: one.id, more: one.headline, status: severityOf(one.severity) }));
  return (wanted ? [...ours, ...happened] : [...happened.slice(0, 3), ...ours]).slice(0, MOST);
}
