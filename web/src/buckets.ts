// A series in memory: buckets of steps with mean and true range. Pure.
// Live steps are folded into the last bucket as the server would fold them (aligned on
// bucket_steps), so a curve that grew live equals one that was fetched.
import type { Series } from "./types";

export interface Buckets {
  bucketSteps: number;
  step: number[]; // first step of each bucket
  last: number[]; // last step of each bucket
  n: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  nonfinite: number[];
  wall: number[]; // ms since the epoch, of the last step
  tokens: (number | null)[];
}

export interface Sample {
  step: number;
  value: number | null;
  nonfinite: boolean;
  wallMs: number;
  tokens: number | null;
}

export function emptyBuckets(): Buckets {
  return { bucketSteps: 1, step: [], last: [], n: [], mean: [], min: [], max: [], nonfinite: [], wall: [], tokens: [] };
}

export function fromSeries(series: Series): Buckets {
  return {
    bucketSteps: Math.max(1, series.bucket_steps ?? 1),
    step: series.step,
    last: series.last_step ?? series.step.slice(),
    n: series.n ?? series.step.map(() => 1),
    mean: series.mean,
    min: series.min ?? series.mean.slice(),
    max: series.max ?? series.mean.slice(),
    nonfinite: series.nonfinite ?? series.step.map(() => 0),
    wall: series.wall_ms,
    tokens: series.tokens ?? series.step.map(() => null),
  };
}

export function headStep(buckets: Buckets): number {
  return buckets.last.length ? buckets.last[buckets.last.length - 1]! : 0;
}

// Adds one live step. A step already held is left alone: a re-run after a recovery repeats the same
// bits, and an operator's rollback refetches everything.
export function append(buckets: Buckets, sample: Sample): boolean {
  const i = buckets.step.length - 1;
  if (i >= 0 && sample.step <= buckets.last[i]!) return false;
  const size = buckets.bucketSteps;
  if (i >= 0 && size > 1 && Math.floor(buckets.step[i]! / size) === Math.floor(sample.step / size)) {
    fold(buckets, i, sample);
    return true;
  }
  buckets.step.push(sample.step);
  buckets.last.push(sample.step);
  buckets.n.push(sample.value === null ? 0 : 1);
  buckets.mean.push(sample.value);
  buckets.min.push(sample.value);
  buckets.max.push(sample.value);
  buckets.nonfinite.push(sample.nonfinite ? 1 : 0);
  buckets.wall.push(sample.wallMs);
  buckets.tokens.push(sample.tokens);
  return true;
}

function fold(buckets: Buckets, i: number, sample: Sample): void {
  const { value } = sample;
  if (value !== null) {
    const n = buckets.mean[i] === null ? 0 : Math.max(1, buckets.n[i]!);
    buckets.mean[i] = n === 0 ? value : (buckets.mean[i]! * n + value) / (n + 1);
    buckets.min[i] = n === 0 ? value : Math.min(buckets.min[i]!, value);
    buckets.max[i] = n === 0 ? value : Math.max(buckets.max[i]!, value);
    buckets.n[i] = n + 1;
  }
  if (sample.nonfinite) buckets.nonfinite[i]! += 1;
  buckets.last[i] = sample.step;
  buckets.wall[i] = sample.wallMs;
  buckets.tokens[i] = sample.tokens;
}

// The overview with its buckets inside the detail's range replaced by the finer ones.
export function splice(overview: Buckets, detail: Buckets | null): Buckets {
  if (!detail || detail.step.length === 0) return overview;
  const first = detail.step[0]!, last = headStep(detail);
  let a = 0;
  while (a < overview.step.length && overview.last[a]! < first) a++;
  let b = overview.step.length;
  while (b > a && overview.step[b - 1]! > last) b--;
  const join = <T>(left: T[], middle: T[]): T[] => [...left.slice(0, a), ...middle, ...left.slice(b)];
  return {
    bucketSteps: overview.bucketSteps,
    step: join(overview.step, detail.step),
    last: join(overview.last, detail.last),
    n: join(overview.n, detail.n),
    mean: join(overview.mean, detail.mean),
    min: join(overview.min, detail.min),
    max: join(overview.max, detail.max),
    nonfinite: join(overview.nonfinite, detail.nonfinite),
    wall: join(overview.wall, detail.wall),
    tokens: join(overview.tokens, detail.tokens),
  };
}
