// The one tooltip of the page. It follows hover, focus and tap, and stays inside the window.
import { h } from "./dom";

const tip = h("div", { id: "tip", class: "tip", "aria-hidden": "true" });
tip.hidden = true;
let owner: Element | null = null;

export function showTip(target: Element, lines: string[]): void {
  if (!tip.isConnected) document.body.append(tip);
  owner = target;
  tip.replaceChildren(...lines.map((line, i) => h("p", { class: i === 0 ? "tip-head" : "" }, line)));
  tip.hidden = false;
  const box = target.getBoundingClientRect(), size = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(document.documentElement.clientWidth - size.width - 8, box.left + box.width / 2 - size.width / 2));
  const above = box.top - size.height - 8;
  tip.style.left = `${Math.round(left)}px`;
  tip.style.top = `${Math.round(above > 8 ? above : box.bottom + 8)}px`;
}

export function hideTip(target?: Element): void {
  if (target && owner !== target) return;
  owner = null;
  tip.hidden = true;
}

window.addEventListener("scroll", () => hideTip(), { passive: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
