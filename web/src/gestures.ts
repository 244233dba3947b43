// Mouse, touch and keys on a chart. Drag selects a window (uPlot does that); shift-drag and sideways
// wheels pan; ctrl-wheel and two fingers zoom; one finger reads, or pans once zoomed. The page
// itself still scrolls under a vertical finger. Keys: arrows read, + and - zoom, Home shows all.
import type uPlot from "uplot";
import type { Frame } from "./chart_math";
import type { View, Window } from "./view";

type ToWindow = (frame: Frame) => Window | null;

export function attachGestures(plot: uPlot, host: HTMLElement, view: View, toWindow: ToWindow): void {
  const go = (wanted: Frame) => {
    const frame = kept(wanted, plot.data[0] as number[]);
    const window = frame && toWindow(frame);
    if (!frame) view.zoom(null);
    else if (window && window.to - window.from >= 2) view.zoom(window, { x: view.x, from: frame.low, to: frame.high });
  };
  const current = (): Frame => ({ low: plot.scales.x!.min!, high: plot.scales.x!.max! });
  attachWheel(plot, view, current, go);
  attachPan(plot, view, current, go);
  attachTouch(plot, view, current, go);
  attachKeys(plot, host, view, current, go);
}

// Keeps the window on the run; null when it is as wide as all of it.
function kept(frame: Frame, x: number[]): Frame | null {
  const first = x[0] ?? 0, last = x[x.length - 1] ?? 0, width = frame.high - frame.low;
  if (width >= (last - first) * 0.999) return null;
  const low = Math.max(first - 0.02 * width, Math.min(last + 0.1 * width - width, frame.low));
  return { low, high: low + width };
}

function zoomed(frame: Frame, centre: number, factor: number): Frame {
  return { low: centre - (centre - frame.low) * factor, high: centre + (frame.high - centre) * factor };
}

function shifted(frame: Frame, share: number): Frame {
  const by = (frame.high - frame.low) * share;
  return { low: frame.low + by, high: frame.high + by };
}

function attachWheel(plot: uPlot, view: View, current: () => Frame, go: (frame: Frame) => void): void {
  plot.over.addEventListener("wheel", (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const centre = plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x");
      go(zoomed(current(), centre, Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200)))));
    } else if (view.window && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      go(shifted(current(), event.deltaX / plot.over.clientWidth));
    }
  }, { passive: false });
}

function attachPan(plot: uPlot, view: View, current: () => Frame, go: (frame: Frame) => void): void {
  plot.over.addEventListener("mousedown", (event) => {
    if (!event.shiftKey || !view.window) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    const start = event.clientX, frame = current();
    const move = (moved: MouseEvent) => go(shifted(frame, (start - moved.clientX) / plot.over.clientWidth));
    const up = () => {
      window.removeEventListener("mousemove", move);
      window.removeEventListener("mouseup", up);
    };
    window.addEventListener("mousemove", move);
    window.addEventListener("mouseup", up);
  }, { capture: true });
}

function attachTouch(plot: uPlot, view: View, current: () => Frame, go: (frame: Frame) => void): void {
  const fingers = new Map<number, number>(); // pointer id -> x
  let start: { frame: Frame; xs: number[] } | null = null;
  const place = (event: PointerEvent) => event.clientX - plot.over.getBoundingClientRect().left;
  const begin = () => {
    start = { frame: current(), xs: [...fingers.values()] };
  };
  plot.over.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, place(event));
    begin();
  });
  plot.over.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId) || !start) return;
    fingers.set(event.pointerId, place(event));
    const xs = [...fingers.values()], { frame } = start;
    const width = plot.over.clientWidth;
    if (xs.length >= 2 && start.xs.length >= 2) {
      const before = Math.abs(start.xs[0]! - start.xs[1]!), after = Math.max(8, Math.abs(xs[0]! - xs[1]!));
      const middle = (start.xs[0]! + start.xs[1]!) / 2, now = (xs[0]! + xs[1]!) / 2;
      const centre = frame.low + ((frame.high - frame.low) * middle) / width;
      const factor = Math.max(0.02, Math.min(50, before / after));
      go(shifted(zoomed(frame, centre, factor), ((middle - now) / width)));
    } else if (view.window) {
      go(shifted(frame, (start.xs[0]! - xs[0]!) / width));
    } else {
      plot.setCursor({ left: xs[0]!, top: 0 });
    }
  });
  const end = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    if (fingers.size) begin();
    else {
      start = null;
      if (event.type === "pointerup") window.setTimeout(() => plot.setCursor({ left: -10, top: -10 }), 2500);
    }
  };
  plot.over.addEventListener("pointerup", end);
  plot.over.addEventListener("pointercancel", end);
}

function attachKeys(plot: uPlot, host: HTMLElement, view: View, current: () => Frame, go: (frame: Frame) => void): void {
  const read = (index: number) => {
    const x = plot.data[0];
    if (!x.length) return;
    const at = Math.max(0, Math.min(x.length - 1, index));
    plot.setCursor({ left: plot.valToPos(x[at]!, "x"), top: 0 });
  };
  host.onkeydown = (event) => {
    if (event.target !== host || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = plot.cursor.idx ?? plot.data[0].length;
    const stride = event.shiftKey ? Math.max(1, Math.round(plot.data[0].length / 20)) : 1;
    const frame = current(), middle = (frame.low + frame.high) / 2;
    if (event.key === "ArrowLeft") read(index - stride);
    else if (event.key === "ArrowRight") read(index + stride);
    else if (event.key === "+" || event.key === "=") go(zoomed(frame, middle, 0.5));
    else if (event.key === "-") go(zoomed(frame, middle, 2));
    else if (event.key === "PageUp" && view.window) go(shifted(frame, -0.5));
    else if (event.key === "PageDown" && view.window) go(shifted(frame, 0.5));
    else if (event.key === "Home" || event.key === "0") view.zoom(null);
    else if (event.key === "Escape") plot.setCursor({ left: -10, top: -10 });
    else return;
    event.preventDefault();
  };
  host.onblur = () => plot.setCursor({ left: -10, top: -10 });
}
