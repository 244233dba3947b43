// The machines. A few are listed by name; many become a field of squares, the odd ones named below.
import { byId, h, replaceIfChanged, setText } from "./dom";
import { age, integer, list, plural } from "./format";
import type { Store } from "./store";
import { hideTip, showTip } from "./tip";
import type { RunNode } from "./types";
import { nodeShape, nodeWord } from "./words";

const MOST_LISTED = 8;
const MOST_NAMED = 6;

export class Nodes {
  private readonly body = byId("nodes");
  private readonly caption = byId("nodes-caption");
  private readonly odd = byId("nodes-odd");

  constructor(private readonly store: Store) {
    store.on(["nodes", "run"], () => this.update());
    this.body.addEventListener("mouseover", (event) => this.onHover(event));
    this.body.addEventListener("mouseleave", () => hideTip());
  }

  private update(): void {
    const { nodes } = this.store;
    setText(this.caption, captionWords(nodes, this.store.run?.nodes ?? null));
    if (nodes.length === 0) {
      replaceIfChanged(this.body, "none", () => [h("p", { class: "quiet" }, "No machine has joined yet.")]);
      setText(this.odd, "");
      return;
    }
    if (nodes.length <= MOST_LISTED) this.drawList(nodes);
    else this.drawField(nodes);
  }

  private drawList(nodes: RunNode[]): void {
    setText(this.odd, "");
    const key = "list" + nodes.map((node) => `${node.name}/${node.state}/${node.ranks}/${node.restarts}`).join();
    replaceIfChanged(this.body, key, () => [h("ul", { class: "node-list" }, ...nodes.map((node) => h("li", {},
      h("i", { class: `node node-${nodeShape(node.state)}` }),
      h("span", { class: "node-name" }, node.name),
      h("span", { class: "node-what" }, what(node)))))]);
  }

  private drawField(nodes: RunNode[]): void {
    const key = "field" + nodes.map((node) => node.name + node.state).join();
    replaceIfChanged(this.body, key, () => {
      const size = nodes.length <= 96 ? "large" : nodes.length <= 500 ? "middle" : "small";
      const field = h("div", { class: `node-field node-field-${size}`, role: "img", "aria-label": this.caption.textContent ?? "" });
      field.append(...nodes.map((node, i) => h("i", { class: `node node-${nodeShape(node.state)}`, "data-i": String(i) })));
      return [field];
    });
    const odd = nodes.filter((node) => nodeShape(node.state) === "suspect" || nodeShape(node.state) === "down");
    const named = odd.slice(0, MOST_NAMED).map((node) => `${node.name} (${nodeWord(node.state)})`);
    if (odd.length > MOST_NAMED) named.push(`${integer(odd.length - MOST_NAMED)} more`);
    setText(this.odd, odd.length ? `Not at work: ${list(named)}.` : "");
  }

  private onHover(event: MouseEvent): void {
    const square = event.target as HTMLElement;
    const node = square.dataset?.i === undefined ? undefined : this.store.nodes[Number(square.dataset.i)];
    if (node) showTip(square, [node.name, what(node)]);
  }
}

function what(node: RunNode): string {
  const ranks = node.ranks?.length ? (node.ranks.length === 1 ? `process ${node.ranks[0]}` : `processes ${spanWords(node.ranks)}`) : "";
  const quiet = node.last_heard_ms !== null && node.last_heard_ms > 5000 && nodeShape(node.state) !== "healthy"
    ? `silent for ${age(node.last_heard_ms / 1000)}` : "";
  const restarts = node.restarts ? plural(node.restarts, "restart") : "";
  return [nodeWord(node.state), ranks, quiet, restarts].filter(Boolean).join(" · ");
}

function spanWords(ranks: number[]): string {
  const sorted = [...ranks].sort((a, b) => a - b), first = sorted[0]!, last = sorted[sorted.length - 1]!;
  if (last - first !== sorted.length - 1) return sorted.length <= 4 ? list(sorted.map(String)) : `${sorted.length} of them`;
  return sorted.length === 2 ? `${first} and ${last}` : `${first} to ${last}`;
}

function captionWords(nodes: RunNode[], counts: Record<string, number> | null): string {
  const tally = new Map<string, number>();
  if (nodes.length) for (const node of nodes) tally.set(nodeWord(node.state), (tally.get(nodeWord(node.state)) ?? 0) + 1);
  else for (const [state, count] of Object.entries(counts ?? {})) if (count) tally.set(nodeWord(state), count);
  return [...tally].map(([word, count]) => `${integer(count)} ${word}`).join(", ");
}
