// Events as stories. Pure. The daemon tells a failure when it happens and, later, that training goes
// on and what it cost; the reader wants one sentence with its cost. Steps that are merely redone are
// a recovery, not an undoing: the run loses time, not its way.
import type { RunEvent } from "./types";
import { splitDetail } from "./words";

const FAILURES = new Set(["rank_died", "agent_died", "node_lost", "hang", "launch_failed", "rank_error"]);

// `events` newest first, as kept; the stories too. A story that goes on keeps the id of its failure.
export function stories(events: RunEvent[]): RunEvent[] {
  const out: RunEvent[] = [];
  let open: RunEvent | null = null; // the failure that waits for its end
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    if (event.kind !== "restored") {
      const copy = { ...event };
      if (FAILURES.has(event.kind)) open = copy.cost_s == null ? copy : null;
      out.push(copy);
      continue;
    }
    if (open) {
      const { detail, lastWords } = splitDetail(open.detail);
      const told = [sentence(detail), sentence(event.title), sentence(event.detail)];
      open.detail = [...told, lastWords ? `Last words: ${lastWords}` : ""].filter(Boolean).join(" ") || null;
      open.lost_steps = event.lost_steps ?? open.lost_steps;
      open.cost_s = event.cost_s ?? open.cost_s;
      open = null;
    } else {
      out.push({ ...event, severity: event.severity === "undone" ? "recovered" : event.severity });
    }
  }
  return out.reverse();
}

function sentence(text: string | null): string {
  if (!text) return "";
  return /[.!?]$/.test(text) ? text : text + ".";
}
