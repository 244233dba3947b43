// Where on the road a moment lies. Pure. The road is time: from the start to the latest expected
// finish. Its end is held still while estimates wander, and moves only when the finish leaves it.
import { timeLabel, timeTicks } from "./axes";
import type { Run } from "./types";

export interface RoadScale {
  startMs: number;
  endMs: number;
  nowMs: number; // the last step; where the travelled part ends
  finish: { lowMs: number; highMs: number } | null;
}

function parse(text: string | null | undefined): number | null {
  const ms = text ? Date.parse(text) : NaN;
  return Number.isFinite(ms) ? ms : null;
}

export function roadScale(run: Run, serverNowMs: number, heldEndMs: number | null): RoadScale | null {
  const startMs = parse(run.started_at);
  if (startMs === null) return null;
  const lastMs = parse(run.last_step_at) ?? startMs;
  if (run.state === "completed") {
    return { startMs, endMs: Math.max(lastMs, startMs + 1000), nowMs: Math.max(lastMs, startMs + 1000), finish: null };
  }
  const share = run.step !== null && run.target_steps ? run.step / run.target_steps : 0;
  const standing = run.state === "halted" || run.state === "paused" || run.state === "idle";
  const nowMs = standing ? lastMs : Math.max(lastMs, Math.min(serverNowMs, lastMs + 60_000));
  const low = standing ? null : parse(run.eta_low_at) ?? parse(run.eta_at);
  const high = standing ? null : parse(run.eta_high_at) ?? parse(run.eta_at);
  const guess = share > 0.001 ? startMs + Math.max(1000, lastMs - startMs) / share : startMs + Math.max(60_000, 20 * (nowMs - startMs));
  const wanted = Math.max(high ?? guess, nowMs + 1);
  const room = wanted - startMs;
  const held = heldEndMs !== null && heldEndMs >= wanted && heldEndMs - wanted < 0.12 * room;
  const endMs = held ? heldEndMs! : startMs + room * 1.03;
  const finish = low !== null && high !== null && high > nowMs ? { lowMs: Math.max(low, nowMs), highMs: Math.max(high, low) } : null;
  return { startMs, endMs, nowMs, finish };
}

export function place(scale: RoadScale, ms: number): number {
  return Math.max(0, Math.min(1, (ms - scale.startMs) / Math.max(1, scale.endMs - scale.startMs)));
}

// Labels under the road, with room between them; the start always has one.
export function roadTicks(scale: RoadScale, width: number): { share: number; label: string }[] {
  const most = Math.max(1, Math.floor(width / 96));
  const ticks = timeTicks(scale.startMs, scale.endMs, most);
  const step = ticks[0]?.step ?? 60_000;
  const out = [{ share: 0, label: timeLabel(scale.startMs, Math.max(step, 1000)) }];
  for (const tick of ticks) {
    const share = place(scale, tick.at);
    if (share * width < (step < 60_000 ? 104 : step < 86400_000 ? 80 : 100) || (1 - share) * width < 24) continue;
    out.push({ share, label: timeLabel(tick.at, tick.step) });
  }
  return out;
}

// Stretches in which no step was made, from the times of the curve's buckets.
export function pauses(wallMs: number[], scale: RoadScale): { fromMs: number; toMs: number }[] {
  const least = (scale.endMs - scale.startMs) * 0.012;
  const gaps: number[] = [];
  for (let i = 1; i < wallMs.length; i++) gaps.push(wallMs[i]! - wallMs[i - 1]!);
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  const out: { fromMs: number; toMs: number }[] = [];
  for (let i = 1; i < wallMs.length; i++) {
    if (gaps[i - 1]! > Math.max(least, 8 * usual)) out.push({ fromMs: wallMs[i - 1]! + usual, toMs: wallMs[i]! });
  }
  return out;
}
