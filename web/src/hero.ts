// How far, in five seconds: the share done and one or two sentences.
import { byId, h, replaceIfChanged, setNumber, show } from "./dom";
import { between, clock, compact, day, duration, integer, plural } from "./format";
import type { Store } from "./store";
import type { Run } from "./types";

type Piece = string | [string]; // [text] is set in bold

export class Hero {
  private readonly number = byId("percent");
  private readonly facts = byId("facts");
  private readonly outlook = byId("outlook");

  constructor(private readonly store: Store) {
    store.on(["run"], () => this.update());
  }

  private update(): void {
    const { run } = this.store;
    if (!run) return;
    setNumber(this.number, share(run));
    this.put(this.facts, facts(run));
    this.put(this.outlook, outlook(run, this.store.now()));
    show(this.outlook, true);
  }

  private put(element: HTMLElement, pieces: Piece[]): void {
    replaceIfChanged(element, JSON.stringify(pieces), () =>
      pieces.map((piece) => (typeof piece === "string" ? document.createTextNode(piece) : h("b", {}, piece[0]))));
  }
}

function share(run: Run): string {
  if (run.state === "completed") return "100%";
  if (!run.target_steps) return run.step === null ? "–" : compact(run.step);
  const part = (100 * (run.step ?? 0)) / run.target_steps;
  // Rounded down: 100% is said only when it is done.
  return !run.step ? "0%" : part < 0.1 ? "<0.1%" : `${(Math.floor(part * 10) / 10).toFixed(1)}%`;
}

function facts(run: Run): Piece[] {
  const out: Piece[] = [];
  if (run.target_steps) out.push([integer(run.step ?? 0)], ` of ${plural(run.target_steps, "step")}`);
  else if (run.step !== null) out.push([integer(run.step)], " steps so far");
  if (run.tokens !== null) {
    out.push(out.length ? " · " : "", [compact(run.tokens)], run.target_tokens ? ` of ${compact(run.target_tokens)} tokens` : " tokens");
  }
  return out.length ? out : ["Nothing has been trained yet"];
}

function outlook(run: Run, now: number): Piece[] {
  const last = run.last_step_at ? Date.parse(run.last_step_at) : null;
  const start = run.started_at ? Date.parse(run.started_at) : null;
  switch (run.state) {
    case "completed":
      return last === null || start === null ? ["Finished"]
        : ["Finished ", [now - last < 86400_000 ? `at ${clock(last)}` : `on ${day(last)}`], " after ", [duration((last - start) / 1000)]];
    case "halted": return [`Halted${run.halt_reason ? ": " + run.halt_reason.replace(/\.$/, "") : ""}. What was saved is safe; the run waits for a person.`];
    case "paused": return ["Paused. Everything is saved; it goes on from here."];
    case "idle": return ["The run has not been started yet."];
    case "acquiring": return ["Waiting for machines to run on."];
    case "launching": return [`Starting ${run.ranks ? plural(run.ranks, "process", "processes") : "up"}; the first step follows.`];
    case "restoring": return ["Loading the last checkpoint; the next step follows."];
    case "recovering": return ["Getting back up after a failure. What was saved is safe; the run goes on from there."];
    case "draining": return ["Saving and winding down."];
    case "training": case "evaluating": case "checkpointing": break;
  }
  const low = run.eta_low_at ?? run.eta_at, high = run.eta_high_at ?? run.eta_at;
  if (!low || !high) return run.step ? ["Too early to say when it will be done"] : ["The first step is being computed"];
  const [from, to] = between(Date.parse(low), Date.parse(high), now);
  if (from === to) return ["On course to finish around ", [from], ...left(run)];
  return ["On course to finish between ", [from], " and ", [to], ...left(run)];
}

function left(run: Run): Piece[] {
  if (run.eta_s === null || run.eta_s > 3 * 86400) return [];
  const coarse = run.eta_s < 90 ? Math.max(5, Math.round(run.eta_s / 5) * 5) : run.eta_s < 5400 ? Math.round(run.eta_s / 60) * 60 : run.eta_s;
  return [`, in about ${coarse < 60 ? `${coarse}\u00a0s` : duration(coarse)}`];
}

