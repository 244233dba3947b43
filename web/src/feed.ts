// "What happened": sentences, newest first, with what each cost. Checkpoints appear
// on request; older ones are fetched on request.
import { api } from "./api";
import { costWords } from "./costs";
import { byId, h, highlight, replaceIfChanged, setText, show } from "./dom";
import { fullTime, integer, plural, when } from "./format";
import type { Store } from "./store";
import type { RunEvent } from "./types";
import { eventTitle, routine, splitDetail } from "./words";

const FIRST = 5;
const PAGE = 200;

export class Feed {
  private readonly list = byId("feed");
  private readonly more = byId<HTMLButtonElement>("feed-more");
  private shown = FIRST;
  private all = false;
  private newest: number | null = null;
  private entries = new Map<string, HTMLElement>();

  constructor(private readonly store: Store) {
    this.more.addEventListener("click", () => void this.onMore());
    store.on(["events", "clock"], () => this.update());
  }

  private chosen(): RunEvent[] {
    return this.all ? this.store.stories : this.store.stories.filter((event) => !routine(event));
  }

  private update(): void {
    const now = this.store.now(), { fine } = this.store, events = this.chosen(), visible = events.slice(0, this.shown);
    const routineCount = this.store.stories.length - this.store.stories.filter((event) => !routine(event)).length;
    const drawn = new Map<string, HTMLElement>();
    for (const event of visible) {
      const key = [event.id, event.severity, event.title, event.detail, event.lost_steps, event.cost_s, when(Date.parse(event.at), now, fine)].join("|");
      drawn.set(key, this.entries.get(key) ?? entry(event, now, fine)); // kept as it is: it may be open, or being read
    }
    this.entries = drawn;
    const changed = replaceIfChanged(this.list, [...drawn.keys()].join() || "none", () => drawn.size ? [...drawn.values()]
      : [h("li", { class: "quiet" }, "Nothing to tell yet. Starts, failures and recoveries will be told here.")]);
    const top = visible[0]?.id ?? null;
    if (changed && this.newest !== null && top !== null && top > this.newest) highlight(this.list.firstElementChild as HTMLElement);
    if (top !== null) this.newest = top;
    const rest = this.store.stories.length - visible.length;
    show(this.more, rest > 0 || this.store.olderEvents !== null);
    setText(this.more, events.length > visible.length || this.all ? "Show older" : `Show ${plural(routineCount, "checkpoint")} too`);
  }

  private async onMore(): Promise<void> {
    if (this.chosen().length <= this.shown) {
      if (!this.all) this.all = true;
      else if (this.store.olderEvents !== null) await this.fetchOlder();
    }
    this.shown += 12;
    this.update();
  }

  private async fetchOlder(): Promise<void> {
    try {
      const page = await api.events(PAGE, this.store.olderEvents!);
      this.store.addOlderEvents(page.events, page.next);
    } catch {
      // The button stays; the reader may press it again.
    }
  }
}

function entry(event: RunEvent, now: number, fine: boolean): HTMLElement {
  const at = Date.parse(event.at);
  const cost = costWords(event);
  const { detail, lastWords } = splitDetail(event.detail);
  const step = event.step === null ? "" : ` · step ${integer(event.step)}`;
  return h("li", { class: `event event-${event.severity}` },
    h("p", { class: "event-when" }, h("time", { datetime: event.at, title: fullTime(at) }, when(at, now, fine)), step),
    h("p", { class: "event-what", title: `${event.kind} · ${event.severity}` }, h("b", {}, eventTitle(event)), detail ? ` ${detail}` : ""),
    cost ? h("p", { class: "event-cost" }, cost) : null,
    lastWords ? h("details", { class: "last-words" }, h("summary", {}, "Its last words"), h("code", {}, lastWords)) : null);
}
