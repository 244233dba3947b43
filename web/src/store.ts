// All the page knows of the run, and who wants to hear of it. Changes are gathered and told at most
// five times a second, so that a run of a hundred steps a second costs the reader's machine nothing.
import type { Connection } from "./live";
import { EventList } from "./event_list";
import { stories } from "./stories";
import type { Checkpoint, Run, RunEvent, RunNode, Segment, StepFrame } from "./types";

export type Topic = "run" | "events" | "checkpoints" | "nodes" | "segments" | "series" | "view" | "connection" | "clock" | "theme";

const PAUSE_MS = 200;
const STALE_MS = 60_000;
const MOST_DELAY_MS = 5_000; // beyond it, the server's clock was set

// What step frames carry of the run.
const CARRIED = ["step", "tokens", "loss", "loss_nonfinite", "grad_norm", "learning_rate", "tokens_per_second", "step_ms", "last_step_at"] as const;

export class Store {
  run: Run | null = null;
  private list = new EventList();
  private told: RunEvent[] | null = null;
  checkpoints: Checkpoint[] = []; // newest first
  nodes: RunNode[] = [];
  segments: Segment[] = [];
  connection: Connection = { kind: "connecting" };
  private clockOffsetMs: number | null = null;
  private readonly listeners: { topics: Topic[]; update: () => void }[] = [];
  private readonly changed = new Set<Topic>();
  private timer = 0;
  private flushedAtMs = 0;

  // As the daemon told them, newest first.
  get events(): RunEvent[] {
    return this.list.all;
  }

  // Failures and their ends in one, newest first.
  get stories(): RunEvent[] {
    this.told ??= stories(this.list.all);
    return this.told;
  }

  // Where the next page of older events starts.
  get olderEvents(): number | string | null {
    return this.list.older;
  }

  // The server's idea of now: ages are right on a reader's machine whose clock is wrong.
  now(): number {
    return Date.now() + (this.clockOffsetMs ?? 0);
  }

  // A run of minutes is told with seconds.
  get fine(): boolean {
    const start = this.run?.started_at ? Date.parse(this.run.started_at) : NaN;
    return this.now() - start < 2 * 3600_000;
  }

  on(topics: Topic[], update: () => void): void {
    this.listeners.push({ topics, update });
  }

  touch(...topics: Topic[]): void {
    for (const topic of topics) this.changed.add(topic);
    if (this.timer) return;
    const wait = Math.max(0, PAUSE_MS - (performance.now() - this.flushedAtMs));
    this.timer = window.setTimeout(() => requestAnimationFrame(() => this.flush()), wait);
  }

  private flush(): void {
    this.timer = 0;
    this.flushedAtMs = performance.now();
    const topics = new Set(this.changed);
    this.changed.clear();
    for (const listener of this.listeners) if (listener.topics.some((topic) => topics.has(topic))) listener.update();
  }

  // From the live stream: whoever connects gets the newest one made, which may be older than what is shown.
  offerRun(run: Run): void {
    const before = this.run;
    if (before) {
      const age = Date.parse(before.now) - Date.parse(run.now);
      if (age > 0 && age < STALE_MS) return; // further back, the server's clock was set
      const behind = before.branch === run.branch && (run.step ?? 0) < (before.step ?? 0);
      if (behind) for (const name of CARRIED) (run as unknown as Record<string, unknown>)[name] = before[name];
    }
    this.setRun(run);
  }

  setRun(run: Run): void {
    if (run.live && this.run?.live && run.live.epoch !== this.run.live.epoch) this.list = new EventList();
    this.hearTime(run.now);
    this.run = run;
    this.touch("run");
  }

  setClock(now: string): void {
    this.hearTime(now);
    this.touch("clock");
  }

  // Always of the past, by the way it came and the caches on it: the least delayed word counts.
  private hearTime(now: string): void {
    const offset = Date.parse(now) - Date.now();
    if (!Number.isFinite(offset)) return;
    const delay = (this.clockOffsetMs ?? -Infinity) - offset;
    if (delay <= 0 || delay > MOST_DELAY_MS) this.clockOffsetMs = offset;
  }

  setConnection(connection: Connection): void {
    const same = connection.kind === this.connection.kind && connection.kind !== "lost";
    this.connection = connection;
    if (!same) this.touch("connection");
  }

  addEvent(event: RunEvent): void {
    this.list.add(event);
    this.eventsChanged();
  }

  addNewestEvents(page: RunEvent[], next: number | string | null): void {
    this.list.addNewest(page, next);
    this.eventsChanged();
  }

  addOlderEvents(page: RunEvent[], next: number | string | null): void {
    this.list.addOlder(page, next);
    this.eventsChanged();
  }

  private eventsChanged(): void {
    this.told = null;
    this.touch("events");
  }

  applyStep(frame: StepFrame): void {
    const run = this.run;
    if (!run || (run.step !== null && frame.step < run.step)) return; // a late one fills its gap in the curve
    run.step = frame.step;
    run.loss = frame.loss;
    run.loss_nonfinite = frame.loss_nonfinite ?? null;
    run.last_step_at = new Date(frame.at_ms).toISOString();
    if (frame.grad_norm != null) run.grad_norm = frame.grad_norm;
    if (frame.learning_rate != null) run.learning_rate = frame.learning_rate;
    if (frame.tokens != null) run.tokens = frame.tokens;
    if (frame.step_ms != null) run.step_ms = frame.step_ms;
    if (frame.tokens_per_second != null) run.tokens_per_second = frame.tokens_per_second;
    if (run.state !== "training" && run.state !== "evaluating" && run.state !== "checkpointing" &&
        (run.state === "launching" || run.state === "restoring" || run.state === "recovering")) {
      run.state = "training"; // a step is the proof; the run frame that says so may be a second away
    }
    this.touch("run");
  }
}
