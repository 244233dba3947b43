// One metric's curve: an overview of the whole run, a finer stretch where the reader has zoomed in,
// and what was undone. Live steps go to the tail of both.
import { api } from "./api";
import { append, emptyBuckets, fromSeries, headStep, splice, type Buckets } from "./buckets";
import type { Segment, StepFrame } from "./types";
import type { Window } from "./view";

export interface Abandoned {
  segment: Segment;
  buckets: Buckets;
}

const MOST_ABANDONED = 16; // the longest are drawn; the others are told in words

export class SeriesStore {
  private overview = emptyBuckets();
  private detail: Buckets | null = null;
  private detailFollowsHead = false;
  private wanted = 0; // the newest request; an older answer is dropped
  private spliced: Buckets | null = null;
  private reloading = false;
  abandoned: Abandoned[] = [];
  loaded = false;

  constructor(readonly metric: keyof StepFrame & string, private readonly points: number) {}

  get buckets(): Buckets {
    this.spliced ??= splice(this.overview, this.detail);
    return this.spliced;
  }

  // A run that has not made a step knows no metric yet: that is an empty curve, not an error.
  async load(known: Set<string> | null = null): Promise<void> {
    if (known && !known.has(this.metric)) {
      this.overview = emptyBuckets();
      this.detail = null;
      this.spliced = null;
      this.loaded = true;
      return;
    }
    const series = await api.series({ metric: this.metric, points: this.points });
    this.overview = fromSeries(series);
    this.loaded = true;
    this.spliced = null;
  }

  // Finer buckets for the window, once the reader has come to rest in it.
  async loadWindow(window: Window | null): Promise<boolean> {
    const request = ++this.wanted;
    if (!window || this.overview.bucketSteps === 1 || this.overview.step.length === 0) {
      const had = this.detail !== null;
      this.detail = null;
      this.spliced = null;
      return had;
    }
    const margin = (window.to - window.from) * 0.25;
    const from = Math.max(0, Math.floor(window.from - margin)), to = Math.ceil(window.to + margin);
    const series = await api.series({ metric: this.metric, from, to, points: this.points });
    if (request !== this.wanted) return false;
    this.detail = fromSeries(series);
    this.detailFollowsHead = to >= headStep(this.overview);
    this.spliced = null;
    return true;
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
    if (!this.loaded) return false;
    const raw = frame[this.metric];
    const value = typeof raw === "number" && Number.isFinite(raw) ? raw : null;
    const sample = {
      step: frame.step, value, wallMs: frame.at_ms, tokens: frame.tokens,
      nonfinite: this.metric === "loss" && value === null && frame.loss_nonfinite != null,
    };
    const grew = append(this.overview, sample);
    if (this.detail && this.detailFollowsHead) append(this.detail, sample);
    if (grew) this.spliced = null;
    if (this.overview.step.length > 2 * this.points && !this.reloading) void this.coarsen();
    return grew;
  }

  private async coarsen(): Promise<void> {
    this.reloading = true;
    try {
      await this.load();
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
