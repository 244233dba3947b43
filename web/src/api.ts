// The JSON routes. Addresses are relative to the page, so a run may live under any path.
import type { Checkpoint, LivePosition, Run, RunEvent, RunNode, Segment, Series } from "./types";

const TIMEOUT_MS = 20_000; // an answer that never comes must not keep the page from trying again

async function get<T>(path: string): Promise<T> {
  const response = await fetch(new URL(path, document.baseURI), {
    headers: { accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as T;
}

export interface SeriesQuery {
  metric: string;
  from?: number;
  to?: number;
  points: number;
  segment?: number;
}

export const api = {
  run: () => get<Run>("api/v1/run"),
  metrics: async () => (await get<{ metrics: { name: string; unit: string }[] }>("api/v1/metrics")).metrics,
  nodes: async () => (await get<{ nodes: RunNode[] }>("api/v1/nodes")).nodes,
  segments: () => get<{ segments: Segment[]; live?: LivePosition }>("api/v1/segments"),
  checkpoints: async () => (await get<{ checkpoints: Checkpoint[] }>("api/v1/checkpoints")).checkpoints,
  events: (limit: number, after?: number | string) =>
    get<{ events: RunEvent[]; next: number | string | null; live?: LivePosition }>(
      `api/v1/events?order=desc&limit=${limit}` + (after == null ? "" : `&after=${after}`)),
  series: (query: SeriesQuery) => {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value != null) parameters.set(name, String(value));
    return get<Series>(`api/v1/series?${parameters}`);
  },
  liveAddress: (): string => {
    const url = new URL("live", document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.search = "";
    url.hash = "";
    return url.href;
  },
};
