// The arithmetic of the charts. Pure: arrays in, arrays out.

// Exponential moving average with debias, its decay in steps (not in points), so that the curve is
// the same whatever the bucket size. `span`: steps after which a value weighs 1/e; early on it is a
// 25th of the way so far, or the first steep fall would be drawn late.
export function smooth(step: number[], mean: (number | null)[], span: number): (number | null)[] {
  const out: (number | null)[] = new Array(mean.length).fill(null);
  let sum = 0, weight = 0, previous: number | null = null;
  for (let i = 0; i < mean.length; i++) {
    const value = mean[i]!;
    if (value === null) continue;
    const gap = previous === null ? 1 : Math.max(1, step[i]! - previous);
    const decay = Math.exp(-gap / Math.min(span, Math.max(1, step[i]! / 25)));
    sum = sum * decay + value * (1 - decay);
    weight = weight * decay + (1 - decay);
    out[i] = sum / weight;
    previous = step[i]!;
  }
  return out;
}

// A span that reads well and changes seldom while the run grows: 1, 2 or 5 times a power of ten.
export function niceSpan(steps: number): number {
  const target = Math.max(5, steps / 100);
  const power = 10 ** Math.floor(Math.log10(target));
  const lead = target / power;
  return Math.round((lead >= 5 ? 5 : lead >= 2 ? 2 : 1) * power);
}

function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.floor(q * (sorted.length - 1))))]!;
}

export interface Frame {
  low: number;
  high: number;
}

function real(values: (number | null)[], a: number, b: number, positive: boolean): number[] {
  const out: number[] = [];
  for (let i = a; i < b; i++) {
    const v = values[i];
    if (v != null && Number.isFinite(v) && (!positive || v > 0)) out.push(v);
  }
  return out.sort((x, y) => x - y);
}

// The y range of what is in view. A few far outliers do not squash the rest: when the outermost 1%
// needs more than half again of the room, it stays outside (and is counted in words).
export function robustFrame(
  min: (number | null)[], max: (number | null)[], a: number, b: number,
  options: { log: boolean; whole: boolean; floor?: number },
): Frame | null {
  const warp = options.log ? Math.log : (v: number) => v;
  const back = options.log ? Math.exp : (v: number) => v;
  const lows = real(min, a, b, options.log).map(warp), highs = real(max, a, b, options.log).map(warp);
  if (!lows.length || !highs.length) return null;
  let low = lows[0]!, high = highs[highs.length - 1]!;
  if (!options.whole && lows.length >= 40) {
    const q1 = quantile(lows, 0.01), q99 = quantile(highs, 0.985), room = q99 - q1;
    if (high - q99 > 0.5 * room) high = q99 + 0.06 * room;
    if (q1 - low > 0.5 * room) low = q1 - 0.06 * room;
  }
  if (options.floor !== undefined && !options.log) low = Math.min(low, options.floor);
  return pad({ low: back(low), high: back(high) }, options.log);
}

function pad(frame: Frame, log: boolean): Frame {
  let { low, high } = frame;
  if (log) {
    if (high / low < 1.2) { low /= 1.15; high *= 1.15; }
    const margin = (high / low) ** 0.06;
    return { low: low / margin, high: high * margin };
  }
  if (high - low < 1e-9 * Math.max(1, Math.abs(high))) {
    const half = Math.max(Math.abs(high) * 0.05, 1e-9);
    return { low: low - half, high: high + half };
  }
  // Snapped outwards to a fine grid: the frame stands still while values wander inside it.
  const grid = 10 ** Math.floor(Math.log10((high - low) / 4)) ;
  const margin = (high - low) * 0.05;
  const floor = low === 0 ? 0 : Math.floor((low - margin) / grid) * grid;
  return { low: low > 0 && floor < 0 ? 0 : floor, high: Math.ceil((high + margin) / grid) * grid };
}

// Buckets of [a, b) whose true range reaches out of the frame.
export function outside(
  min: (number | null)[], max: (number | null)[], a: number, b: number, frame: Frame,
): { above: number; below: number } {
  let above = 0, below = 0;
  for (let i = a; i < b; i++) {
    if (max[i] != null && max[i]! > frame.high) above++;
    if (min[i] != null && min[i]! < frame.low) below++;
  }
  return { above, below };
}

// Position of `x` between sorted `from` values, read off in `to`: steps <-> tokens <-> time.
export function interpolate(from: (number | null)[], to: (number | null)[], x: number): number | null {
  let lo = 0, hi = from.length - 1;
  if (hi < 0) return null;
  if (hi === 0) return to[0] ?? null;
  while (hi - lo > 1) {
    const middle = (lo + hi) >> 1;
    if ((from[middle] ?? -Infinity) <= x) lo = middle;
    else hi = middle;
  }
  const [x0, x1, y0, y1] = [from[lo], from[hi], to[lo], to[hi]];
  if (x0 == null || x1 == null || y0 == null || y1 == null) return null;
  return x1 === x0 ? y0 : y0 + ((x - x0) * (y1 - y0)) / (x1 - x0); // extrapolates past the ends
}

// First index in [0, n] with values[i] >= x.
export function lowerBound(values: (number | null)[], x: number): number {
  let lo = 0, hi = values.length;
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if ((values[middle] ?? -Infinity) < x) lo = middle + 1;
    else hi = middle;
  }
  return lo;
}
