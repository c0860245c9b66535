// What is drawn behind and over the lines of a time chart: anomalous spans, the forecast's ground, releases.
import type uPlot from "uplot";
import { colour } from "../state";

export interface Shade {
  first: number; // minutes
  last: number;
  severity: string;
}

/** One trace. */
export interface Dot {
  minute: number; // and its part
  seconds: number;
}

export interface Mark {
  minute: number;
  label: string;
}

const HATCH_HEIGHT = 7;
const HATCH_STEP = 6;

export function drawBackground(chart: uPlot, shades: Shade[], cutoff: number): void {
  const { ctx, bbox } = chart;
  const x = (minute: number) => Math.min(Math.max(chart.valToPos(minute * 60, "x", true), bbox.left), bbox.left + bbox.width);
  ctx.save();
  const forecast = x(cutoff);
  ctx.fillStyle = colour("future");
  ctx.fillRect(forecast, bbox.top, bbox.left + bbox.width - forecast, bbox.height);
  for (const shade of shades) {
    const left = x(shade.first);
    const width = Math.max(x(shade.last) - left, 1);
    if (left >= bbox.left + bbox.width || x(shade.last) <= bbox.left) continue;
    ctx.fillStyle = colour("wash");
    ctx.fillRect(left, bbox.top, width, bbox.height);
    hatch(ctx, left, bbox.top + bbox.height, width, colour(shade.severity));
  }
  ctx.restore();
}

function hatch(ctx: CanvasRenderingContext2D, left: number, bottom: number, width: number, stroke: string): void {
  const ratio = devicePixelRatio;
  const height = HATCH_HEIGHT * ratio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bottom - height, width, height);
  ctx.clip();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.25 * ratio;
  ctx.beginPath();
  for (let at = left - height; at < left + width; at += HATCH_STEP * ratio) {
    ctx.moveTo(at, bottom);
    ctx.lineTo(at + height, bottom - height);
  }
  ctx.stroke();
  ctx.restore();
}

export function drawMarkers(chart: uPlot, marks: Mark[], cutoff: number): void {
  const { ctx, bbox } = chart;
  const ratio = devicePixelRatio;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.font = `${11 * ratio}px Inter, system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const visible = (at: number) => at >= bbox.left && at <= right;
  const now = chart.valToPos(cutoff * 60, "x", true);
  if (visible(now) && now < right - 2) {
    vertical(ctx, now, bbox, colour("normal"), []);
    ctx.fillStyle = colour("ink3");
    const text = "forecast →";
    if (now + ctx.measureText(text).width + 6 * ratio < right) ctx.fillText(text, now + 6 * ratio, bbox.top + 1);
  }
  let busyUntil = -Infinity;
  for (const mark of marks) {
    const at = chart.valToPos(mark.minute * 60, "x", true);
    if (!visible(at)) continue;
    vertical(ctx, at, bbox, colour("accent"), [3 * ratio, 3 * ratio]);
    ctx.fillStyle = colour("accent");
    ctx.beginPath();
    ctx.moveTo(at - 5 * ratio, bbox.top);
    ctx.lineTo(at + 5 * ratio, bbox.top);
    ctx.lineTo(at, bbox.top + 7 * ratio);
    ctx.fill();
    const width = ctx.measureText(mark.label).width + 10 * ratio;
    const start = at - width >= bbox.left ? at - width : at + 8 * ratio;
    if (start < busyUntil) continue; // labels never overlap; the readout names every release
    ctx.fillText(mark.label, start, bbox.top + 1);
    busyUntil = start + width;
  }
  ctx.restore();
}

function vertical(ctx: CanvasRenderingContext2D, at: number, bbox: uPlot.BBox, stroke: string, dash: number[]): void {
  ctx.strokeStyle = stroke;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.setLineDash([]);
}

const DOT = 4.5;

export function drawDots(chart: uPlot, dots: Dot[]): void {
  const { ctx, bbox } = chart;
  const size = DOT * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - size, bbox.width, bbox.height + size);
  ctx.clip();
  ctx.strokeStyle = colour("critical");
  ctx.fillStyle = colour("panel");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const dot of dots) {
    const x = chart.valToPos(dot.minute * 60, "x", true);
    const y = Math.max(chart.valToPos(dot.seconds, "y", true), bbox.top); // above the chart: at its edge
    ctx.beginPath();
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}
