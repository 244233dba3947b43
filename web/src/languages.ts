// What the model reads: the languages and their share of the text.
import { byId, h, replaceIfChanged, setText, show } from "./dom";
import { percent } from "./format";
import type { Store } from "./store";

const FIRST = 16;

const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

// A corpus may be named by its file ("de", "text_pt-BR"): then its language's name is said.
export function languageName(name: string): string {
  const code = name.replace(/^.*\//, "").replace(/^(text|corpus|lang)[-_]/, "").replace("_", "-");
  if (!/^[a-z]{2,3}(-[A-Za-z]{2,4})?$/.test(code)) return name;
  try {
    return names.of(code) ?? name;
  } catch {
    return name;
  }
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
    const shown = all.slice(0, FIRST).map((one) => ({ ...one, name: languageName(one.name) })), rest = all.slice(FIRST);
    if (rest.length) shown.push({ name: `${rest.length} more`, weight: rest.reduce((sum, one) => sum + one.weight, 0) });
    const most = Math.max(...shown.map((one) => one.weight));
    replaceIfChanged(byId("languages"), JSON.stringify(shown), () => shown.map((one) => {
      const bar = h("i", {});
      bar.style.width = `${((100 * one.weight) / most).toFixed(1)}%`;
      return h("li", {}, h("span", {}, one.name), h("span", { class: "language-bar" }, bar), h("span", { class: "number" }, percent(one.weight / total)));
    }));
  }
}
