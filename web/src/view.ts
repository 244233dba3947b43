// How the reader looks at the charts: axis, scale, smoothing, window. It belongs to the reader: live
// data never changes it. It is kept in the address, so a link shows what its sender saw.

export type XAxis = "steps" | "tokens" | "time";

export interface Window {
  from: number; // steps, may be fractional
  to: number;
}

const LAST_STEP = 2 ** 50; // beyond any run, and still a whole number

// Of an address that anybody may have written: on the axis of steps, or none.
export function windowOf(from: string | null, to: string | null): Window | null {
  if (!from || !to) return null;
  const low = Math.max(0, Number(from)), high = Math.min(LAST_STEP, Number(to));
  return low < high ? { from: low, to: high } : null; // not a number is not below anything
}

export class View {
  x: XAxis = "steps";
  log = false;
  smooth = true;
  whole = false; // show outliers too
  window: Window | null = null; // null: the whole run, growing
  // The window in the units of the axis it was chosen on, so that it stays put to the last digit.
  exact: { x: XAxis; from: number; to: number } | null = null;
  private readonly listeners: ((what: "settings" | "window") => void)[] = [];
  private rememberTimer = 0;

  constructor() {
    const parameters = new URLSearchParams(location.search);
    const x = parameters.get("x");
    if (x === "tokens" || x === "time") this.x = x;
    this.log = parameters.get("y") === "log";
    this.smooth = parameters.get("line") !== "raw";
    this.whole = parameters.get("outliers") === "show";
    this.window = windowOf(parameters.get("from"), parameters.get("to"));
  }

  on(listener: (what: "settings" | "window") => void): void {
    this.listeners.push(listener);
  }

  set(settings: Partial<Pick<View, "x" | "log" | "smooth" | "whole">>): void {
    Object.assign(this, settings);
    this.tell("settings");
  }

  zoom(window: Window | null, exact: View["exact"] = null): void {
    this.window = window && window.to > window.from ? window : null;
    this.exact = this.window ? exact : null;
    this.tell("window");
  }

  private tell(what: "settings" | "window"): void {
    // Not at once: browsers refuse an address that changes a hundred times in a pan.
    window.clearTimeout(this.rememberTimer);
    this.rememberTimer = window.setTimeout(() => this.remember(), 250);
    for (const listener of this.listeners) listener(what);
  }

  private remember(): void {
    const parameters = new URLSearchParams(location.search);
    const put = (name: string, value: string | null) =>
      value === null ? parameters.delete(name) : parameters.set(name, value);
    put("x", this.x === "steps" ? null : this.x);
    put("y", this.log ? "log" : null);
    put("line", this.smooth ? null : "raw");
    put("outliers", this.whole ? "show" : null);
    put("from", this.window ? String(Math.round(this.window.from)) : null);
    put("to", this.window ? String(Math.round(this.window.to)) : null);
    const query = parameters.toString();
    history.replaceState(null, "", location.pathname + (query ? "?" + query : "") + location.hash);
  }
}
