// A row of marks along a line: incidents, checkpoints. Marks that would touch become one that counts.
// The row is one tab stop; arrow keys walk along it.
import { setAttr, setText } from "./dom";
import { hideTip, showTip } from "./tip";

export interface Mark {
  x: number; // px from the left edge of the row
  shape: string; // class suffix
}

export interface MarkRowSpec<M extends Mark> {
  gap: number; // px below which marks merge
  shapeOf(marks: M[]): string;
  lines(marks: M[]): string[]; // the tooltip, first line in bold
}

export class MarkRow<M extends Mark> {
  private readonly buttons: HTMLButtonElement[] = [];
  private clusters: M[][] = [];
  private current = -1;

  constructor(private readonly row: HTMLElement, private readonly spec: MarkRowSpec<M>) {
    row.addEventListener("keydown", (event) => this.onKey(event));
  }

  // Into another element (a chart that was built anew).
  get element(): HTMLElement {
    return this.row;
  }

  set(marks: M[]): void {
    this.clusters = cluster(marks, this.spec.gap);
    while (this.buttons.length < this.clusters.length) this.buttons.push(this.makeButton(this.buttons.length));
    this.buttons.forEach((button, i) => {
      const held = this.clusters[i];
      button.hidden = !held;
      if (!held) return;
      const x = held.reduce((sum, mark) => sum + mark.x, 0) / held.length;
      button.style.left = `${x.toFixed(1)}px`;
      setAttr(button, "class", `mark mark-${this.spec.shapeOf(held)}`);
      setText(button.firstElementChild!, held.length > 1 ? String(held.length) : "");
      setAttr(button, "aria-label", this.spec.lines(held).join(" "));
    });
    if (this.current >= this.clusters.length || this.current < 0) this.current = this.clusters.length - 1;
    this.rove();
  }

  private makeButton(index: number): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    const count = document.createElement("span");
    count.className = "mark-count";
    button.append(count);
    const open = () => showTip(button, this.spec.lines(this.clusters[index] ?? []));
    button.addEventListener("mouseenter", open);
    button.addEventListener("focus", () => { this.current = index; this.rove(); open(); });
    button.addEventListener("click", open);
    button.addEventListener("mouseleave", () => hideTip(button));
    button.addEventListener("blur", () => hideTip(button));
    this.row.append(button);
    return button;
  }

  private rove(): void {
    this.buttons.forEach((button, i) => setAttr(button, "tabindex", i === this.current ? "0" : "-1"));
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.clusters.length - 1;
    const to = event.key === "ArrowLeft" ? this.current - 1 : event.key === "ArrowRight" ? this.current + 1
      : event.key === "Home" ? 0 : event.key === "End" ? last : -1;
    if (to < 0 || to > last) return;
    event.preventDefault();
    event.stopPropagation();
    this.buttons[to]!.focus();
  }
}

export function cluster<M extends Mark>(marks: M[], gap: number): M[][] {
  const out: M[][] = [];
  let sum = 0;
  for (const mark of [...marks].sort((a, b) => a.x - b.x)) {
    const held = out[out.length - 1];
    if (held && mark.x - sum / held.length < gap) {
      held.push(mark);
      sum += mark.x;
    } else {
      out.push([mark]);
      sum = mark.x;
    }
  }
  return out;
}
