// The service map: grey is normal, colour is news. Positions come with the data and depend on the topology alone.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { MapEdge, MapNode, ServiceMap as Map } from "../document";
import { duration, plural, shortCount } from "../format";
import { curve, nearest } from "../geometry";
import { judged } from "../state";
import { useWidth } from "../width";
import { Empty, Panel, Scroll } from "./Panel";
import { classOf, Glyph, isNews, type Status, wordOf } from "./Status";

const TEXT = "12px Inter, system-ui, sans-serif"; // as style.css has it: names are cut before they touch the number
const MOST_SQUEEZE = 1.1; // of a name, before it is cut
const LEAST_SCALE = 0.64; // of the widths: below it names say nothing; then the map scrolls
const MOST_SCALE = 1.15;
const MANY_NODES = 80; // of which hovering dims nothing: it would repaint them all

interface Props {
  map: Map;
  statusOf?: (node: MapNode) => Status;
  hrefOf?: (name: string) => string;
  controls?: ComponentChildren;
  total?: number; // services in all, where not all are on it
  height?: number; // beyond it the map scrolls inside itself
  empty?: string; // what to say where there is nothing on it
}

export function ServiceMap({ map, statusOf = (node) => node.severity, hrefOf, controls, total, height, empty = "No service was seen." }: Props) {
  const [host, width] = useWidth<HTMLDivElement>(900);
  const scale = Math.min(Math.max((width - 2) / Math.max(map.width, 1), LEAST_SCALE), MOST_SCALE);
  const drawn = useMemo(() => stretch(map, Math.round(scale * 50) / 50), [map, scale]);
  if (!map.nodes.length) {
    return (
      <Panel id="map" title="Service map" actions={controls}>
        <Empty>{empty}</Empty>
      </Panel>
    );
  }
  const stores = map.nodes.some((node) => node.kind);
  const of = total && total > map.nodes.length ? ` of ${total}` : "";
  const counted = `${map.nodes.length}${of} ${map.nodes.length === 1 && !of ? "service" : "services"}${stores ? " and stores" : ""}`;
  return (
    <Panel
      id="map"
      title="Service map"
      note={`${counted}, ${plural(map.edges.length, "connection")}; number: p95`}
      actions={controls}
    >
      <div ref={host} class="map-place">
        <Drawing map={drawn} statusOf={statusOf} hrefOf={hrefOf} height={height} />
      </div>
      <MapLegend statuses={new Set(map.nodes.map(statusOf))} />
    </Panel>
  );
}

/** The same map made narrower or wider: text keeps its size. */
function stretch(map: Map, scale: number): Map {
  return {
    ...map,
    width: map.width * scale,
    node_width: map.node_width * scale,
    nodes: map.nodes.map((node) => ({ ...node, x: node.x * scale })),
    edges: map.edges.map((edge) => ({ ...edge, points: edge.points.map(([x, y]) => [x * scale, y]) })),
  };
}

interface DrawingProps {
  map: Map;
  statusOf: (node: MapNode) => Status;
  hrefOf: ((name: string) => string) | undefined;
  height: number | undefined;
}

function Drawing({ map, statusOf, hrefOf, height }: DrawingProps) {
  const svg = useRef<SVGSVGElement>(null);
  const { width, height: full } = map;
  useEffect(() => {
    const box = svg.current?.parentElement;
    const news = map.nodes.filter((node) => isNews(node.severity));
    if (!box || !news.length) return;
    const middle = (along: "x" | "y") => news.reduce((sum, node) => sum + node[along], 0) / news.length;
    box.scrollLeft = middle("x") - box.clientWidth / 2;
    if (height) box.scrollTop = middle("y") - height / 2;
  }, [map.nodes.length, full, width]);
  // Classes are set on what is there: rendering anew on every hover would be felt on a large map.
  const mark = (name: string | null) => {
    const drawing = svg.current;
    if (!drawing) return;
    drawing.classList.toggle("dimmed", name !== null && map.nodes.length <= MANY_NODES);
    const touched = name === null ? new Set<string>() : neighbours(map, name);
    for (const element of drawing.querySelectorAll<SVGElement>("[data-name]")) element.classList.toggle("near", touched.has(element.dataset.name ?? ""));
    for (const element of drawing.querySelectorAll<SVGElement>("[data-ends]")) element.classList.toggle("near", name !== null && JSON.parse(element.dataset.ends ?? "[]").includes(name));
  };
  const move = (event: KeyboardEvent) => {
    const from = (event.target as Element).closest<SVGElement>("[data-name]")?.dataset.name;
    const next = from === undefined ? null : nearest(map.nodes, from, event.key);
    if (next === null) return;
    event.preventDefault();
    for (const element of svg.current?.querySelectorAll<SVGElement>("[data-name]") ?? []) {
      if (element.dataset.name === next) (element.querySelector<SVGElement>("a") ?? element).focus();
    }
  };
  const order = useMemo(() => [...map.nodes].sort((a, b) => a.x - b.x || a.y - b.y), [map]);
  return (
    <Scroll label="Service map" className="map" height={height}>
      <svg ref={svg} class={map.nodes.length > MANY_NODES ? "crowded" : ""} viewBox={`0 0 ${width} ${full}`} style={{ width: `${width}px`, height: `${full}px` }} onKeyDown={move}>
        <defs>
          {["", "slow"].map((kind) => (
            <marker key={kind} id={`arrow${kind}`} class={`arrow ${kind}`} viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse" orient="auto">
              <path d="M0 .5 6 3 0 5.5z" />
            </marker>
          ))}
        </defs>
        {map.edges.map((edge) => (
          <Edge key={`${edge.client} ${edge.server}`} edge={edge} />
        ))}
        {order.map((node) => (
          <Node key={node.service_name} node={node} map={map} status={statusOf(node)} href={hrefOf?.(node.service_name)} onNear={mark} />
        ))}
      </svg>
    </Scroll>
  );
}

