// The six numbers of the moment. Units by size; the note below says what the number means.
import { headStep, type Buckets } from "./buckets";
import { niceSpan, smooth } from "./chart_math";
import { byId, h, highlight, setAttr, setNumber, setText } from "./dom";
import { ageParts, bytes, compact, compactParts, duration, integer, loss, percent, plural, significant } from "./format";
import type { SeriesStore } from "./series_store";
import type { Store } from "./store";
import type { Run } from "./types";

interface Tile {
  value: HTMLElement;
  unit: HTMLElement;
  note: HTMLElement;
  root: HTMLElement;
}

export class Tiles {
  private readonly tiles = new Map<string, Tile>();
  private trendKey = "";
  private trend = "";
  private savedStep: number | null = null;

  constructor(private readonly store: Store, private readonly lossSeries: SeriesStore) {
    const names: [string, string, string][] = [
      ["loss", "Training loss", "Mean cross-entropy of the next token over the batch, in nats"],
      ["speed", "Speed", "Tokens trained on in a second, over all processes"],
      ["tokens", "Text read", "Tokens the model has been trained on"],
      ["goodput", "Time well spent", "Goodput: the share of time that went into steps that count"],
      ["saved", "Last checkpoint", "A complete copy of the training state, written to disk"],
      ["recovered", "Recoveries", "Times the training processes were started anew"],
    ];
    byId("tiles").replaceChildren(...names.map(([id, name, meaning]) => this.make(id, name, meaning)));
    store.on(["run", "series", "clock"], () => this.update());
  }

  private make(id: string, name: string, meaning: string): HTMLElement {
    const value = h("span", { class: "value", id: `tile-${id}` }, "–"), unit = h("span", { class: "unit" });
    const note = h("p", { class: "note" }, "\u00a0");
    const root = h("div", { class: "tile" }, h("h2", { title: meaning }, name), h("p", { class: "figure" }, value, unit), note);
    this.tiles.set(id, { value, unit, note, root });
    return root;
  }

  private put(id: string, value: string, unit: string, note: string, tone: string | null = null): void {
    const tile = this.tiles.get(id)!;
    setNumber(tile.value, value);
    setText(tile.unit, unit ? "\u00a0" + unit : "");
    setText(tile.note, note || "\u00a0");
    setAttr(tile.root, "data-tone", tone);
  }

  private update(): void {
    const { run } = this.store;
    if (!run) return;
    this.putLoss(run);
    this.putSpeed(run);
    const [tokens, unit] = compactParts(run.tokens);
    this.put("tokens", tokens, run.tokens === null ? "" : (unit ? unit + " " : "") + "tokens",
      run.parameters ? `into ${compact(run.parameters)} parameters` : run.target_tokens ? `of ${compact(run.target_tokens)}` : "");
    const total = run.time_use?.total_s ?? null;
    this.put("goodput", run.goodput === null ? "–" : percent(run.goodput), "",
      run.goodput === null ? "not known yet" : total ? `of ${duration(total)}, in new steps` : "of the time, in new steps");
    this.putSaved(run);
    this.putRecoveries(run);
  }

  private putLoss(run: Run): void {
    if (run.loss === null && run.loss_nonfinite) {
      this.put("loss", run.loss_nonfinite === "nan" ? "NaN" : run.loss_nonfinite === "-inf" ? "−∞" : "∞", "", `not a number at step ${integer(run.step)}`, "bad");
      return;
    }
    this.put("loss", loss(run.loss), "", run.loss === null ? "no step yet" : this.trendWords());
  }

  // Compared with one span of the smoothed curve earlier; computed once a new step.
  private trendWords(): string {
    const { buckets } = this.lossSeries;
    const key = `${headStep(buckets)}/${buckets.step.length}`;
    if (key !== this.trendKey) {
      this.trendKey = key;
      this.trend = trend(buckets);
    }
    return this.trend;
  }

  private putSpeed(run: Run): void {
    const value = run.tokens_per_second;
    const [number, unit] = value !== null && value < 100_000 ? [integer(value), ""] : compactParts(value);
    const note = run.model_flops_utilization !== null && run.model_flops_utilization > 0
      ? `${percent(run.model_flops_utilization)} of the peak`
      : run.step_ms !== null ? `${significantTime(run.step_ms)} a step` : "no step yet";
    this.put("speed", number, value === null ? "" : (unit ? unit + " " : "") + "tokens/s", note);
  }

  private putSaved(run: Run): void {
    const saved = run.last_checkpoint;
    if (!saved) return this.put("saved", "–", "", "nothing saved yet");
    const [number, unit] = saved.saved_at === null ? [integer(saved.step), ""]
      : ageParts((this.store.now() - Date.parse(saved.saved_at)) / 1000);
    const note = [saved.saved_at === null ? "the step; when is not known" : `step ${integer(saved.step)}`, saved.size_bytes === null ? "" : bytes(saved.size_bytes), saved.verified ? "verified" : ""];
    this.put("saved", number, unit && `${unit} ago`, note.filter(Boolean).join(" · "));
    if (this.savedStep !== null && saved.step > this.savedStep) highlight(this.tiles.get("saved")!.root);
    this.savedStep = saved.step;
  }

  private putRecoveries(run: Run): void {
    if (run.restarts === null) return this.put("recovered", "–", "", "");
    const quiet = run.restarts === 0 && !run.daemon_restarts;
    const notes = [
      run.lost_steps === null ? "" : run.lost_steps === 0 ? "no step redone" : `${plural(run.lost_steps, "step")} redone`,
      run.rolled_back_steps ? `${integer(run.rolled_back_steps)} undone` : "",
    ];
    this.put("recovered", integer(run.restarts), "", quiet ? "nothing has failed" : notes.filter(Boolean).join(", "));
    const supervisor = run.daemon_restarts ? ` The supervisor itself was restarted ${plural(run.daemon_restarts, "time")}.` : "";
    setAttr(this.tiles.get("recovered")!.root, "title", `Times the training processes were started anew.${supervisor}`);
  }
}

function trend(buckets: Buckets): string {
  const steps = headStep(buckets) - (buckets.step[0] ?? 0) + 1;
  if (buckets.step.length < 8) return "one value a step";
  const span = niceSpan(steps), back = 5 * span;
  const line = smooth(buckets.last, buckets.mean, span);
  const now = line[line.length - 1];
  let i = buckets.last.length - 1;
  while (i > 0 && buckets.last[i]! > headStep(buckets) - back) i--;
  const then = line[i];
  if (now == null || then == null) return "";
  const change = now - then, size = Math.abs(change);
  const digits = size >= 0.1 ? 2 : 3;
  return size < 0.0005 ? `level over ${integer(back)} steps` : `${change < 0 ? "down" : "up"} ${size.toFixed(digits)} in ${integer(back)} steps`;
}

function significantTime(ms: number): string {
  return ms < 1000 ? `${significant(ms)}\u00a0ms` : duration(ms / 1000);
}
