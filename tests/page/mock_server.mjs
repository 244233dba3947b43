// A stand-in for the daemon's public listener: plays invented runs, to develop the page and to test
// it. `node mock_server.mjs [SCENARIO] [PORT]`; scenarios are in scenarios.mjs. Serves web/bundle
// with the headers of production.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { scenario } from "./scenarios.mjs";

const bundle = join(dirname(fileURLToPath(import.meta.url)), "../../web/bundle");
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".txt": "text/plain; charset=utf-8" };
const RING = 300;

export class MockServer {
  constructor(model) {
    this.model = model;
    this.seq = 0;
    this.epoch = "mock-1";
    this.ring = [];
    this.sockets = new Set();
    this.acceptSockets = true;
    this.requests = [];
    this.answers = new Map(); // the newest to each question
    this.frozen = null;
    model.onFrame = (frame) => this.broadcast(frame);
  }

  async listen(port = 0) {
    this.http = createServer((request, response) => this.answer(request, response));
    this.ws = new WebSocketServer({ noServer: true });
    this.http.on("upgrade", (request, socket, head) => {
      if (!this.acceptSockets || new URL(request.url, "http://x").pathname !== "/live") return socket.destroy();
      this.ws.handleUpgrade(request, socket, head, (client) => this.join(client));
    });
    await new Promise((resolve, reject) => this.http.once("error", reject).listen(port, "127.0.0.1", resolve));
    this.port = this.http.address().port;
    this.timers = [setInterval(() => this.broadcast({ type: "run", run: this.run() }), 1000), setInterval(() => this.broadcast({ type: "tick", now: new Date().toISOString() }), 15000)];
    this.model.start?.();
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async close() {
    this.timers.forEach(clearInterval);
    this.model.stop?.();
    for (const socket of this.sockets) socket.terminate();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  // As a cache in front would: what was answered is answered again, until thaw().
  freeze() { this.frozen = new Map(this.answers); }
  thaw() { this.frozen = null; }

  run() {
    return { ...this.model.run(), now: new Date().toISOString(), live: { epoch: this.epoch, seq: this.seq } };
  }

  join(client) {
    this.sockets.add(client);
    client.on("close", () => this.sockets.delete(client));
    client.once("message", (data) => {
      const { epoch, seq } = JSON.parse(String(data));
      client.joined = true;
      client.send(JSON.stringify({ type: "hello", epoch: this.epoch, seq: this.seq }));
      const missed = epoch === this.epoch && seq !== null ? this.ring.filter((frame) => frame.seq > seq) : null;
      if (missed === null || (missed.length && missed[0].seq > seq + 1)) client.send(JSON.stringify({ type: "reset", epoch: this.epoch, seq: this.seq }));
      else if (missed.length) client.send(JSON.stringify({ type: "batch", frames: missed }));
    });
  }

  broadcast(frame) {
    if (frame.type === "step" || frame.type === "event") {
      frame = { ...frame, seq: ++this.seq };
      this.ring.push(frame);
      if (this.ring.length > RING) this.ring.shift();
    }
    const text = JSON.stringify(frame);
    for (const socket of this.sockets) if (socket.joined && socket.readyState === 1) socket.send(text);
  }

  answer(request, response) {
    const url = new URL(request.url, "http://x");
    this.requests.push(request.url);
    if (url.pathname.startsWith("/api/v1/")) return this.json(url, response);
    const file = join(bundle, url.pathname === "/" ? "index.html" : url.pathname.slice(1));
    if (!existsSync(file) || file.includes("..")) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": CSP,
      "content-encoding": "br", "x-content-type-options": "nosniff" });
    response.end(readFileSync(file + ".br"));
  }

  json(url, response) {
    const query = Object.fromEntries(url.searchParams);
    const name = url.pathname.slice("/api/v1/".length);
    if (["from", "to"].some((key) => query[key] !== undefined && !(Number(query[key]) >= 0 && Number(query[key]) <= 2 ** 53))) {
      response.writeHead(400, { "content-type": "application/problem+json" });
      return void response.end(JSON.stringify({ title: "Bad parameter", status: 400 }));
    }
    const body = name === "run" ? this.run() : this.model[name]?.(query);
    if (!body) {
      response.writeHead(404, { "content-type": "application/problem+json" });
      return void response.end(JSON.stringify({ title: "no such route", status: 404 }));
    }
    if (["series", "events", "segments"].includes(name)) body.live = { epoch: this.epoch, seq: this.seq };
    const text = this.frozen?.get(url.href) ?? JSON.stringify(body);
    this.answers.set(url.href, text);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await new MockServer(scenario(process.argv[2] ?? "demo")).listen(Number(process.argv[3] ?? 8080));
  console.log(server.url);
}
