// Wires the page: one store, one connection, and a component for each part of the page.
import "./style/page.css";
import { api } from "./api";
import { Checkpoints } from "./checkpoints";
import { Facts } from "./facts";
import { Feed } from "./feed";
import { Header } from "./header";
import { Hero } from "./hero";
import { Languages } from "./languages";
import { Live, type Cursor } from "./live";
import { LossFigure } from "./loss_figure";
import { Nodes } from "./nodes";
import { Road } from "./road";
import { SeriesStore } from "./series_store";
import { smallFigures } from "./small_figures";
import { Store } from "./store";
import { onThemeChange } from "./theme";
import { Tiles } from "./tiles";
import { TimeUseBar } from "./time_use";
import type { LiveFrame, LivePosition, Run } from "./types";
import { View } from "./view";

const EVENTS = 200;
const ZOOM_SETTLE_MS = 180;
const GATHER_MS = 2_200; // longer than a cache may keep the answer from before

function start(): void {
  const store = new Store(), view = new View(), loss = new SeriesStore("loss", 1000);
  new Header(store);
  new Hero(store);
  new Road(store, loss);
  new Tiles(store, loss);
  new LossFigure(store, loss, view);
  const all = [loss, ...smallFigures(store, view)];
  new Feed(store);
  new TimeUseBar(store);
  new Nodes(store);
  new Checkpoints(store);
  new Languages(store);
  new Facts(store);

  const lists = new Lists(store);
  const snapshot = () => loadSnapshot(store, all, loss, view, lists);
  const live: Live = new Live({
    address: api.liveAddress(),
    loadSnapshot: snapshot,
    poll: async () => void (await snapshot()),
    onConnection: (connection) => store.setConnection(connection),
    onFrame: (frame) => onFrame(frame, store, all, lists, () => live.refetch().catch(() => undefined)),
  });
  live.start();

  let settle = 0;
  view.on((what) => {
    store.touch("view");
    window.clearTimeout(settle);
    if (what === "window") settle = window.setTimeout(() => void loadWindows(store, all, view), ZOOM_SETTLE_MS);
  });
  onThemeChange(() => store.touch("theme"));
  window.setInterval(() => { if (!document.hidden) store.touch("clock"); }, 1000);
  window.setInterval(() => { if (!document.hidden && store.connection.kind === "live") lists.refreshNodes(); }, 10_000);
}

// Everything anew. The stream goes on after the oldest answer, whatever a cache has done to them: a step that
// others hold already is sent again, and adding it twice changes nothing.
async function loadSnapshot(store: Store, all: SeriesStore[], loss: SeriesStore, view: View, lists: Lists): Promise<Cursor | null> {
  const run = await api.run();
  store.setRun(run);
  const known = new Set((await api.metrics()).map((metric) => metric.name));
  const [positions] = await Promise.all([lists.load(), ...all.map((series) => series.load(known))]);
  // A window that cannot be had (a link somebody has changed) must not keep the page from going live.
  if (view.window) await Promise.all(all.map((series) => series.loadWindow(view.window).catch(() => false)));
  store.touch("series", "segments");
  await loss.loadAbandoned(store.segments);
  if (loss.abandoned.length) store.touch("series");
  return earliest([run.live, ...positions, ...all.flatMap((series) => series.positions)]);
}

function earliest(positions: (LivePosition | null | undefined)[]): Cursor | null {
  const known = positions.filter((one): one is LivePosition => one != null);
  if (known.length === 0) return null;
  const { epoch } = known[0]!;
  if (known.some((one) => one.epoch !== epoch)) throw new Error("the answers are of different lives of the run");
  return { epoch, seq: Math.min(...known.map((one) => one.seq)) };
}

async function loadWindows(store: Store, all: SeriesStore[], view: View): Promise<void> {
  const changed = await Promise.all(all.map((series) => series.loadWindow(view.window).catch(() => false)));
  if (changed.some(Boolean)) store.touch("series");
}

// The lists beside the curves: asked for again when the run shows that they have changed.
class Lists {
  private timer = 0;

  constructor(private readonly store: Store) {}

  async load(): Promise<(LivePosition | undefined)[]> {
    const { store } = this;
    const [events, checkpoints, nodes, segments] = await Promise.all([api.events(EVENTS), api.checkpoints(), api.nodes(), api.segments()]);
    store.addNewestEvents(events.events, events.events.length < EVENTS ? null : events.next);
    store.checkpoints = checkpoints;
    store.nodes = nodes;
    store.segments = segments.segments;
    store.touch("checkpoints", "nodes", "segments");
    return [events.live, segments.live];
  }

  refreshNodes(): void {
    api.nodes().then((nodes) => { this.store.nodes = nodes; this.store.touch("nodes"); }, () => undefined);
  }

  // Gathered: a failure brings many events within a second.
  refreshSoon(): void {
    if (this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      this.refreshNodes();
      Promise.all([api.checkpoints(), api.segments()]).then(([checkpoints, segments]) => {
        this.store.checkpoints = checkpoints;
        this.store.segments = segments.segments;
        this.store.touch("checkpoints", "segments");
      }, () => undefined);
    }, GATHER_MS);
  }
}

function onFrame(frame: LiveFrame, store: Store, all: SeriesStore[], lists: Lists, refetch: () => void): void {
  switch (frame.type) {
    case "step":
      store.applyStep(frame);
      if (all.map((series) => series.append(frame)).some(Boolean)) store.touch("series");
      break;
    case "event":
      store.addEvent(frame.event);
      if (frame.event.severity === "undone" && frame.event.kind !== "restored") refetch();
      else lists.refreshSoon();
      break;
    case "run": {
      const before = store.run;
      store.offerRun(frame.run);
      if (before && before.branch !== frame.run.branch) refetch();
      else if (before && listsChanged(before, frame.run)) lists.refreshSoon();
      break;
    }
    case "tick":
      store.setClock(frame.now);
      break;
    case "hello": case "reset": case "batch":
      break;
  }
}

function listsChanged(before: Run, after: Run): boolean {
  return before.last_checkpoint?.step !== after.last_checkpoint?.step || before.state !== after.state ||
    JSON.stringify(before.nodes) !== JSON.stringify(after.nodes);
}

start();