function neighbours(map: Map, name: string): Set<string> {
  const found = new Set([name]);
  for (const edge of map.edges) {
    if (edge.client === name) found.add(edge.server);
    if (edge.server === name) found.add(edge.client);
  }
  return found;
}

function Edge({ edge }: { edge: MapEdge }) {
  const failed = edge.errors ? `, ${plural(edge.errors, "error")}` : "";
  return (
    <path
      class={edge.on_slow_path ? "edge slow" : "edge"}
      data-ends={JSON.stringify([edge.client, edge.server])}
      d={curve(edge.points)}
      marker-end={`url(#arrow${edge.on_slow_path ? "slow" : ""})`}
    >
      <title>{`${edge.client} → ${edge.server}: ${plural(edge.calls, "call")}${failed}`}</title>
    </path>
  );
}

interface NodeProps {
  node: MapNode;
  map: Map;
  status: Status;
  href: string | undefined;
  onNear: (name: string | null) => void;
}

// What a thing is, where its status is no news: a drum for databases, lines for queues, an arrow out for what has no spans.
const KINDS: Record<string, string> = {
  database: "M1.5 3c0-2.4 9-2.4 9 0v6c0 2.4-9 2.4-9 0zM1.5 3c0 2.4 9 2.4 9 0",
  messaging_system: "M1.5 2.5h9M1.5 6h9M1.5 9.5h9",
  virtual_node: "M5 2H2v8h8V7M7 1.5h3.5V5M10.5 1.5 5.5 6.5",
};

const pen = document.createElement("canvas").getContext("2d");

function widthOf(text: string, isBold: boolean): number {
  if (!pen) return text.length * 7.4;
  pen.font = `${isBold ? "600 " : ""}${TEXT}`;
  return pen.measureText(text).width;
}

function cut(name: string, room: number, isBold: boolean): string {
  if (widthOf(name, isBold) <= room) return name;
  let kept = name.length - 1;
  while (kept > 3 && widthOf(`${name.slice(0, kept)}…`, isBold) > room) kept--;
  return `${name.slice(0, kept)}…`;
}

function Node({ node, map, status, href, onNear }: NodeProps) {
  const { node_width: width, node_height: height } = map;
  const figure = node.p95 === null ? (node.calls ? `${shortCount(node.calls)} calls` : "") : duration(node.p95);
  const isBold = isNews(status);
  const oneLine = widthOf(node.service_name, isBold) + widthOf(figure, isBold) <= width - 43;
  const room = width - 33;
  const long = widthOf(node.service_name, isBold);
  const squeezed = !oneLine && long > room && long <= room * MOST_SQUEEZE;
  const name = oneLine || squeezed ? node.service_name : cut(node.service_name, room, isBold);
  const [nameY, figureY] = oneLine ? [height / 2 + 4, height / 2 + 4] : [height / 2 - 2, height / 2 + 11];
  const classes = ["node", classOf(status), node.is_cause ? "cause" : "", node.kind ? "store" : "", status === "learning" ? "learning" : ""].join(" ");
  const said = `${wordOf(status)}${node.is_cause ? ", likely cause" : ""}`;
  const told = `${node.service_name}: ${said}, ${plural(node.calls, "call")}, p95 ${duration(node.p95)}${node.kind ? `, ${node.kind.replaceAll("_", " ")}` : ""}`;
  const kind = isNews(status) ? undefined : KINDS[node.kind];
  const content = (
    <>
      <title>{told}</title>
      {node.is_cause && <rect class="ring" x="-3" y="-3" width={width + 6} height={height + 6} rx="8" />}
      <rect class="box" width={width} height={height} rx="6" />
      <g transform={`translate(9 ${height / 2 - 6})`}>{kind ? <path class="kind" d={kind} /> : <Glyph status={status} className="glyph" />}</g>
      <text x="27" y={nameY} aria-hidden="true" {...(squeezed ? { textLength: room, lengthAdjust: "spacingAndGlyphs" } : {})}>
        {name}
      </text>
      <text class="figure" x={oneLine ? width - 9 : 27} y={figureY} text-anchor={oneLine ? "end" : "start"} aria-hidden="true">
        {figure}
      </text>
    </>
  );
  const events = {
    onMouseEnter: () => onNear(node.service_name),
    onMouseLeave: () => onNear(null),
    onFocusIn: () => onNear(node.service_name),
    onFocusOut: () => onNear(null),
  };
  const place = { transform: `translate(${node.x - width / 2} ${node.y - height / 2})`, "data-name": node.service_name, ...events };
  if (href === undefined) {
    return (
      <g class={classes} role="img" aria-label={told} tabIndex={0} {...place}>
        {content}
      </g>
    );
  }
  return (
    <g class={classes} {...place}>
      <a href={href}>
        {content}
      </a>
    </g>
  );
}

function MapLegend({ statuses }: { statuses: Set<Status> }) {
  const shown: Status[] = ["critical", "warning", "minor"];
  if (judged.value || statuses.has("")) shown.push("");
  if (statuses.has("learning")) shown.push("learning");
  if (statuses.has("idle")) shown.push("idle");
  return (
    <ul class="legend">
      {shown.map((status) => (
        <li key={status}>
          <svg viewBox="0 0 12 12" width="11" height="11" class={`shape ${classOf(status)}`} aria-hidden="true">
            <Glyph status={status} />
          </svg>{" "}
          {wordOf(status)}
        </li>
      ))}
      <li>
        <i class="key slowpath" /> slow path
      </li>
      <li>
        <i class="key ringed" /> likely cause
      </li>
    </ul>
  );
}
