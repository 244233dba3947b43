// One chart: uPlot with the page's type and colours. It owns neither the data nor the view: both are
// handed in, and whatever the reader does with mouse, touch or keys goes back to the view.
import uPlot from "uplot";
import { linearTicks, logTicks, xTicks } from "./axes";
import { drawBelow, drawOver, type Annotations } from "./chart_draw";
import { curveOf, toSteps, xFrame, yFrame, type Curve, type YFrame } from "./curve";
import { attachGestures } from "./gestures";
import type { Buckets } from "./buckets";
import { canvasFont, colour } from "./theme";
import type { View } from "./view";

export interface ChartSpec {
  label: string; // what the keyboard and screen reader hear
  height(): number;
  log(): boolean;
  smoothed(): boolean;
  floor?: number; // the y range reaches down to here
  yLabel(value: number, decimals: number): string; // decimals: as many as the ticks need
  gutter: number; // px left of the plot, for the y labels
  onHover(index: number | null): void; // index into the buckets
  annotations(): Annotations;
}

export class Chart {
  private plot: uPlot | null = null;
  curve: Curve | null = null;
  frame: YFrame = { low: 0, high: 1, above: 0, below: 0 };
  private buckets: Buckets | null = null;

  constructor(private readonly host: HTMLElement, private readonly spec: ChartSpec, private readonly view: View) {
    new ResizeObserver(() => this.resize()).observe(host);
  }

  get over(): HTMLElement | null {
    return this.plot?.over ?? null;
  }

  // CSS pixels from the left edge of the plot area; null when outside of it.
  xPixel(value: number): number | null {
    if (!this.plot) return null;
    const pixel = this.plot.valToPos(value, "x");
    return pixel >= -0.5 && pixel <= this.plot.over.clientWidth + 0.5 ? pixel : null;
  }

  setData(buckets: Buckets): void {
    this.buckets = buckets;
    this.draw();
  }

  // For a changed theme.
  redraw(): void {
    this.plot?.redraw(false, true);
  }

