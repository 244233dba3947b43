// How long to wait before the next attempt: full jitter under a cap that doubles from 0.4 s to 30 s.
// The first retries are quick, because most losses are a restart of a second; the jitter keeps
// thousands of readers from coming back in the same instant. Pure.

const FIRST_MS = 400;
const LAST_MS = 30_000;

export function retryDelayMs(attempt: number, random: number): number {
  const cap = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.max(attempt === 0 ? 50 : Math.min(1000, cap / 4), random * cap);
}
