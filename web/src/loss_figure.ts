// The loss: the page's main chart, its controls, its sentence, its marks.
import { Chart } from "./chart";
import type { Annotations } from "./chart_draw";
import { niceSpan } from "./chart_math";
import { axisOf, toAxis } from "./curve";
import { byId, setAttr, setText, show } from "./dom";
import { clockSeconds, integer, loss, plural, when } from "./format";
import { incidentMarks, type EventMark } from "./incident_marks";
import { LossTable } from "./loss_table";
import { MarkRow } from "./marks";
import { speakWhenRead } from "./reading";
import type { SeriesStore } from "./series_store";
import type { Store } from "./store";
import type { View, XAxis } from "./view";
import { incident } from "./words";

export class LossFigure {
  private readonly caption = byId("loss-caption");
  private readonly clip = byId<HTMLButtonElement>("loss-clip");
  private readonly readout = byId("loss-readout");
  private readonly all = byId<HTMLButtonElement>("loss-all");
  private readonly empty = byId("loss-empty");
  private readonly chart: Chart;
  private readonly row = document.createElement("div");
  private readonly marks: MarkRow<EventMark>;
  private readonly table = new LossTable(() => this.updateTable());
  private hovered: number | null = null;

  constructor(private readonly store: Store, private readonly series: SeriesStore, private readonly view: View) {
    const host = byId("loss-chart");
    this.row.className = "chart-marks";
    setAttr(this.row, "role", "group");
    setAttr(this.row, "aria-label", "Incidents on the loss curve");
    this.marks = new MarkRow(this.row, incidentMarks(() => store.now()));
    this.chart = new Chart(host, {
      label: "Loss",
      height: () => (host.clientWidth < 560 ? 300 : Math.max(400, Math.min(500, Math.round(host.clientWidth * 0.57)))),
      log: () => view.log,
      smoothed: () => view.smooth && this.series.buckets.step.length >= 12,
      yLabel: (value, decimals) => value.toFixed(decimals),
      gutter: 46,
      onHover: (index) => { this.hovered = index; this.updateReadout(); },
      annotations: () => this.annotations(),
    }, view);
    speakWhenRead(host, this.readout);
    this.bindControls();
    store.on(["series", "segments", "events", "view"], () => this.update());
    store.on(["theme"], () => this.chart.redraw());
    view.on((what) => (what === "settings" ? this.onSettings() : this.update()));
    // The marks of a resized chart stand elsewhere.
    new ResizeObserver(() => requestAnimationFrame(() => this.placeMarks())).observe(host);
    this.showSettings();
  }

  private bindControls(): void {
    for (const input of document.querySelectorAll<HTMLInputElement>("#loss-controls input")) {
      input.addEventListener("change", () => {
        if (input.name === "x") this.view.set({ x: input.value as XAxis });
        if (input.name === "y") this.view.set({ log: input.value === "log" });
        if (input.name === "line") this.view.set({ smooth: input.value === "smooth" });
      });
    }
    this.all.addEventListener("click", () => this.view.zoom(null));
    this.clip.addEventListener("click", () => this.view.set({ whole: !this.view.whole }));
  }

  private showSettings(): void {
    const chosen: Record<string, string> = { x: this.view.x, y: this.view.log ? "log" : "linear", line: this.view.smooth ? "smooth" : "raw" };
    for (const input of document.querySelectorAll<HTMLInputElement>("#loss-controls input")) input.checked = chosen[input.name] === input.value;
  }

  private onSettings(): void {
    this.showSettings();
    this.chart.rebuild();
    this.update();
  }

  private update(): void {
    const { buckets } = this.series;
    show(this.empty, this.series.loaded && buckets.step.length === 0);
    this.chart.setData(buckets);
    show(this.all, this.view.window !== null);
    const span = niceSpan((buckets.last[buckets.last.length - 1] ?? 0) - (buckets.step[0] ?? 0) + 1);
    setText(byId("smooth-label"), buckets.step.length >= 12 ? ` ${integer(span)}` : "");
    this.updateWords();
    this.updateReadout();
    this.updateTable();
    this.placeMarks();
  }

