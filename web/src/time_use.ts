// Where the time went: one bar, its parts in words. Hatching says the same as colour.
import { byId, h, replaceIfChanged, setText } from "./dom";
import { duration } from "./format";
import type { Store } from "./store";
import type { TimeUse } from "./types";

const PARTS: [keyof TimeUse, string][] = [
  ["productive_s", "new steps"],
  ["rerun_s", "redoing steps"],
  ["restarting_s", "restarting"],
  ["checkpoint_s", "saving"],
  ["waiting_s", "waiting"],
  ["paused_s", "paused"],
];

export class TimeUseBar {
  private readonly bar = byId("time-bar");
  private readonly key = byId("time-key");
  private readonly title = byId("time-title");

  constructor(private readonly store: Store) {
    store.on(["run"], () => this.update());
  }

  private update(): void {
    const use = this.store.run?.time_use;
    if (!use || !(use.total_s > 0)) {
      replaceIfChanged(this.key, "none", () => [h("div", {}, h("dt", {}, "Told once the first step is done"), h("dd", {}, ""))]);
      return;
    }
    setText(this.title, `Where ${duration(use.total_s)} went`);
    const parts = PARTS.map(([name, words]) => ({ name, words, seconds: use[name] ?? 0 })).filter((part) => part.seconds > 0);
    const key = parts.map((part) => part.name + (part.seconds / use.total_s).toFixed(4) + duration(part.seconds)).join();
    replaceIfChanged(this.bar, key, () => parts.map((part) => {
      const piece = h("i", { class: `use use-${part.name}` });
      piece.style.flexGrow = String(part.seconds / use.total_s);
      return piece;
    }));
    replaceIfChanged(this.key, key, () => parts.map((part) => h("div", {},
      h("dt", {}, h("i", { class: `swatch use-${part.name}` }), part.words),
      h("dd", {}, share(part.seconds / use.total_s), h("span", {}, duration(part.seconds))))));
  }
}

function share(ratio: number): string {
  return ratio < 0.0005 ? "<0.1%" : `${(ratio * 100).toFixed(1)}%`;
}
