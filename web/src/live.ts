// The live connection: snapshot over HTTP, then deltas over a WebSocket from {epoch, seq} on. When
// the socket is lost it says so, keeps what it has and comes back; when sockets do not work at all
// it polls; while the tab is hidden it rests.
import { retryDelayMs } from "./backoff";
import type { LiveFrame, LivePosition } from "./types";

export type Connection =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "polling" }
  | { kind: "resting" }
  | { kind: "lost"; retryAtMs: number };

export type Cursor = LivePosition;

type NumberedFrame = Extract<LiveFrame, { seq: number; type: "step" | "event" }>;

export interface LivePorts {
  address: string;
  loadSnapshot(): Promise<Cursor | null>; // everything anew
  poll(): Promise<void>; // what changed, without a socket
  onFrame(frame: LiveFrame): void;
  onConnection(connection: Connection): void;
}

const SILENCE_MS = 45_000; // the server ticks every 15 s
const HIDDEN_MS = 20_000;
const POLL_MS = 5_000;
const RECENT = 512; // frames, for answers out of a cache that are a little older than what was received
const AGAIN_MS = 2_500; // then no cache holds the answer any more
const STEADY_MS = 5_000; // a socket that lived so long is no reason to wait longer when it ends
const POLL_AFTER_FAILURES = 3;

export class Live {
  private socket: WebSocket | null = null;
  private cursor: Cursor | null = null;
  private wanted: Cursor | null = null; // what a snapshot under way must hold
  private needSnapshot = true;
  private loading = false;
  private held: LiveFrame[] = [];
  private recent: NumberedFrame[] = []; // as given on, oldest first
  private attempt = 0;
  private openedAtMs = 0;
  private heardAtMs = 0;
  private retryTimer = 0;
  private againTimer = 0;
  private hiddenTimer = 0;
  private pollTimer = 0;
  private resting = false;

  constructor(private readonly ports: LivePorts) {}

  start(): void {
    document.addEventListener("visibilitychange", () => this.onVisibility());
    window.addEventListener("online", () => this.retryNow());
    window.setInterval(() => this.checkSilence(), 5_000);
    void this.connect();
  }

  retryNow(): void {
    if (this.resting || this.socket) return;
    this.attempt = 0;
    window.clearTimeout(this.retryTimer);
    void this.connect();
  }

  // What the page shows no longer follows from the deltas (another branch): fetch all of it again.
  async refetch(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.wanted ??= this.cursor && { ...this.cursor };
    window.clearTimeout(this.againTimer);
    try {
      const fresh = await this.ports.loadSnapshot();
      this.needSnapshot = false;
      if (fresh) this.goOnFrom(fresh);
    } catch (error) {
      // What is shown and what comes would not fit together: begin again from a snapshot.
      this.needSnapshot = true;
      this.held = [];
      this.drop();
      throw error;
    } finally {
      this.loading = false;
    }
    const held = this.held;
    this.held = [];
    for (const frame of held) this.take(frame);
  }

  // Out of a cache the snapshot may be older than what was received: what came since is put on it again. When
  // it is even older than what made the page ask, it is asked for again.
  private goOnFrom(fresh: Cursor): void {
    const { cursor, wanted } = this;
    if (!cursor || fresh.epoch !== cursor.epoch) {
      this.recent = [];
      this.wanted = null;
      this.cursor = fresh;
      return;
    }
    const since = this.recent.filter((frame) => frame.seq > fresh.seq);
    if (fresh.seq >= cursor.seq) {
      this.cursor = fresh;
    } else if (since.length === cursor.seq - fresh.seq) {
      for (const frame of since) this.ports.onFrame(frame);
    } else { // the server has them still, or says that it has not
      this.cursor = fresh;
      this.held = [];
      this.drop();
    }
    if (!wanted || wanted.epoch !== fresh.epoch || fresh.seq >= wanted.seq) this.wanted = null;
    else this.againTimer = window.setTimeout(() => this.refetch().catch(() => undefined), AGAIN_MS);
  }

