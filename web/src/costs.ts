// What an incident cost, in words. Pure.
import { duration, plural } from "./format";
import type { RunEvent } from "./types";

export function costWords(event: RunEvent): string | null {
  const parts: string[] = [];
  if (event.cost_s !== null && event.cost_s !== undefined) parts.push(`${duration(event.cost_s)} lost`);
  if (event.lost_steps !== null && event.lost_steps !== undefined) {
    const verb = event.severity === "undone" ? "undone" : event.severity === "error" ? "lost" : "redone";
    parts.push(event.lost_steps === 0 ? `no step ${verb}` : `${plural(event.lost_steps, "step")} ${verb}`);
  }
  return parts.length ? parts.join(" · ") : null;
}
