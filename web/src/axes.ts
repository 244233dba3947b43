// Where the ticks of the axes stand and what they say. Pure.
import { axisNumber, integer, clock, clockSeconds, shortDay } from "./format";
import type { XAxis } from "./view";

export function niceStep(room: number, most: number): number {
  const rough = room / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const lead = rough / power;
  return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 2.5 ? 2.5 : lead <= 5 ? 5 : 10) * power;
}

export function linearTicks(low: number, high: number, most: number, whole = false): number[] {
  if (!(high > low)) return [];
  let step = niceStep(high - low, most);
  if (whole) step = Math.max(1, Number.isInteger(step) ? step : Math.ceil(step));
  const out: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12) + step * 1e-9; i++) {
    out.push(Number((i * step).toPrecision(12)));
  }
  return out;
}

// 1, 2, 5 of each decade; thinner when there are many decades, linear when there is not even one.
export function logTicks(low: number, high: number, most: number): number[] {
  if (!(low > 0) || !(high > low)) return [];
  if (high / low < 6) return linearTicks(low, high, most).filter((value) => value > 0);
  const decades = Math.log10(high / low);
  const leads = decades * 3 <= most + 1 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((decades * leads.length) / most));
  const out: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += leads.length === 1 ? every : 1) {
    for (const lead of leads) {
      const value = Number((lead * 10 ** power).toPrecision(12));
      if (value >= low && value <= high) out.push(value);
    }
  }
  return out;
}

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
  86400, 2 * 86400, 7 * 86400, 14 * 86400];

// Ticks on whole local minutes, hours, days, firsts of months; values in ms.
export function timeTicks(lowMs: number, highMs: number, most: number): { at: number; step: number }[] {
  const rough = (highMs - lowMs) / 1000 / Math.max(1, most);
  const found = TIME_STEPS_S.find((one) => one >= rough);
  if (found === undefined) return monthTicks(lowMs, highMs, rough / (30 * 86400));
  const step = found * 1000;
  const zone = new Date(lowMs).getTimezoneOffset() * 60000;
  const out: { at: number; step: number }[] = [];
  for (let at = Math.ceil((lowMs - zone) / step) * step + zone; at <= highMs; at += step) out.push({ at, step });
  return out;
}

function monthTicks(lowMs: number, highMs: number, roughMonths: number): { at: number; step: number }[] {
  const every = [1, 2, 3, 6, 12].find((months) => months >= roughMonths) ?? 12;
  const start = new Date(lowMs), out: { at: number; step: number }[] = [];
  for (let month = Math.ceil((start.getMonth() + 1) / every) * every; ; month += every) {
    const at = new Date(start.getFullYear(), month, 1).getTime();
    if (at > highMs) return out;
    out.push({ at, step: 30 * 86400_000 });
  }
}

export function timeLabel(ms: number, stepMs: number): string {
  return stepMs >= 86400_000 ? shortDay(ms) : stepMs >= 60_000 ? clock(ms) : clockSeconds(ms);
}

export function xTicks(x: XAxis, low: number, high: number, most: number): { at: number; label: string }[] {
  if (x === "time") return timeTicks(low, high, most).map((tick) => ({ at: tick.at, label: timeLabel(tick.at, tick.step) }));
  return linearTicks(low, high, most, true).map((at) => ({ at, label: x === "steps" && high < 10_000 ? integer(at) : axisNumber(at) }));
}
