// Invented runs for the mock server. Everything is seeded: a screenshot can be taken again.

export function scenario(name) {
  const make = SCENARIOS[name];
  if (!make) throw new Error(`no scenario ${name}; there are ${Object.keys(SCENARIOS).join(", ")}`);
  return new Model(make());
}

const DAY = 86400_000;

// A repeatable pseudo-random number in [0, 1) for a key.
function noise(key) {
  let x = Math.imul(key ^ 0x9e3779b9, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}
const bell = (key) => noise(key) + noise(key + 7919) + noise(key + 104729) - 1.5;

const LANGUAGES = ["English", "Chinese", "French", "Spanish", "Portuguese", "Arabic", "Vietnamese", "Hindi", "Indonesian", "Bengali", "Catalan", "Swahili"];

class Model {
  constructor(spec) {
    Object.assign(this, { stepMs: 250, step0: 0, incidents: [], nodes_: [], branch: 0, segments_: [], saveEvery: 10, live: true, pauses: [], nanAt: new Set() }, spec);
    this.step = this.step0;
    this.events_ = [];
    this.saved_ = [];
    this.walls = new Map();
    this.startMs = this.startMs ?? Date.now() - this.step * this.stepMs - 4000;
    this.seedHistory();
  }

  // Wall time of a step in the history: even, but for the stretches in which nothing moved.
  wall(step) {
    const known = this.walls.get(step);
    if (known) return known;
    const stood = this.pauses.filter((one) => one.step < step).reduce((sum, one) => sum + one.ms, 0);
    return Math.round(this.startMs + step * this.historyStepMs + stood);
  }

  get historyStepMs() {
    const stood = this.pauses.reduce((sum, one) => sum + one.ms, 0);
    return this.step0 ? (this.endMs - this.startMs - stood) / this.step0 : this.stepMs;
  }

  seedHistory() {
    this.endMs = this.endMs ?? Date.now() - 1000;
    if (this.step0 || this.state !== "idle") this.addEvent({ kind: "run_started", severity: "info", title: "The run was started.", step: 0, atMs: this.startMs });
    const timeline = this.incidents.map((one) => ({ ...one, atMs: this.wall(one.kind === "restored" ? one.to_step ?? one.step : one.step) + (one.kind === "restored" ? 900 : 1) }));
    for (let step = this.saveEvery; step <= this.step0; step += this.saveEvery) timeline.push({ kind: "checkpoint_saved", severity: "info", title: `Checkpoint saved at step ${step}.`, step, atMs: this.wall(step) + 2 });
    timeline.sort((a, b) => a.atMs - b.atMs);
    for (const one of timeline) {
      this.addEvent(one);
      if (one.kind === "checkpoint_saved") this.addSaved(one.step, one.atMs);
    }
  }

  addEvent(one) {
    const event = { id: this.events_.length + 1, at: new Date(one.atMs ?? Date.now()).toISOString(), step: one.step ?? null, to_step: one.to_step ?? null, kind: one.kind, severity: one.severity,
      title: one.title, detail: one.detail ?? null, lost_steps: one.lost_steps ?? null, cost_s: one.cost_s ?? null, node: one.node ?? null };
    this.events_.push(event);
    return event;
  }

  addSaved(step, atMs) {
    this.saved_.unshift({ step, branch: this.branch, generation: `1.${this.incidents.length + 1}`, saved_at: new Date(atMs).toISOString(), size_bytes: this.checkpointBytes, verified: true, sane: true, pinned: false, where: this.where ?? ["store"] });
    this.saved_.length = Math.min(this.saved_.length, this.keep ?? 12);
  }

  value(metric, step, undone = false) {
    const t = step;
    switch (metric) {
      case "loss": {
        if (this.nanAt.has(step)) return null;
        const spike = undone ? 2.6 * Math.exp(-(((t - this.spikeAt) / (this.spikeWidth ?? 200)) ** 2)) : 0;
        return this.curve(t) + bell(t) * this.spread + spike;
      }
      case "grad_norm": return Math.exp(-1.2 + 1.6 * Math.exp(-t / (this.target * 0.02 + 5)) + bell(t + 17) * 0.35) * (noise(t + 3) > 0.9992 ? 18 : 1);
      case "learning_rate": {
        const warm = this.target * 0.03 + 2, peak = this.peakRate;
        return t < warm ? (peak * t) / warm : peak * (0.1 + 0.45 * (1 + Math.cos((Math.PI * (t - warm)) / (this.target - warm))));
      }
      case "tokens_per_second": return this.speed * (1 + bell(t + 5) * 0.02 - (this.slow && t > this.slow[0] && t < this.slow[1] ? 0.18 : 0));
      case "step_ms": return (1000 * this.tokensPerStep) / this.value("tokens_per_second", t);
      default: return null;
    }
  }

  // Like the daemon: no metric is known before the first step.
  metrics() {
    return { metrics: (this.step ? ["loss", "grad_norm", "learning_rate", "tokens", "tokens_per_second", "step_ms"] : []).map((name) => ({ name, unit: "" })) };
  }

  series({ metric, from, to, points, segment }) {
    if (!this.metrics().metrics.some((one) => one.name === metric)) return null;
    const undone = segment !== undefined ? this.segments_.find((one) => one.id === Number(segment)) : null;
    const first = Math.max(1, Number(from ?? 1)), last = Math.min(Number(to ?? Infinity), undone ? undone.end_step : this.step);
    const most = Math.max(10, Number(points ?? 1000));
    let level = 0;
    while ((last - first + 1) / 4 ** level > most) level++;
    const size = 4 ** level;
    const out = { metric, from: first, to: last, level, bucket_steps: size, step: [], last_step: [], n: [], mean: [], min: [], max: [], nonfinite: [], wall_ms: [], tokens: [], segments: this.segments_ };
    for (let b = Math.floor(first / size); b * size <= last; b++) {
      const start = Math.max(first, b * size), end = Math.min(last, b * size + size - 1);
      if (end < start) continue;
      let sum = 0, n = 0, low = Infinity, high = -Infinity, broken = 0;
      for (let step = start; step <= end; step++) {
        const value = this.value(metric, step, Boolean(undone));
        if (value === null) { broken++; continue; }
        sum += value; n++; low = Math.min(low, value); high = Math.max(high, value);
      }
      out.step.push(start); out.last_step.push(end); out.n.push(n); out.nonfinite.push(broken);
      out.mean.push(n ? sum / n : null); out.min.push(n ? low : null); out.max.push(n ? high : null);
      out.wall_ms.push(this.wall(end)); out.tokens.push(end * this.tokensPerStep);
    }
    return out;
  }

  events({ after, limit = 100 }) {
    const all = [...this.events_].reverse().filter((event) => after === undefined || event.id < Number(after));
    const page = all.slice(0, Number(limit));
    return { events: page, next: all.length > page.length ? page[page.length - 1].id : null };
  }

  segments() { return { segments: this.segments_ }; }
  checkpoints() { return { checkpoints: this.saved_ }; }
  nodes() { return { nodes: this.nodes_ }; }

  run() {
    const step = this.step || null, done = this.step / this.target;
    const elapsed = this.lastStepMs() - this.startMs, left = this.state === "training" && this.step > 3 ? (elapsed / done) * (1 - done) : null;
    const lost = this.events_.reduce((sum, event) => sum + (event.severity === "recovered" || event.kind === "restored" ? event.lost_steps ?? 0 : 0), 0);
    const counts = {};
    for (const node of this.nodes_) counts[node.state] = (counts[node.state] ?? 0) + 1;
    const at = (ms) => new Date(ms).toISOString();
    const total = Math.max(0, elapsed / 1000), saved = this.saved_[0];
    return {
      run: this.name, title: this.title, description: this.description, state: this.state, step, target_steps: this.target, tokens: step && step * this.tokensPerStep, target_tokens: this.target * this.tokensPerStep,
      loss: step && this.value("loss", step), loss_nonfinite: step && this.nanAt.has(step) ? "nan" : null, learning_rate: step && this.value("learning_rate", step), grad_norm: step && this.value("grad_norm", step), tokens_per_second: step && this.value("tokens_per_second", step),
      step_ms: step && this.value("step_ms", step), model_flops_utilization: this.mfu ?? null, generation: `1.${this.restarts ?? 1}`, term: 1, branch: this.branch, restarts: this.restarts ?? 0, daemon_restarts: this.daemonRestarts ?? 0,
      lost_steps: lost, rolled_back_steps: this.rolledBack ?? 0, goodput: step ? this.goodput ?? 0.97 : null, eta_s: left && left / 1000, eta_at: left && at(Date.now() + left), eta_low_at: left && at(Date.now() + left * 0.93), eta_high_at: left && at(Date.now() + left * 1.09),
      protected: true, parameters: this.parameters, sequence_length: this.sequence, global_batch: this.batch, ranks: this.ranks, nodes: counts,
      languages: LANGUAGES.slice(0, this.languages ?? 12).map((name, i) => ({ name, weight: 0.3 / (i + 1) })),
      last_checkpoint: saved ? { step: saved.step, saved_at: saved.saved_at, size_bytes: saved.size_bytes, verified: saved.verified, sane: saved.sane } : null,
      started_at: this.state === "idle" ? null : at(this.startMs), last_step_at: step && at(this.lastStepMs()), loss_digest: this.digest ?? null, state_digest: null,
      time_use: step ? { productive_s: total * (this.goodput ?? 0.97), rerun_s: total * 0.006, restarting_s: total * 0.009, checkpoint_s: total * 0.012, paused_s: 0, waiting_s: total * 0.003, total_s: total } : null,
    };
  }

  lastStepMs() {
    return this.step > this.step0 ? this.walls.get(this.step) : this.step ? this.wall(this.step) : this.startMs;
  }

  start() {
    if (this.live && this.state === "training") this.timer = setInterval(() => this.advance(), this.stepMs);
  }
  stop() { clearInterval(this.timer); }

  advance() {
    if (this.step >= this.target) return this.finish();
    this.step += 1;
    this.walls.set(this.step, Date.now());
    const step = this.step;
    this.onFrame?.({ type: "step", step, at_ms: Date.now(), loss: this.value("loss", step), loss_nonfinite: this.nanAt.has(step) ? "nan" : null, grad_norm: this.value("grad_norm", step), learning_rate: this.value("learning_rate", step),
      tokens: step * this.tokensPerStep, tokens_per_second: this.value("tokens_per_second", step), step_ms: this.value("step_ms", step) });
    if (step % this.saveEvery === 0) {
      this.addSaved(step, Date.now());
      this.onFrame?.({ type: "event", event: this.addEvent({ kind: "checkpoint_saved", severity: "info", title: `Checkpoint saved at step ${step}.`, step }) });
    }
    if (this.failEvery && step % this.failEvery === 0) this.fail();
  }

  fail() {
    const lost = 3;
    this.restarts = (this.restarts ?? 0) + 1;
    const at = this.step;
    this.onFrame?.({ type: "event", event: this.addEvent({ kind: "rank_died", severity: "recovered", title: "A rank died on node-1.", detail: "Killed by signal 9.", step: at, node: "node-1" }) });
    setTimeout(() => this.onFrame?.({ type: "event", event: this.addEvent(goesOn(at, lost, 1.3)) }), 600).unref();
  }

  finish() {
    this.stop();
    this.state = "completed";
    this.onFrame?.({ type: "event", event: this.addEvent({ kind: "completed", severity: "good", title: "The run is complete.", step: this.step }) });
    this.onFrame?.({ type: "run", run: this.run() });
  }
}

const demoNodes = () => [
  { name: "node-0", state: "healthy", ranks: [0, 1], agent_pid: 4242, last_heard_ms: 120, restarts: 0 },
  { name: "node-1", state: "healthy", ranks: [2, 3], agent_pid: 4243, last_heard_ms: 180, restarts: 2 },
  { name: "node-2", state: "spare", ranks: [], agent_pid: 4244, last_heard_ms: 300, restarts: 0 },
];
const demoBase = () => ({
  name: "demo", title: "demo", description: "A 3.2-million-parameter model on multilingual text", state: "training", target: 2000, tokensPerStep: 4096, speed: 16400, peakRate: 1e-3, parameters: 3_210_496, sequence: 256, batch: 16, ranks: 4,
  nodes_: demoNodes(), checkpointBytes: 44_900_000, spread: 0.08, curve: (t) => 1.62 + 3.9 / (1 + t / 22) ** 0.72, goodput: 0.938,
});
// The daemon tells a failure and its end apart, and calls steps that are redone undone.
const goesOn = (step, lost, cost_s) => ({ kind: "restored", severity: lost ? "undone" : "recovered", title: `Training goes on from step ${step - lost}.`, detail: lost ? `${lost} steps are being redone.` : "", step: step - lost, to_step: lost ? step : null, lost_steps: lost, cost_s });
const failure = (step, lost, cost_s) => [{ kind: "rank_died", severity: "recovered", title: "A rank died on node-1.", detail: "Rank 3 on node-1: signal 9. Last words: 2026-11-24T00:24:14.973 rank 3[29926] info starts at step 0", step, node: "node-1" }, goesOn(step, lost, cost_s)];
const died = (step, lost, cost_s) => ({ kind: "rank_died", severity: "recovered", title: "A process died on node-1.", detail: `Restarted from step ${step - lost}.`, step: step - lost, to_step: step, lost_steps: lost, cost_s, node: "node-1" });

const manyNodes = (n, odd) => Array.from({ length: n }, (_, i) => ({
  name: `r${Math.floor(i / 18)}n${i % 18}`, state: odd[i] ?? "healthy", ranks: odd[i] ? [] : [i * 8, i * 8 + 1, i * 8 + 2, i * 8 + 3, i * 8 + 4, i * 8 + 5, i * 8 + 6, i * 8 + 7], agent_pid: 1, last_heard_ms: odd[i] ? 73_000 : 400, restarts: 0 }));

const greatBase = () => ({
  name: "tr11-176B", title: "tr11-176B", description: "A 176-billion-parameter model in 46 languages, trained in the open", state: "training", target: 115_311, step0: 61_204, stepMs: 2500, tokensPerStep: 3_045_000, speed: 29_000, peakRate: 6e-5,
  startMs: Date.now() - 71 * DAY, parameters: 176_247_271_424, sequence: 2048, batch: 2048, ranks: 384, mfu: 0.362, nodes_: manyNodes(52, { 30: "suspect", 41: "down", 49: "spare", 50: "spare", 51: "spare" }), checkpointBytes: 2.12e12, where: ["node disks", "store", "archive"], saveEvery: 1000, keep: 9,
  spread: 0.035, curve: (t) => 1.853 + 6.2 / (t / 120 + 3.1) ** 0.62, goodput: 0.971, restarts: 23, daemonRestarts: 2, rolledBack: 1800, branch: 1, slow: [42_000, 43_600],
  spikeAt: 32_100, spikeWidth: 420, pauses: [{ step: 17_400, ms: 2.1 * DAY }, { step: 47_000, ms: 0.9 * DAY }],
  segments_: [{ id: 1, branch: 0, parent: null, first_step: 1, end_step: 33_000, cut_step: 31_200, reason: "rollback" }, { id: 2, branch: 1, parent: 1, first_step: 31_201, end_step: null, cut_step: null, reason: null }],
  incidents: [
    { kind: "node_lost", severity: "recovered", title: "A GPU died on r2n4.", detail: "A spare took over; the others kept their state.", step: 9_000, lost_steps: 0, cost_s: 41 },
    { kind: "node_lost", severity: "recovered", title: "The cluster lost power.", detail: "Everything was loaded again from the shared store.", step: 17_400, lost_steps: 212, cost_s: 2.1 * 86400 },
    { kind: "hang", severity: "recovered", title: "A group of processes hung.", detail: "Restarted in place after 4 minutes.", step: 26_000, lost_steps: 3, cost_s: 311 },
    { kind: "operator_command", severity: "undone", title: "The loss jumped from 2.2 to 5.1.", detail: "Undone to step 31,200; 50 batches were skipped.", step: 33_000, to_step: 31_200, lost_steps: 1800, cost_s: 87 * 60 },
    { kind: "node_lost", severity: "recovered", title: "One node ran 6% slow and held back the rest.", detail: "It was swapped at the next step.", step: 43_600, lost_steps: 0, cost_s: 660 },
    { kind: "daemon_restarted", severity: "recovered", title: "The supervisor was restarted.", detail: "Training went on without it; no step is missing.", step: 47_000, lost_steps: 96, cost_s: 0.9 * 86400 },
    { kind: "node_lost", severity: "recovered", title: "A GPU died on r1n0.", detail: "A spare took over; the others kept their state.", step: 60_400, lost_steps: 0, cost_s: 38 },
  ],
});

export const SCENARIOS = {
  demo: () => ({ ...demoBase(), step0: 412, failEvery: 60, incidents: [...failure(64, 4, 1.4), ...failure(141, 11, 1.9), { ...died(222, 0, 0.6), kind: "daemon_restarted", title: "The supervisor was restarted.", detail: "Training went on without it; no step is missing." }, ...failure(305, 5, 1.2), ...failure(388, 8, 1.3)], restarts: 4, daemonRestarts: 1 }),
  fresh: () => ({ ...demoBase(), step0: 0, stepMs: 200, target: 200 }),
  great: greatBase,
  huge: () => ({ ...greatBase(), nodes_: manyNodes(2000, { 77: "down", 78: "down", 900: "suspect", ...Object.fromEntries(Array.from({ length: 24 }, (_, i) => [1970 + i, "spare"])) }), ranks: 16_000 }),
  empty: () => ({ ...demoBase(), state: "idle", nodes_: [], step0: 0, live: false }),
  launching: () => ({ ...demoBase(), state: "launching", step0: 0, live: false }),
  firststep: () => ({ ...demoBase(), step0: 1, live: false }),
  recovering: () => ({ ...demoBase(), state: "recovering", step0: 388, live: false, incidents: [died(64, 4, 1.4), died(388, 8, null)], restarts: 2 }),
  paused: () => ({ ...demoBase(), state: "paused", step0: 700, live: false, endMs: Date.now() - 400_000, startMs: Date.now() - 900_000 }),
  onenode: () => ({ ...demoBase(), step0: 90, nodes_: demoNodes().slice(0, 1), ranks: 1, languages: 1 }),
  completed: () => ({ ...demoBase(), state: "completed", step0: 2000, live: false, digest: "9f2c55d01be4a7c3", incidents: [died(64, 4, 1.4), died(141, 11, 1.9), died(1305, 5, 1.2), { kind: "completed", severity: "good", title: "The run is complete.", step: 2000 }], restarts: 3, goodput: 0.964 }),
  halted: () => ({ ...demoBase(), state: "halted", step0: 931, live: false, endMs: Date.now() - 3_600_000, startMs: Date.now() - 4_000_000, nanAt: new Set([929, 930, 931]), incidents: [died(141, 11, 1.9), { kind: "halted", severity: "error", title: "The loss stopped being a number.", detail: "The same happened again from an older checkpoint, so the run was halted for a person to look at.", step: 931, lost_steps: 31 }], restarts: 3 }),
};
