// A button with a panel below it: closed by Escape, by a click elsewhere, and by what is chosen in it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: ComponentChildren;
  name: string; // what the panel is called
  className?: string;
  opener?: number; // each new value opens it: a key was pressed
  children: (close: () => void) => ComponentChildren;
}

export function Menu({ label, name, className = "", opener = 0, children }: Props) {
  const [open, setOpen] = useState(false);
  const host = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    if (host.current?.contains(document.activeElement)) button.current?.focus();
  };
  useEffect(() => {
    if (opener) setOpen(true);
  }, [opener]);
  useEffect(() => {
    if (!open) return undefined;
    host.current?.querySelector<HTMLElement>(".menu-panel :is(button, input, a)")?.focus();
    const outside = (event: PointerEvent) => {
      if (!host.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  const escape = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    close();
  };
  return (
    <div ref={host} class={`menu ${className}`} onKeyDown={escape}>
      <button ref={button} type="button" aria-expanded={open} aria-haspopup="dialog" title={name} onClick={() => setOpen(!open)}>
        {label}
      </button>
      {open && (
        <div class="menu-panel" role="dialog" aria-label={name}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
