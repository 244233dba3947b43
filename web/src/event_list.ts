// The events that the page holds, newest first: the newest ones and the older pages that the reader asked
// for. Pure.
import type { RunEvent } from "./types";

const KEPT = 2000;

export class EventList {
  all: RunEvent[] = [];
  older: number | string | null = null; // where the next page of older events starts
  private most = KEPT;

  // Wherever it belongs, once; the newest word on an event counts.
  add(event: RunEvent): void {
    const at = this.place(event.id);
    const known = this.all[at]?.id === event.id;
    this.all.splice(at, known ? 1 : 0, event);
    if (this.all.length <= this.most) return;
    this.all.length = this.most;
    this.older = this.all[this.most - 1]!.id;
  }

  // A fresh page of the newest ones. What is held stays when the two meet; else there would be a hole.
  addNewest(page: RunEvent[], next: number | string | null): void {
    const oldest = page[page.length - 1]?.id, newest = this.all[0]?.id;
    const meet = oldest !== undefined && newest !== undefined && oldest <= newest;
    if (!meet) {
      this.all = [];
      this.most = KEPT;
      this.older = next;
    }
    for (const event of page) this.add(event);
  }

  // A page that the reader asked for is kept beyond the usual number.
  addOlder(page: RunEvent[], next: number | string | null): void {
    this.most = Math.max(this.most, this.all.length + page.length);
    for (const event of page) this.add(event);
    this.older = page.length ? next : null;
  }

  // Index of `id`, or where it would be.
  private place(id: number): number {
    let low = 0, high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.all[middle]!.id > id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
