// The public JSON of a run, as the routes under /api/v1 and /live send it. Unknown is null, never 0.

export type RunState =
  | "idle" | "acquiring" | "launching" | "restoring" | "training" | "evaluating" | "checkpointing"
  | "recovering" | "draining" | "paused" | "halted" | "completed";

// Which deltas an answer holds: all up to seq.
export interface LivePosition {
  epoch: string;
  seq: number;
}

export interface LastCheckpoint {
  step: number;
  saved_at: string | null;
  size_bytes: number | null;
  verified: boolean | null;
  sane: boolean | null;
}

export interface TimeUse {
  productive_s: number;
  rerun_s: number;
  restarting_s: number;
  checkpoint_s: number;
  paused_s: number;
  waiting_s: number;
  total_s: number;
}

export interface Run {
  run: string;
  title: string | null;
  description: string | null;
  state: RunState;
  step: number | null;
  target_steps: number | null;
  tokens: number | null;
  target_tokens: number | null;
  loss: number | null;
  loss_nonfinite?: string | null;
  learning_rate: number | null;
  grad_norm: number | null;
  tokens_per_second: number | null;
  step_ms: number | null;
  model_flops_utilization: number | null;
  generation: string | null;
  term: number | null;
  branch: number | null;
  restarts: number | null;
  daemon_restarts: number | null;
  lost_steps: number | null;
  rolled_back_steps: number | null;
  goodput: number | null;
  eta_s: number | null;
  eta_at: string | null;
  eta_low_at: string | null;
  eta_high_at: string | null;
  protected: boolean | null;
  parameters: number | null;
  sequence_length: number | null;
  global_batch: number | null;
  ranks: number | null;
  halt_reason?: string | null;
  nodes: Record<string, number> | null;
  languages: { name: string; weight: number }[] | null;
  last_checkpoint: LastCheckpoint | null;
  started_at: string | null;
  last_step_at: string | null;
  now: string;
  loss_digest: string | null;
  state_digest: string | null;
  time_use: TimeUse | null;
  live: LivePosition | null;
}

export interface Segment {
  id: number;
  branch: number | null;
  parent: number | null;
  first_step: number;
  end_step: number | null;
  cut_step: number | null; // the last step that still counts; null while nothing was undone
  reason: string | null;
}

export interface Series {
  metric: string;
  from: number;
  to: number;
  level: number;
  bucket_steps: number;
  step: number[];
  last_step: number[];
  n: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  nonfinite: number[];
  wall_ms: number[];
  tokens: (number | null)[];
  segments: Segment[];
  live?: LivePosition;
}

export type Severity = "info" | "good" | "recovered" | "undone" | "error";

export interface RunEvent {
  id: number;
  at: string;
  step: number | null;
  to_step: number | null;
  kind: string;
  severity: Severity;
  title: string;
  detail: string | null;
  lost_steps: number | null;
  cost_s: number | null;
  node: string | null;
}

export interface Checkpoint {
  step: number;
  branch: number | null;
  generation: string | null;
  saved_at: string | null;
  size_bytes: number | null;
  verified: boolean | null;
  sane: boolean | null;
  pinned: boolean | null;
  where: string[] | null;
}

export interface RunNode {
  name: string;
  state: string;
  ranks: number[] | null;
  agent_pid: number | null;
  last_heard_ms: number | null;
  restarts: number | null;
}

export interface StepFrame {
  type: "step";
  seq: number;
  step: number;
  at_ms: number;
  loss: number | null;
  loss_nonfinite?: string | null;
  grad_norm: number | null;
  learning_rate: number | null;
  tokens: number | null;
  tokens_per_second: number | null;
  step_ms: number | null;
}

export type LiveFrame =
  | StepFrame
  | { type: "hello"; epoch: string; seq: number }
  | { type: "reset"; epoch: string; seq: number }
  | { type: "event"; seq: number; event: RunEvent }
  | { type: "run"; run: Run }
  | { type: "tick"; now: string }
  | { type: "batch"; frames: LiveFrame[] };