  private updateWords(): void {
    const { buckets } = this.series;
    const size = this.series.bucketSteps(this.view.window);
    const words = [size === 1 ? "Every step." : `Mean of ${integer(size)} steps at a time, shaded from the lowest to the highest.`];
    const undone = this.store.segments.filter((one) => one.cut_step !== null && (one.end_step ?? 0) > one.cut_step).length;
    if (undone === 1) words.push(`Dashed: a stretch that was undone${this.peakWords()}.`);
    if (undone > 1) words.push(`Dashed: ${undone} stretches that were undone${undone > this.series.abandoned.length ? `, the ${this.series.abandoned.length} longest drawn` : ""}.`);
    const broken = buckets.nonfinite.reduce((sum, n) => sum + n, 0);
    if (broken) words.push(`× marks ${plural(broken, "step")} whose loss was not a number.`);
    setText(this.caption, buckets.step.length ? words.join(" ") : "");
    const { above, below } = this.chart.frame;
    const parts = [above ? `${plural(above, "point")} above` : "", below ? `${plural(below, "point")} below` : ""].filter(Boolean);
    show(this.clip, parts.length > 0 || this.view.whole);
    setText(this.clip, this.view.whole ? "Leave out far points" : `${parts.join(" and ")} the frame: show`);
  }

  // An undone stretch may rise out of the frame; how far is said in words.
  private peakWords(): string {
    const peak = Math.max(...this.series.abandoned.flatMap((one) => one.buckets.max.map((value) => value ?? -Infinity)));
    return peak > this.chart.frame.high ? `; it reached ${loss(peak)}` : "";
  }

  private updateReadout(): void {
    const { buckets } = this.series;
    const i = this.hovered ?? buckets.step.length - 1;
    if (i < 0 || i >= buckets.step.length) return void setText(this.readout, "");
    const first = buckets.step[i]!, last = buckets.last[i]!, value = buckets.mean[i];
    const steps = first === last ? `step ${integer(last)}` : `steps ${integer(first)}–${integer(last)}`;
    const range = buckets.min[i] != null && buckets.max[i] != null && buckets.min[i] !== buckets.max[i]
      ? ` (${loss(buckets.min[i])}–${loss(buckets.max[i])})` : "";
    const shown = value == null ? (buckets.nonfinite[i] ? "not a number" : "no value") : loss(value) + range;
    const at = buckets.wall[i]!;
    const time = this.store.now() - at < 86400_000 ? clockSeconds(at) : when(at, this.store.now());
    setText(this.readout, `${this.hovered === null ? "latest: " : ""}${steps} · loss ${shown} · ${time}`);
    setAttr(this.readout, "data-hover", this.hovered === null ? null : "");
  }

  private updateTable(): void {
    const { buckets } = this.series, window = this.view.window;
    this.table.update(buckets, window?.from ?? 0, window?.to ?? Infinity, this.store.now(), this.store.fine);
  }

  private annotations(): Annotations {
    const { buckets } = this.series;
    const last = buckets.mean[buckets.mean.length - 1];
    return {
      abandoned: this.series.abandoned,
      lines: this.store.stories.filter((event) => event.severity === "undone" || event.severity === "error").slice(0, 12).reverse()
        .map((event) => ({
          step: event.to_step ?? event.step ?? 0, atMs: Date.parse(event.at), colour: "bad" as const,
          text: event.severity === "undone" ? "undone" : event.title.replace(/\.$/, ""),
        })),
      head: last == null ? null : loss(last),
    };
  }

  private placeMarks(): void {
    const over = this.chart.over;
    if (!over) return;
    if (this.row.parentElement !== over) over.append(this.row);
    const { buckets } = this.series;
    const head = axisOf(buckets, this.view.x);
    const marks: EventMark[] = [];
    for (const event of this.store.stories) {
      if (!incident(event) || event.step === null) continue;
      const at = this.view.x === "time" ? Date.parse(event.at) : toAxis(buckets, this.view.x, event.step);
      const x = at === null || head.length === 0 ? null : this.chart.xPixel(at);
      if (x !== null) marks.push({ x, shape: event.severity, event });
    }
    this.marks.set(marks);
  }
}
