// The checkpoints that exist, newest first.
import { byId, h, replaceIfChanged, setText, show } from "./dom";
import { bytes, fullTime, integer, plural, when } from "./format";
import type { Store } from "./store";
import type { Checkpoint } from "./types";

const FIRST = 6;

export class Checkpoints {
  private readonly table = byId("checkpoints");
  private readonly caption = byId("checkpoints-caption");
  private readonly more = byId<HTMLButtonElement>("checkpoints-more");
  private shown = FIRST;

  constructor(private readonly store: Store) {
    this.more.addEventListener("click", () => { this.shown = Infinity; this.update(); });
    store.on(["checkpoints", "run"], () => this.update());
  }

  private update(): void {
    const { checkpoints } = this.store;
    const now = this.store.now(), { fine } = this.store;
    show(this.table, checkpoints.length > 0);
    setText(this.caption, captionWords(checkpoints));
    const visible = checkpoints.slice(0, this.shown);
    const key = visible.map((one) => `${one.step}/${one.generation}/${one.verified}/${one.sane}/${one.pinned}/${when(Date.parse(one.saved_at ?? ""), now, fine)}`).join();
    const body = this.table.querySelector("tbody") as HTMLElement;
    replaceIfChanged(body, key, () => visible.map((one) => row(one, now, fine)));
    show(this.more, checkpoints.length > visible.length);
    setText(this.more, `All ${integer(checkpoints.length)}`);
  }
}

function captionWords(checkpoints: Checkpoint[]): string {
  if (!checkpoints.length) return "Nothing has been saved yet. The first one appears here when it is safely on disk.";
  const sizes = checkpoints.map((one) => one.size_bytes ?? 0);
  return `${plural(checkpoints.length, "complete copy", "complete copies")} of the run, ${bytes(sizes.reduce((a, b) => a + b, 0))} in all. Any of them can be gone back to.`;
}

function row(one: Checkpoint, now: number, fine: boolean): HTMLElement {
  const at = one.saved_at ? Date.parse(one.saved_at) : null;
  const time = at === null ? "–" : h("time", { datetime: one.saved_at!, title: fullTime(at) }, when(at, now, fine));
  const state = [one.verified ? "verified" : one.verified === false ? "distrusted, not used" : "saved", one.sane ? "sane" : "", one.pinned ? "kept for good" : ""];
  return h("tr", {},
    h("th", { scope: "row", title: `branch ${one.branch ?? "–"} · generation ${one.generation ?? "–"}` }, integer(one.step)),
    h("td", {}, time),
    h("td", { class: "number" }, bytes(one.size_bytes)),
    h("td", { class: "wide" }, (one.where ?? []).join(", ") || "–"),
    h("td", {}, state.filter(Boolean).join(", ")));
}
