// What an incident cost, in words. Pure.
import { duration, plural } from "./format";
import type { RunEvent } from "./types";

export function costWords(event: RunEvent): string | null {
  const parts: string[] = [];
  const quiet = event.severity === "info" || event.severity === "good"; // costs nothing, and need not say so
  if (event.cost_s != null && !(quiet && event.cost_s === 0)) parts.push(`${duration(event.cost_s)} lost`);
  if (event.lost_steps != null && !(quiet && event.lost_steps === 0)) {
    const verb = event.severity === "undone" ? "undone" : event.severity === "error" ? "lost" : "redone";
    parts.push(event.lost_steps === 0 ? `no step ${verb}` : `${plural(event.lost_steps, "step")} ${verb}`);
  }
  return parts.length ? parts.join(" · ") : null;
}
