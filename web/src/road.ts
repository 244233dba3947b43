// The progress road: the whole run on one line. HTML, so that its text stays readable on a phone.
import { byId, h, replaceIfChanged, show } from "./dom";
import { between, bytes, integer, plural, when } from "./format";
import { incidentMarks, type EventMark } from "./incident_marks";
import { MarkRow, type Mark } from "./marks";
import { pauses, place, roadScale, roadTicks, type RoadScale } from "./road_scale";
import type { SeriesStore } from "./series_store";
import type { Store } from "./store";
import type { Checkpoint } from "./types";
import { incident } from "./words";

interface SavedMark extends Mark {
  saved: Checkpoint;
  atMs: number;
}

export class Road {
  private readonly road = byId("road");
  private readonly line = byId("road-line");
  private readonly done = byId("road-done");
  private readonly finish = byId("road-finish");
  private readonly ticks = byId("road-ticks");
  private readonly gaps = byId("road-gaps");
  private readonly incidents: MarkRow<EventMark>;
  private readonly saves: MarkRow<SavedMark>;
  private endMs: number | null = null;

  constructor(private readonly store: Store, private readonly loss: SeriesStore) {
    this.incidents = new MarkRow(byId("road-incidents"), incidentMarks(() => store.now()));
    this.saves = new MarkRow(byId("road-saves"), {
      gap: 14,
      shapeOf: () => "saved",
      lines: (marks) => this.savedLines(marks.map((mark) => mark.saved)),
    });
    store.on(["run", "events", "checkpoints", "series"], () => this.update());
    new ResizeObserver(() => this.update()).observe(this.line);
  }

  private update(): void {
    const { run } = this.store;
    const scale = run && roadScale(run, this.store.now(), this.endMs);
    this.road.classList.toggle("road-empty", !scale);
    if (!run || !scale) return;
    this.endMs = scale.endMs;
    const width = this.line.clientWidth;
    this.road.dataset.state = run.state;
    this.done.style.width = `${(place(scale, scale.nowMs) * 100).toFixed(2)}%`;
    this.drawFinish(scale);
    this.drawTicks(scale, width);
    this.drawPauses(scale);
    const kinds = new Set(this.store.stories.filter(incident).map((event) => event.severity));
    show(byId("legend-recovered"), kinds.has("recovered"));
    show(byId("legend-undone"), kinds.has("undone"));
    show(byId("legend-error"), kinds.has("error"));
    show(byId("legend-gap"), this.gaps.childElementCount > 0);
    show(byId("legend-finish"), scale.finish !== null);
    this.incidents.set(this.store.stories.filter(incident).map((event) => ({
      x: place(scale, Date.parse(event.at)) * width, shape: event.severity, event,
    })));
    const saved = this.savedMarks(scale, width);
    show(byId("legend-saved"), saved.length > 0);
    this.saves.set(saved);
  }

  private drawFinish(scale: RoadScale): void {
    show(this.finish, scale.finish !== null);
    if (!scale.finish) return;
    const low = place(scale, scale.finish.lowMs), high = place(scale, scale.finish.highMs);
    this.finish.style.left = `${(low * 100).toFixed(2)}%`;
    this.finish.style.width = `${Math.max(0, (high - low) * 100).toFixed(2)}%`;
    this.finish.title = `Expected finish between ${between(scale.finish.lowMs, scale.finish.highMs, this.store.now()).join(" and ")}`;
  }

  private drawTicks(scale: RoadScale, width: number): void {
    const ticks = roadTicks(scale, width);
    const key = ticks.map((tick) => tick.label + tick.share.toFixed(3)).join();
    replaceIfChanged(this.ticks, key, () => ticks.map((tick) => {
      const label = h("span", { class: tick.share === 0 ? "tick tick-first" : "tick" }, tick.label);
      label.style.left = `${(tick.share * 100).toFixed(2)}%`;
      return label;
    }));
  }

  private drawPauses(scale: RoadScale): void {
    const found = pauses(this.loss.buckets.wall, scale);
    const key = found.map((one) => `${place(scale, one.fromMs).toFixed(3)}-${place(scale, one.toMs).toFixed(3)}`).join();
    replaceIfChanged(this.gaps, key, () => found.map((one) => {
      const gap = h("i", { class: "road-gap" });
      gap.style.left = `${(place(scale, one.fromMs) * 100).toFixed(2)}%`;
      gap.style.width = `${((place(scale, one.toMs) - place(scale, one.fromMs)) * 100).toFixed(2)}%`;
      return gap;
    }));
  }

  // What is on the store now, and what once was (its event remembers it).
  private savedMarks(scale: RoadScale, width: number): SavedMark[] {
    const saved = new Map<string, SavedMark>();
    const add = (one: Checkpoint, at: string | null) => {
      const atMs = at ? Date.parse(at) : NaN;
      if (!Number.isFinite(atMs)) return;
      saved.set(`${one.branch ?? 0}/${one.step}`, { x: place(scale, atMs) * width, shape: "saved", saved: one, atMs });
    };
    for (const event of this.store.events) {
      if (event.kind !== "checkpoint_saved" || event.step === null) continue;
      add({ step: event.step, branch: null, generation: null, saved_at: event.at, size_bytes: null, verified: null,
        sane: null, pinned: null, where: [] }, event.at);
    }
    for (const one of this.store.checkpoints) add(one, one.saved_at);
    return [...saved.values()];
  }

  private savedLines(saved: Checkpoint[]): string[] {
    const newest = saved[saved.length - 1];
    if (!newest) return [];
    const size = newest.size_bytes === null ? "" : ` · ${bytes(newest.size_bytes)}`;
    const state = newest.where?.length === 0 ? "since replaced by newer ones" : newest.verified ? "verified" : "saved";
    return [
      saved.length === 1 ? `Checkpoint at step ${integer(newest.step)}` : `${plural(saved.length, "checkpoint")}, the last at step ${integer(newest.step)}`,
      `${when(Date.parse(newest.saved_at ?? ""), this.store.now())}${size} · ${state}`,
    ];
  }
}
