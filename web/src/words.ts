// The public's words for the run's states and events. Pure. The expert's term goes to the tooltip.
import type { Run, RunEvent, RunState, Severity } from "./types";

export type Shape = "dot" | "ring" | "diamond" | "square" | "pause" | "check";
export type Tone = "run" | "warm" | "bad" | "quiet";

export interface StateWords {
  label: string;
  shape: Shape;
  tone: Tone;
  alive: boolean; // steps are being made: the shape may breathe
}

export const STATES: Record<RunState, StateWords> = {
  idle: { label: "Not started", shape: "ring", tone: "quiet", alive: false },
  acquiring: { label: "Waiting for machines", shape: "ring", tone: "quiet", alive: false },
  launching: { label: "Starting", shape: "ring", tone: "run", alive: false },
  restoring: { label: "Loading", shape: "ring", tone: "run", alive: false },
  training: { label: "Training", shape: "dot", tone: "run", alive: true },
  evaluating: { label: "Being tested", shape: "dot", tone: "run", alive: true },
  checkpointing: { label: "Saving", shape: "dot", tone: "run", alive: true },
  recovering: { label: "Recovering", shape: "diamond", tone: "warm", alive: false },
  draining: { label: "Winding down", shape: "ring", tone: "run", alive: false },
  paused: { label: "Paused", shape: "pause", tone: "quiet", alive: false },
  halted: { label: "Halted", shape: "square", tone: "bad", alive: false },
  completed: { label: "Finished", shape: "check", tone: "run", alive: false },
};

export function stateWords(state: string): StateWords {
  return STATES[state as RunState] ?? { label: state.replace(/_/g, " "), shape: "ring", tone: "quiet", alive: false };
}

export function over(run: Run): boolean {
  return run.state === "completed" || run.state === "halted";
}

export const SHAPE_OF: Record<Severity, string> = {
  info: "info", good: "good", recovered: "recovered", undone: "undone", error: "error",
};

const WORST: Severity[] = ["info", "good", "recovered", "undone", "error"];

export function worst(severities: Severity[]): Severity {
  return severities.reduce((a, b) => (WORST.indexOf(b) > WORST.indexOf(a) ? b : a), "info" as Severity);
}

// Routine: told by the road and the tables, and only on request by the feed.
const ROUTINE = new Set(["checkpoint_saved"]);

export function routine(event: RunEvent): boolean {
  return ROUTINE.has(event.kind) && (event.severity === "info" || event.severity === "good");
}

// What deserves a mark on the road and on the curve.
export function incident(event: RunEvent): boolean {
  return event.severity === "recovered" || event.severity === "undone" || event.severity === "error";
}

export function eventTitle(event: RunEvent): string {
  const title = event.title || event.kind.replace(/_/g, " ");
  const text = title.charAt(0).toUpperCase() + title.slice(1);
  return /[.!?]$/.test(text) ? text : text + ".";
}

// What a process last logged is for the expert: kept apart from the sentence.
export function splitDetail(detail: string | null): { detail: string; lastWords: string } {
  const at = detail?.indexOf("Last words: ") ?? -1;
  if (!detail || at < 0) return { detail: detail ?? "", lastWords: "" };
  return { detail: detail.slice(0, at).trim(), lastWords: detail.slice(at + "Last words: ".length).trim() };
}

export const NODE_WORDS: Record<string, string> = {
  healthy: "training", suspect: "not heard from", spare: "spare", down: "away", unknown: "expected",
  draining: "winding down", excluded: "away for repair", slow: "slow",
};

export function nodeWord(state: string): string {
  return NODE_WORDS[state] ?? state.replace(/_/g, " ");
}

export function nodeShape(state: string): "healthy" | "spare" | "suspect" | "down" {
  if (state === "healthy") return "healthy";
  if (state === "spare" || state === "unknown" || state === "draining") return "spare";
  return state === "down" || state === "excluded" ? "down" : "suspect";
}
