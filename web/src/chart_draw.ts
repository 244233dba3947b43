// What a chart shows beside its curve, drawn straight on uPlot's canvas: undone stretches, the
// places where the run was set back, steps whose value was no number, and the newest value.
import type uPlot from "uplot";
import type { Buckets } from "./buckets";
import { axisOf, toAxis, type Curve, type YFrame } from "./curve";
import type { Abandoned } from "./series_store";
import { canvasFont, colour, type ColourName } from "./theme";
import type { View } from "./view";

export interface Annotations {
  abandoned: Abandoned[];
  lines: { step: number; atMs: number; text: string; colour: ColourName }[];
  head: string | null; // the newest value in words; null draws no head
}

interface Scene {
  view: View;
  buckets: Buckets;
  curve: Curve;
  frame: YFrame;
  line: number;
}

function clipped(u: uPlot, paint: (ctx: CanvasRenderingContext2D, ratio: number) => void): void {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.beginPath();
  ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
  ctx.clip();
  paint(ctx, ratio);
  ctx.restore();
}

function linePlaces(u: uPlot, annotations: Annotations, scene: Scene) {
  return annotations.lines.flatMap((line) => {
    const at = scene.view.x === "time" ? line.atMs : toAxis(scene.buckets, scene.view.x, line.step);
    if (at === null) return [];
    const x = Math.round(u.valToPos(at, "x", true)) + 0.5;
    return x < u.bbox.left || x > u.bbox.left + u.bbox.width + 2 ? [] : [{ line, x }];
  });
}

export function drawBelow(u: uPlot, annotations: Annotations, scene: Scene): void {
  if (!scene.curve) return;
  clipped(u, (ctx, ratio) => {
    for (const { line, x } of linePlaces(u, annotations, scene)) {
      ctx.strokeStyle = colour(line.colour);
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + u.bbox.height);
      ctx.stroke();
    }
  });
}

function drawLineTexts(u: uPlot, ctx: CanvasRenderingContext2D, ratio: number, annotations: Annotations, scene: Scene): void {
  let textEnd = -Infinity;
  ctx.font = canvasFont(12 * ratio);
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.lineJoin = "round";
  ctx.lineWidth = 5 * ratio;
  ctx.strokeStyle = colour("paper");
  ctx.fillStyle = colour("ink2");
  for (const { line, x } of linePlaces(u, annotations, scene)) {
    const width = ctx.measureText(line.text).width;
    const left = x - 7 * ratio - width; // what was undone lies to the right of the line
    const start = left > Math.max(u.bbox.left, textEnd) ? left : x + 7 * ratio;
    if (start < textEnd) continue; // no text over text: the mark below tells it
    ctx.strokeText(line.text, start, u.bbox.top + 2 * ratio); // paper-coloured edge: legible over curves
    ctx.fillText(line.text, start, u.bbox.top + 2 * ratio);
    textEnd = start + width + 12 * ratio;
  }
}

export function drawOver(u: uPlot, annotations: Annotations, scene: Scene): void {
  if (!scene.curve) return;
  clipped(u, (ctx, ratio) => {
    for (const one of annotations.abandoned) drawAbandoned(u, ctx, ratio, one.buckets, scene);
    drawLineTexts(u, ctx, ratio, annotations, scene);
  });
  drawNonfinite(u, u.ctx, devicePixelRatio || 1, scene);
  if (annotations.head) drawHead(u, annotations.head, scene);
}

function drawAbandoned(u: uPlot, ctx: CanvasRenderingContext2D, ratio: number, buckets: Buckets, scene: Scene): void {
  const axis = axisOf(buckets, scene.view.x);
  ctx.strokeStyle = colour("abandon");
  ctx.lineWidth = 1.5 * ratio;
  ctx.setLineDash([5 * ratio, 3 * ratio]);
  ctx.lineJoin = "round";
  ctx.beginPath();
  let pen = false;
  for (let i = 0; i < axis.length; i++) {
    const at = axis[i], value = buckets.mean[i];
    if (at == null || value == null) { pen = false; continue; }
    const x = u.valToPos(at, "x", true), y = u.valToPos(value, "y", true);
    if (pen) ctx.lineTo(x, y);
    else ctx.moveTo(x, y);
    pen = true;
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

// A step whose value is NaN or infinite gets a cross at the upper edge: it is no gap.
function drawNonfinite(u: uPlot, ctx: CanvasRenderingContext2D, ratio: number, scene: Scene): void {
  const { buckets, curve } = scene;
  ctx.save();
  ctx.strokeStyle = colour("bad");
  ctx.lineWidth = 1.5 * ratio;
  const y = u.bbox.top + 8 * ratio, arm = 4 * ratio;
  let previous = -Infinity;
  for (let i = 0; i < curve.x.length; i++) {
    const source = curve.source[i]!;
    if (source < 0 || !buckets.nonfinite[source]) continue;
    const x = u.valToPos(curve.x[i]!, "x", true);
    if (x < u.bbox.left - 1 || x > u.bbox.left + u.bbox.width + 1 || x - previous < 2 * arm) continue;
    previous = x;
    ctx.beginPath();
    ctx.moveTo(x - arm, y - arm);
    ctx.lineTo(x + arm, y + arm);
    ctx.moveTo(x + arm, y - arm);
    ctx.lineTo(x - arm, y + arm);
    ctx.stroke();
  }
  ctx.restore();
}

function drawHead(u: uPlot, text: string, scene: Scene): void {
  const column = scene.line === 4 ? scene.curve.line : scene.curve.mean;
  let i = column.length - 1;
  while (i >= 0 && column[i] == null) i--;
  if (i < 0) return;
  const x = u.valToPos(scene.curve.x[i]!, "x", true);
  const value = Math.min(scene.frame.high, Math.max(scene.frame.low, column[i]!));
  const y = u.valToPos(value, "y", true);
  if (x > u.bbox.left + u.bbox.width + 1 || x < u.bbox.left) return;
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.fillStyle = colour("accent");
  ctx.strokeStyle = colour("paper");
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  ctx.arc(x, y, 5 * ratio, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  ctx.font = canvasFont(13 * ratio, 600);
  ctx.textAlign = "right";
  ctx.textBaseline = "alphabetic";
  ctx.lineWidth = 4 * ratio;
  ctx.lineJoin = "round";
  const right = x + 4 * ratio, above = Math.max(u.bbox.top + 14 * ratio, y - 16 * ratio);
  ctx.strokeText(text, right, above); // paper-coloured edge: legible over the band
  ctx.fillStyle = colour("ink");
  ctx.fillText(text, right, above);
  ctx.restore();
}
