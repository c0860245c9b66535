// A section of a page: its title, what the numbers mean, its controls and its content.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  id: string;
  title: string;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ id, title, note, actions, children }: Props) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {note && <p class="note">{note}</p>}
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** Says what is missing and what to do about it. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** What is wide scrolls inside itself, and can then be reached by keyboard. */
interface ScrollProps {
  label: string;
  className?: string;
  height?: number | undefined; // pixels, beyond which it scrolls downwards too
  children: ComponentChildren;
}

export function Scroll({ label, className = "", height, children }: ScrollProps) {
  const host = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => setScrolls(element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const reach = scrolls ? { role: "group" as const, "aria-label": label, tabIndex: 0 } : {};
  return (
    <div ref={host} class={`scroll ${className}`} style={height ? { maxHeight: `${height}px` } : {}} {...reach}>
      {children}
    </div>
  );
}