  private async connect(): Promise<void> {
    window.clearTimeout(this.retryTimer);
    if (this.loading) return this.retryLater();
    if (this.needSnapshot) {
      try {
        await this.refetch();
      } catch {
        return this.retryLater();
      }
    }
    if (this.resting || this.socket) return;
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.ports.address);
    } catch {
      return this.retryLater();
    }
    this.socket = socket;
    this.heardAtMs = this.openedAtMs = performance.now();
    socket.onopen = () => socket.send(JSON.stringify(this.cursor ?? { epoch: null, seq: null }));
    socket.onmessage = (message) => this.onMessage(String(message.data));
    socket.onclose = () => this.onClose(socket);
  }

  private onMessage(text: string): void {
    this.heardAtMs = performance.now();
    if (this.heardAtMs - this.openedAtMs > STEADY_MS) this.attempt = 0;
    this.stopPolling();
    this.ports.onConnection({ kind: "live" });
    try {
      this.take(JSON.parse(text) as LiveFrame);
    } catch (error) {
      console.warn("a live frame was not understood", error);
    }
  }

  private take(frame: LiveFrame): void {
    if (frame.type === "batch") return frame.frames.forEach((one) => this.take(one));
    if (this.loading) {
      this.held.push(frame);
      return;
    }
    if (frame.type === "reset") {
      this.cursor = { epoch: frame.epoch, seq: frame.seq };
      this.needSnapshot = true;
      this.refetch().catch(() => undefined);
      return;
    }
    if (frame.type === "hello") {
      if (!this.cursor) this.cursor = { epoch: frame.epoch, seq: frame.seq };
      return;
    }
    if (frame.type === "step" || frame.type === "event") {
      if (this.cursor && frame.seq <= this.cursor.seq) return; // already part of the snapshot
      if (this.cursor) this.cursor.seq = frame.seq;
      this.recent.push(frame);
      if (this.recent.length > RECENT) this.recent.shift();
    }
    this.ports.onFrame(frame);
  }

  private onClose(socket: WebSocket): void {
    if (this.socket !== socket) return;
    this.socket = null;
    if (!this.resting) this.retryLater();
  }

  private retryLater(): void {
    const delay = retryDelayMs(this.attempt++, Math.random());
    window.clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => void this.connect(), delay);
    if (!this.pollTimer) this.ports.onConnection({ kind: "lost", retryAtMs: Date.now() + delay });
    if (this.attempt >= POLL_AFTER_FAILURES && !this.needSnapshot) this.startPolling();
  }

  private startPolling(): void {
    if (this.pollTimer) return;
    const poll = async () => {
      try {
        await this.ports.poll();
        if (this.pollTimer) this.ports.onConnection({ kind: "polling" });
      } catch {
        this.stopPolling();
        this.ports.onConnection({ kind: "lost", retryAtMs: Date.now() });
      }
    };
    this.pollTimer = window.setInterval(() => void poll(), POLL_MS);
    void poll();
  }

  private stopPolling(): void {
    window.clearInterval(this.pollTimer);
    this.pollTimer = 0;
  }

  private checkSilence(): void {
    if (this.socket && performance.now() - this.heardAtMs > SILENCE_MS) this.drop();
  }

  private drop(): void {
    const socket = this.socket;
    if (!socket) return;
    socket.close();
    this.onClose(socket);
  }

  private onVisibility(): void {
    window.clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => this.rest(), HIDDEN_MS);
    } else if (this.resting) {
      this.resting = false;
      this.ports.onConnection({ kind: "connecting" });
      this.retryNow();
    }
  }

  private rest(): void {
    this.resting = true;
    this.stopPolling();
    window.clearTimeout(this.retryTimer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.ports.onConnection({ kind: "resting" });
  }
}
