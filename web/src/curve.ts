// Turns buckets into what uPlot draws, on the chosen x axis. Pure.
import { type Buckets } from "./buckets";
import { interpolate, lowerBound, niceSpan, outside, robustFrame, smooth, type Frame } from "./chart_math";
import type { View, Window, XAxis } from "./view";

export type Column = (number | null)[];

export interface Curve {
  x: number[];
  max: Column;
  min: Column;
  mean: Column;
  line: Column; // smoothed mean
  source: number[]; // index into the buckets; -1 where a gap was put
  span: number; // of the smoothing, in steps
}

export function axisOf(buckets: Buckets, x: XAxis): Column {
  return x === "steps" ? buckets.last : x === "time" ? buckets.wall : buckets.tokens;
}

// A pause on the time axis is a gap, not a bridge.
function gapAfter(x: Column): number {
  const gaps: number[] = [];
  for (let i = 1; i < x.length; i++) gaps.push((x[i] ?? 0) - (x[i - 1] ?? 0));
  gaps.sort((a, b) => a - b);
  return gaps.length < 8 ? Infinity : Math.max(1000, 12 * gaps[gaps.length >> 1]!);
}

export function curveOf(buckets: Buckets, view: View, smoothed: boolean, log: boolean): Curve {
  const axis = axisOf(buckets, view.x);
  const span = niceSpan((buckets.last[buckets.last.length - 1] ?? 0) - (buckets.step[0] ?? 0) + 1);
  const line = smoothed ? smooth(buckets.last, buckets.mean, span) : [];
  const limit = view.x === "time" ? gapAfter(axis) : Infinity;
  const out: Curve = { x: [], max: [], min: [], mean: [], line: [], source: [], span };
  const usable = (v: number | null | undefined) => (v == null || (log && v <= 0) ? null : v);
  let previous: number | null = null;
  for (let i = 0; i < axis.length; i++) {
    const at = axis[i];
    if (at == null || (previous !== null && at <= previous)) continue;
    if (previous !== null && at - previous > limit) {
      out.x.push(previous + (at - previous) / 2);
      for (const column of [out.max, out.min, out.mean, out.line]) column.push(null);
      out.source.push(-1);
    }
    out.x.push(at);
    out.max.push(usable(buckets.max[i]));
    out.min.push(usable(buckets.min[i]));
    out.mean.push(usable(buckets.mean[i]));
    out.line.push(smoothed ? usable(line[i]) : null);
    out.source.push(i);
    previous = at;
  }
  return out;
}

// The x range shown: the reader's window, or all there is.
export function xFrame(curve: Curve, buckets: Buckets, view: View): Frame {
  const first = curve.x[0], last = curve.x[curve.x.length - 1];
  if (view.exact && view.exact.x === view.x) return { low: view.exact.from, high: view.exact.to };
  if (view.window) {
    const from = toAxis(buckets, view.x, view.window.from), to = toAxis(buckets, view.x, view.window.to);
    if (from !== null && to !== null && to > from) return { low: from, high: to };
  }
  if (first === undefined || last === undefined) return emptyFrame(view.x);
  if (view.x === "time") return last > first ? { low: first, high: last } : { low: first - 5000, high: first + 5000 };
  const low = first <= (last - first) * 0.05 + 1 || first <= buckets.bucketSteps ? 0 : first;
  return last - low > 0 ? { low, high: view.x === "steps" ? Math.max(last, low + 4) : last } : { low, high: low + 10 };
}

function emptyFrame(x: XAxis): Frame {
  return x === "time" ? { low: Date.now() - 60_000, high: Date.now() } : { low: 0, high: 10 };
}

export function toAxis(buckets: Buckets, x: XAxis, step: number): number | null {
  return x === "steps" ? step : interpolate(buckets.last, axisOf(buckets, x), step);
}

export function toSteps(buckets: Buckets, x: XAxis, frame: Frame): Window | null {
  if (x === "steps") return { from: frame.low, to: frame.high };
  const axis = axisOf(buckets, x);
  const from = interpolate(axis, buckets.last, frame.low), to = interpolate(axis, buckets.last, frame.high);
  return from === null || to === null ? null : { from: Math.max(0, from), to };
}

export interface YFrame extends Frame {
  above: number;
  below: number;
}

export function yFrame(curve: Curve, x: Frame, options: { log: boolean; whole: boolean; floor?: number }): YFrame {
  const a = Math.max(0, lowerBound(curve.x, x.low) - 1), b = Math.min(curve.x.length, lowerBound(curve.x, x.high) + 1);
  const frame = robustFrame(curve.min, curve.max, a, b, options);
  if (!frame) return options.log ? { low: 0.1, high: 10, above: 0, below: 0 } : { low: 0, high: 1, above: 0, below: 0 };
  return { ...frame, ...outside(curve.min, curve.max, a, b, frame) };
}
