// The small print of the run, for who wants to check or repeat it.
import { byId, h, replaceIfChanged, show } from "./dom";
import { compact, integer } from "./format";
import type { Store } from "./store";
import type { Run } from "./types";

export class Facts {
  constructor(private readonly store: Store) {
    store.on(["run"], () => this.update());
  }

  private update(): void {
    const { run } = this.store;
    if (!run) return;
    const facts = gather(run);
    const target = byId("colophon");
    show(target, facts.length > 0);
    replaceIfChanged(target, JSON.stringify(facts), () => facts.map(([name, value, meaning]) =>
      h("div", { title: meaning }, h("dt", {}, name), h("dd", {}, value))));
  }
}

function gather(run: Run): [string, string, string][] {
  const out: [string, string | null, string][] = [
    ["parameters", run.parameters === null ? null : compact(run.parameters), `${integer(run.parameters)} numbers that are learnt`],
    ["context", run.sequence_length === null ? null : `${integer(run.sequence_length)} tokens`, "Length of one text sample"],
    ["batch", run.global_batch === null ? null : `${integer(run.global_batch)} samples`, "Samples a step"],
    ["processes", run.ranks === null ? null : integer(run.ranks), "Ranks"],
    ["generation", run.generation, "Life of the supervisor, and launch of the processes in it"],
    ["loss digest", run.loss_digest, "SHA-256 over every step's loss bits: equal for every run of this configuration, however often it failed"],
    ["state digest", run.state_digest, "The same over the final weights and optimizer state"],
  ];
  return out.filter((fact): fact is [string, string, string] => fact[1] !== null && fact[1] !== undefined);
}