  // For settings that uPlot fixes at construction (a logarithmic axis).
  rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }

  private draw(): void {
    if (!this.buckets || this.host.clientWidth === 0) return;
    const { buckets, view, spec } = this;
    const log = spec.log();
    const curve = (this.curve = curveOf(buckets, view, spec.smoothed(), log));
    const x = xFrame(curve, buckets, view);
    this.frame = yFrame(curve, x, { log, whole: view.whole, floor: spec.floor });
    const data = [curve.x, curve.max, curve.min, curve.mean, curve.line] as uPlot.AlignedData;
    const plot = (this.plot ??= this.create(data));
    plot.batch(() => {
      plot.setData(data, false);
      plot.setScale("x", { min: x.low, max: x.high });
      plot.setScale("y", { min: this.frame.low, max: this.frame.high });
    });
  }

  private resize(): void {
    const width = this.host.clientWidth;
    if (width === 0) return;
    if (!this.plot) return this.draw();
    const height = this.spec.height();
    if (width !== this.plot.width || height !== this.plot.height) {
      this.plot.setSize({ width, height });
      this.draw();
    }
  }

  private create(data: uPlot.AlignedData): uPlot {
    const { spec, view } = this;
    const log = spec.log();
    const hidden: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false } };
    const plot = new uPlot({
      width: this.host.clientWidth,
      height: spec.height(),
      padding: [14, 10, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { show: (_u, i) => hoverPoint(i === this.lineIndex()), size: () => 9, width: () => 2, stroke: () => colour("accent"), fill: () => colour("paper") },
        sync: { key: "run", setSeries: false, scales: ["x", null], filters: { pub: hoverOnly, sub: hoverOnly } },
        bind: { dblclick: () => () => { view.zoom(null); return null; } },
      },
      scales: { x: { time: false, auto: false }, y: { auto: false, distr: log ? 3 : 1 } },
      axes: [this.xAxis(), this.yAxis(log)],
      bands: [{ series: [1, 2], fill: () => colour("band") }],
      series: [
        {},
        hidden,
        hidden,
        {
          stroke: () => colour(this.lineIndex() === 4 ? "accent-line" : "accent"),
          width: spec.smoothed() ? 1 : 1.75, points: { show: () => this.lineIndex() === 3 && this.short(), size: 5 },
        },
        { stroke: () => colour("accent"), width: 2, points: { show: () => this.lineIndex() === 4 && this.short(), size: 5 } },
      ],
      hooks: {
        setCursor: [(u) => this.hover(u)],
        setSelect: [(u) => this.select(u)],
        drawAxes: [(u) => drawBelow(u, this.spec.annotations(), this.scene())],
        draw: [(u) => drawOver(u, this.spec.annotations(), this.scene())],
      },
    }, data, this.host);
    attachGestures(plot, this.host, view, (frame) => this.buckets && toSteps(this.buckets, view.x, frame));
    return plot;
  }

  private scene() {
    return { view: this.view, buckets: this.buckets!, curve: this.curve!, frame: this.frame, line: this.lineIndex() };
  }

  // The series that is the line: the smoothed one, or the mean itself.
  private lineIndex(): number {
    return this.spec.smoothed() ? 4 : 3;
  }

  // A handful of points is shown as points.
  private short(): boolean {
    return (this.curve?.x.length ?? 0) <= 1;
  }

  private xAxis(): uPlot.Axis {
    const { spec } = this;
    let labels = new Map<number, string>();
    return {
      font: canvasFont(12), labelFont: canvasFont(12), stroke: () => colour("ink3"), size: 30, gap: 6,
      grid: { show: false },
      ticks: { show: true, size: 5, width: 1, stroke: () => colour("rule") },
      border: { show: true, width: 1, stroke: () => colour("rule") },
      splits: (u, _axis, low, high) => {
        const most = Math.max(2, Math.floor((u.width - spec.gutter) / (this.view.x === "time" ? 92 : 74)));
        if (!this.curve?.x.length) return [];
        const ticks = xTicks(this.view.x, low, high, most);
        labels = new Map(ticks.map((tick) => [tick.at, tick.label]));
        return ticks.map((tick) => tick.at);
      },
      values: (_u, splits) => splits.map((split) => labels.get(split) ?? ""),
    };
  }

  private yAxis(log: boolean): uPlot.Axis {
    const { spec } = this;
    return {
      font: canvasFont(12), stroke: () => colour("ink3"), size: spec.gutter, gap: 8,
      grid: { show: true, width: 1, stroke: () => colour("grid") },
      ticks: { show: false },
      splits: (u, _axis, low, high) => {
        const room = u.height - 44, most = Math.max(2, Math.floor(room / (room < 200 ? 34 : 50)));
        if (!this.curve?.x.length) return [];
        return log ? logTicks(low, high, most) : linearTicks(low, high, most);
      },
      filter: (_u, splits) => splits,
      values: (_u, splits) => {
        const places = decimals(splits);
        return splits.map((split) => (split === null ? "" : spec.yLabel(split, places)));
      },
    };
  }

  private hover(u: uPlot): void {
    const index = u.cursor.idx;
    const source = index == null || (u.cursor.left ?? -1) < 0 ? -1 : (this.curve?.source[index] ?? -1);
    this.spec.onHover(source < 0 ? null : source);
  }

  private select(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 6 || !this.buckets) return;
    const frame = { low: u.posToVal(left, "x"), high: u.posToVal(left + width, "x") };
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const window = toSteps(this.buckets, this.view.x, frame);
    if (window && window.to - window.from >= 1) this.view.zoom(window, { x: this.view.x, from: frame.low, to: frame.high });
  }
}

function decimals(values: (number | null)[]): number {
  const lengths = values.map((value) => (value === null ? 0 : (String(value).split(".")[1] ?? "").length));
  return Math.min(4, Math.max(0, ...lengths));
}

function hoverOnly(type: string): boolean {
  return type === "mousemove" || type === "mouseleave" || type === "mouseenter";
}

function hoverPoint(shown: boolean): HTMLElement {
  const point = document.createElement("div");
  point.hidden = !shown;
  return point;
}
