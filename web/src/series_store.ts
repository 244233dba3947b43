// One metric's curve: an overview of the whole run, a finer stretch where the reader has zoomed in,
// and what was undone. Live steps go to the tail of both.
import { api } from "./api";
import { append, emptyBuckets, fromSeries, splice, type Buckets, type Sample } from "./buckets";
import type { LivePosition, Segment, Series, StepFrame } from "./types";
import type { Window } from "./view";

export interface Abandoned {
  segment: Segment;
  buckets: Buckets;
}

const MOST_ABANDONED = 16; // the longest are drawn; the others are told in words
const LAST_STEP = 2 ** 50;

interface Detail {
  buckets: Buckets;
  from: number; // as asked for
  to: number;
}

export class SeriesStore {
  private overview = emptyBuckets();
  private detail: Detail | null = null;
  private window: Window | null = null;
  private wanted = 0; // the newest request for a detail; an older answer is dropped
  private wantedOverview = 0;
  private out = 0; // requests under way
  private since: Sample[] = []; // live steps that came while one was: its answer may not have them
  private spliced: Buckets | null = null;
  private reloading = false;
  abandoned: Abandoned[] = [];
  loaded = false;
  positions: LivePosition[] = []; // which deltas the newest answers hold

  constructor(readonly metric: keyof StepFrame & string, private readonly points: number) {}

  get buckets(): Buckets {
    this.spliced ??= splice(this.overview, this.detail?.buckets ?? null);
    return this.spliced;
  }

  // How many steps one point stands for in what is shown.
  bucketSteps(window: Window | null): number {
    const { detail } = this;
    const fine = detail && window && detail.from <= Math.max(0, window.from) && window.to <= detail.to;
    return fine ? detail.buckets.bucketSteps : this.overview.bucketSteps;
  }

  // A run that has not made a step knows no metric yet: that is an empty curve, not an error.
  async load(known: Set<string> | null = null): Promise<void> {
    const request = ++this.wantedOverview;
    if (known && !known.has(this.metric)) {
      this.overview = emptyBuckets();
      this.detail = null;
      this.spliced = null;
      this.positions = [];
      this.loaded = true;
      return;
    }
    await this.ask({ metric: this.metric, points: this.points }, (series) => {
      if (request !== this.wantedOverview) return;
      this.overview = this.withNewSteps(fromSeries(series), LAST_STEP);
      this.positions = series.live ? [series.live] : [];
      this.loaded = true;
    });
  }

  // Finer buckets for the window, once the reader has come to rest in it.
  async loadWindow(window: Window | null): Promise<boolean> {
    const request = ++this.wanted;
    this.window = window;
    if (!window || this.overview.bucketSteps === 1 || this.overview.step.length === 0) {
      const had = this.detail !== null;
      this.detail = null;
      this.spliced = null;
      return had;
    }
    const margin = (window.to - window.from) * 0.25;
    const from = Math.max(0, Math.floor(window.from - margin)), to = Math.min(LAST_STEP, Math.ceil(window.to + margin));
    await this.ask({ metric: this.metric, from, to, points: this.points }, (series) => {
      if (request !== this.wanted) return;
      this.detail = { buckets: this.withNewSteps(fromSeries(series), to), from, to };
      if (series.live) this.positions.push(series.live);
    });
    return request === this.wanted;
  }

  async loadAbandoned(segments: Segment[]): Promise<void> {
    const undone = segments
      .filter((one) => one.cut_step !== null && (one.end_step ?? 0) > one.cut_step)
      .sort((a, b) => length(b) - length(a))
      .slice(0, MOST_ABANDONED);
    this.abandoned = await Promise.all(undone.map(async (segment) => {
      const held = this.abandoned.find((one) => one.segment.id === segment.id && one.segment.end_step === segment.end_step);
      if (held) return held;
      const series = await api.series({
        metric: this.metric, segment: segment.id, from: Math.max(segment.first_step, segment.cut_step!),
        to: segment.end_step!, points: 200,
      });
      return { segment, buckets: fromSeries(series) };
    }));
  }

  // True when the curve changed.
  append(frame: StepFrame): boolean {
    const raw = frame[this.metric];
    const value = typeof raw === "number" && Number.isFinite(raw) ? raw : null;
    const sample = {
      step: frame.step, value, wallMs: frame.at_ms, tokens: frame.tokens,
      nonfinite: value === null && (frame as unknown as Record<string, unknown>)[this.metric + "_nonfinite"] != null,
    };
    if (this.out > 0) this.since.push(sample);
    if (!this.loaded) return false;
    const grew = append(this.overview, sample);
    if (this.detail && sample.step <= this.detail.to) append(this.detail.buckets, sample);
    if (grew) this.spliced = null;
    const most = 2 * this.points;
    if (!this.reloading && (this.overview.step.length > most || (this.detail?.buckets.step.length ?? 0) > most)) void this.coarsen();
    return grew;
  }

  private withNewSteps(buckets: Buckets, to: number): Buckets {
    for (const sample of this.since) if (sample.step <= to) append(buckets, sample);
    return buckets;
  }

  private async ask(query: Parameters<typeof api.series>[0], use: (series: Series) => void): Promise<void> {
    this.out++;
    try {
      use(await api.series(query));
      this.spliced = null;
    } finally {
      if (--this.out === 0) this.since = [];
    }
  }

  private async coarsen(): Promise<void> {
    this.reloading = true;
    try {
      await this.load();
      if (this.detail) await this.loadWindow(this.window);
    } catch {
      // The finer curve stays; the next step asks again.
    } finally {
      this.reloading = false;
    }
  }
}

function length(segment: Segment): number {
  return (segment.end_step ?? 0) - (segment.cut_step ?? 0);
}
