// The loss as numbers: for those who cannot see the curve, and those who want to copy it. Filled
// only while it is open; at most 24 rows of what the chart shows, the first and the last among them.
import type { Buckets } from "./buckets";
import { byId, h, replaceIfChanged } from "./dom";
import { compact, integer, loss, when } from "./format";

const ROWS = 24;

export class LossTable {
  private readonly details = byId<HTMLDetailsElement>("loss-numbers");

  constructor(onOpen: () => void) {
    this.details.addEventListener("toggle", onOpen);
  }

  update(buckets: Buckets, from: number, to: number, now: number, fine: boolean): void {
    if (!this.details.open) return;
    const inside = buckets.last.map((_, i) => i).filter((i) => buckets.last[i]! >= from && buckets.step[i]! <= to);
    const count = Math.min(ROWS, inside.length);
    const chosen = Array.from({ length: count }, (_, k) => inside[count === 1 ? 0 : Math.round((k * (inside.length - 1)) / (count - 1))]!);
    const key = chosen.map((i) => `${buckets.last[i]}:${buckets.mean[i]}`).join();
    replaceIfChanged(this.details.querySelector("tbody") as HTMLElement, key, () => chosen.map((i) => h("tr", {},
      h("th", { scope: "row" }, buckets.step[i] === buckets.last[i] ? integer(buckets.last[i]) : `${integer(buckets.step[i])}–${integer(buckets.last[i])}`),
      h("td", { class: "number" }, buckets.mean[i] == null && buckets.nonfinite[i] ? "not a number" : loss(buckets.mean[i])),
      h("td", { class: "number wide" }, loss(buckets.min[i])),
      h("td", { class: "number wide" }, loss(buckets.max[i])),
      h("td", { class: "number" }, compact(buckets.tokens[i])),
      h("td", {}, when(buckets.wall[i]!, now, fine)))));
  }
}
