// The service map: grey is normal, colour is news. Positions come with the document and depend on the topology alone.
import { useState } from "preact/hooks";
import type { MapEdge, MapNode, ServiceMap as Map } from "../document";
import { duration, plural, shortCount } from "../format";
import { curve } from "../geometry";
import { Empty, Panel, Scroll } from "./Panel";
import { isJudged, shapePath, wordOf } from "./Status";

const LETTER_WIDTH = 6.8; // of 12 px text, roughly: names are cut before they touch the number
const BOLD_WIDTH = 8.4;

export function ServiceMap({ map }: { map: Map }) {
  const [near, setNear] = useState<string | null>(null);
  if (!map.nodes.length) {
    return (
      <Panel id="map" title="Service map">
        <Empty>No service was seen.</Empty>
      </Panel>
    );
  }
  const touched = near === null ? null : neighbours(map, near);
  return (
    <Panel id="map" title="Service map" note={`${plural(map.nodes.length, "service")}, ${plural(map.edges.length, "connection")}; number: p95`}>
      <Scroll label="Service map" className="map">
        <svg viewBox={`0 0 ${map.width} ${map.height}`} style={{ width: `${map.width}px`, height: `${map.height}px` }} class={near ? "dimmed" : ""}>
          {map.edges.map((edge) => (
            <Edge key={`${edge.client} ${edge.server}`} edge={edge} near={touched !== null && (edge.client === near || edge.server === near)} />
          ))}
          {map.nodes.map((node) => (
            <Node key={node.service_name} node={node} map={map} near={touched?.has(node.service_name) ?? false} onNear={setNear} />
          ))}
        </svg>
      </Scroll>
      <ul class="legend">
        {(["critical", "warning", "minor", ""] as const).map((severity) => (
          <li key={severity}>
            <svg viewBox="0 0 12 12" width="11" height="11" class={`shape ${severity || "normal"}`} aria-hidden="true">
              <path d={shapePath(severity)} fill="currentColor" class={isJudged(severity) ? "" : "unjudged"} />
            </svg>{" "}
            {wordOf(severity)}
          </li>
        ))}
        <li>
          <i class="key slowpath" /> slow path
        </li>
        <li>
          <i class="key ringed" /> likely cause
        </li>
      </ul>
    </Panel>
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

function Edge({ edge, near }: { edge: MapEdge; near: boolean }) {
  const classes = ["edge", edge.on_slow_path ? "slow" : "", near ? "near" : ""].join(" ");
  const failed = edge.errors ? `, ${plural(edge.errors, "error")}` : "";
  return (
    <path class={classes} d={curve(edge.points)}>
      <title>{`${edge.client} → ${edge.server}: ${plural(edge.calls, "call")}${failed}`}</title>
    </path>
  );
}

interface NodeProps {
  node: MapNode;
  map: Map;
  near: boolean;
  onNear: (name: string | null) => void;
}

function Node({ node, map, near, onNear }: NodeProps) {
  const { node_width: width, node_height: height } = map;
  const figure = node.p95 === null ? `${shortCount(node.calls)} calls` : duration(node.p95);
  const room = Math.floor((width - 41 - figure.length * LETTER_WIDTH) / (node.severity ? BOLD_WIDTH : LETTER_WIDTH));
  const name = node.service_name.length > room ? `${node.service_name.slice(0, Math.max(room - 1, 3))}…` : node.service_name;
  const classes = ["node", node.severity || "normal", node.is_cause ? "cause" : "", near ? "near" : "", node.kind ? "store" : ""].join(" ");
  const status = `${wordOf(node.severity)}${node.is_cause ? ", likely cause" : ""}`;
  const told = `${node.service_name}: ${status}, ${plural(node.calls, "call")}, p95 ${duration(node.p95)}${node.kind ? `, ${node.kind}` : ""}`;
  return (
    <g
      class={classes}
      transform={`translate(${node.x - width / 2} ${node.y - height / 2})`}
      role="img"
      aria-label={told}
      tabIndex={0}
      onMouseEnter={() => onNear(node.service_name)}
      onMouseLeave={() => onNear(null)}
      onFocus={() => onNear(node.service_name)}
      onBlur={() => onNear(null)}
    >
      <title>{told}</title>
      {node.is_cause && <rect class="ring" x="-3" y="-3" width={width + 6} height={height + 6} rx="8" />}
      <rect class="box" width={width} height={height} rx="6" />
      <path class={isJudged(node.severity) ? "glyph" : "glyph unjudged"} transform={`translate(9 ${height / 2 - 6})`} d={shapePath(node.severity)} />
      <text x="27" y={height / 2 + 4}>
        {name}
      </text>
      <text class="figure" x={width - 9} y={height / 2 + 4} text-anchor="end">
        {figure}
      </text>
    </g>
  );
}
