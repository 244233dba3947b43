// What the model reads: the languages and their share of the text.
import { byId, h, replaceIfChanged, setText, show } from "./dom";
import { percent } from "./format";
import type { Store } from "./store";

const FIRST = 14;

const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

// A corpus may be named by its file ("de", "pt_BR"): then its language's name is said.
export function languageName(name: string): string {
  const code = /^(?:.*\/)?(?:text[-_])?([a-z]{2,3})(?:[-_@]([A-Za-z]{2,8}))?$/.exec(name);
  if (!code) return name;
  const language = names.of(code[1]!);
  return language ? language + (code[2] ? ` (${code[2]})` : "") : name;
}

export class Languages {
  constructor(private readonly store: Store) {
    store.on(["run"], () => this.update());
  }

  private update(): void {
    const all = [...(this.store.run?.languages ?? [])].sort((a, b) => b.weight - a.weight);
    show(byId("languages-part"), all.length > 0);
    if (!all.length) return;
    const total = all.reduce((sum, one) => sum + one.weight, 0) || 1;
    setText(byId("languages-caption"), all.length === 1 ? "one language" : `${all.length} languages, by their share of the text`);
    const first = all.length === FIRST + 1 ? all.length : FIRST; // one more has its own line
    const shown = all.slice(0, first), rest = all.slice(first);
    const share = (weights: number[]) => percent(weights.reduce((sum, weight) => sum + weight, 0) / total);
    replaceIfChanged(byId("languages"), JSON.stringify(shown), () => shown.map((one) => {
      const bar = h("i", {});
      bar.style.width = `${((100 * one.weight) / shown[0]!.weight).toFixed(1)}%`;
      return h("li", {}, h("span", {}, languageName(one.name)), h("span", { class: "language-bar" }, bar), h("span", { class: "number" }, share([one.weight])));
    }));
    const others = rest.length > 1 ? `${rest.length} more make up the other ${share(rest.map((one) => one.weight))}.` : "";
    setText(byId("languages-rest"), others);
  }
}
