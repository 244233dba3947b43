// The small charts: gradient norm, speed, learning rate, time a step. Their windows and their hover
// follow the loss chart's.
import { Chart } from "./chart";
import { byId, h, setText, show } from "./dom";
import { axisNumber, compact, duration, exponent, integer, plural, significant } from "./format";
import { speakWhenRead } from "./reading";
import { SeriesStore } from "./series_store";
import type { Store } from "./store";
import type { StepFrame } from "./types";
import type { View } from "./view";

interface Small {
  metric: keyof StepFrame & string;
  title: string;
  meaning: string;
  caption: string;
  log?: boolean;
  floor?: number;
  value(v: number): string;
  label(v: number): string;
}

const milliseconds = (ms: number): string => (ms < 1000 ? `${significant(ms)}\u00a0ms` : duration(ms / 1000));

const SMALL: Small[] = [
  { metric: "grad_norm", title: "Gradient norm", meaning: "Length of the gradient before clipping", caption: "how hard each step pulls, log scale",
    log: true, value: significant, label: axisNumber },
  { metric: "tokens_per_second", title: "Speed", meaning: "Tokens trained on in a second, over all processes", caption: "tokens a second",
    floor: 0, value: (v) => (v < 100_000 ? integer(v) : compact(v)), label: axisNumber },
  { metric: "learning_rate", title: "Learning rate", meaning: "Step size of the optimizer", caption: "how far a step may go",
    floor: 0, value: (v) => exponent(v, 3), label: (v) => exponent(v, 2) },
  { metric: "step_ms", title: "Time a step", meaning: "Wall time from one step to the next", caption: "from one step to the next",
    floor: 0, value: milliseconds, label: (v) => (v === 0 ? "0" : v < 1000 ? axisNumber(v) + "\u00a0ms" : axisNumber(v / 1000) + "\u00a0s") },
];

class SmallFigure {
  readonly root: HTMLElement;
  private readonly value = h("output", { class: "small-value" }, "–");
  private readonly caption: HTMLElement;
  private readonly chart: Chart;
  private hovered: number | null = null;

  constructor(private readonly small: Small, readonly series: SeriesStore, store: Store, view: View) {
    const host = h("div", { class: "chart", tabindex: "0", role: "application", "aria-roledescription": "chart",
      "aria-label": `${small.title} by step. Arrow keys read, plus and minus zoom, Home shows the whole run.` });
    this.caption = h("p", { class: "caption" }, small.caption);
    this.root = h("figure", { class: "small" },
      h("div", { class: "small-head" }, h("h2", { title: small.meaning }, small.title), this.value), this.caption, host);
    speakWhenRead(host, this.value);
    this.chart = new Chart(host, {
      label: small.title, height: () => 150, log: () => small.log ?? false, smoothed: () => false, floor: small.floor,
      yLabel: small.label, gutter: 52, annotations: () => ({ abandoned: [], lines: [], head: null }),
      onHover: (index) => { this.hovered = index; this.updateValue(); },
    }, view);
    store.on(["series"], () => this.update());
    store.on(["theme"], () => this.chart.redraw());
    view.on((what) => { if (what === "settings") this.chart.rebuild(); this.update(); });
  }

  private update(): void {
    this.chart.setData(this.series.buckets);
    this.updateValue();
    const { above, below } = this.chart.frame;
    const parts = [above ? `${plural(above, "point")} above the frame` : "", below ? `${plural(below, "point")} below` : ""];
    const outside = parts.filter(Boolean).join(" · ");
    setText(this.caption, outside ? (this.small.log ? "log scale · " : "") + outside : this.small.caption);
  }

  private updateValue(): void {
    const { mean } = this.series.buckets;
    const value = this.hovered === null ? mean[mean.length - 1] : mean[this.hovered];
    setText(this.value, value == null ? "–" : this.small.value(value));
    this.value.classList.toggle("hovered", this.hovered !== null);
  }
}

export function smallFigures(store: Store, view: View): SeriesStore[] {
  const figures = SMALL.map((small) => new SmallFigure(small, new SeriesStore(small.metric, 400), store, view));
  const section = byId("small-charts");
  store.on(["series"], () => show(section, figures.some((figure) => figure.series.buckets.step.length > 0)));
  section.replaceChildren(...figures.map((figure) => figure.root));
  return figures.map((figure) => figure.series);
}
