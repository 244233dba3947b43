// The page while the run goes on, the connection fails, the daemon restarts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MockServer } from "./mock_server.mjs";
import { noFaults, play, text, until } from "./support.mjs";

const CONNECTION = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to/;
// The steps that the curve holds, read off by keyboard from its end backwards.
async function walkBack(page, model, count) {
  await until("the last step on the curve", async () => (await text(page, "#loss-readout")).startsWith(`latest: step ${model.step.toLocaleString("en")} `));
  await page.locator("#loss-chart").focus();
  const out = [];
  for (let i = 0; i < count; i++) {
    await page.keyboard.press("ArrowLeft");
    out.push(Number((await text(page, "#loss-readout")).match(/step ([\d,]+)/)[1].replace(",", "")));
  }
  return out;
}
const facts = (page) => text(page, "#facts").then((words) => Number(words.split(" ")[0].replace(",", "")));

test("values change live, and the curve with them", () =>
  play("demo", {}, async ({ page, faults }) => {
    const step = await facts(page), loss = await text(page, "#tile-loss"), readout = await text(page, "#loss-readout");
    await until("a newer step", async () => (await facts(page)) > step + 3);
    assert.notEqual(await text(page, "#tile-loss"), loss);
    assert.notEqual(await text(page, "#loss-readout"), readout);
    assert.match(await text(page, "#age"), /^live · step/);
    noFaults(faults);
  }));

test("an event appears as a sentence and as a mark", () =>
  play("demo", {}, async ({ page, server, model }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    const marks = () => page.locator("#loss-chart .chart-marks .mark:visible").count();
    await until("the marks so far", async () => (await marks()) > 0);
    const before = await marks();
    server.broadcast({ type: "event", event: model.addEvent({ kind: "rank_died", severity: "recovered", title: "A GPU fell off the bus on node-7.", step: 180, lost_steps: 2, cost_s: 5, atMs: Date.now() - 60_000 }) });
    await until("the sentence", async () => /A GPU fell off the bus on node-7\.[^]*5\.0.s lost · 2 steps redone/.test(await text(page, "#feed")));
    await until("its mark", async () => (await marks()) === before + 1);
  }));

test("a lost connection is said calmly, what was shown stays, and the page comes back by itself without a gap", () =>
  play("demo", {}, async ({ page, faults, server, model }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    const port = server.port, before = await facts(page);
    await server.close();
    await page.waitForSelector("#notice:visible");
    assert.match(await text(page, "#notice"), /^The connection was lost\. What you see stays/);
    assert.match(await text(page, "#age"), /^data \d+.s old$/);
    assert.ok((await facts(page)) >= before, "what was shown stays");
    for (let i = 0; i < 7; i++) model.advance(); // the ranks do not wait for the daemon
    const again = new MockServer(model);
    again.seq = server.seq; // the daemon's sequence persists, and so do its latest frames
    again.ring = server.ring;
    await again.listen(port);
    try {
      await until("live again", async () => /^live/.test(await text(page, "#age")), 15_000);
      await until("newer steps", async () => (await facts(page)) > before + 7);
      assert.equal(await page.locator("#notice").isVisible(), false);
      model.stop();
      const steps = await walkBack(page, model, 30);
      assert.deepEqual(steps, steps.map((_, i) => steps[0] - i), "no step is missing");
      noFaults(faults, CONNECTION);
    } finally {
      model.stop();
      await again.close();
      server.close = async () => {};
    }
  }));

test("a reset makes the page fetch everything again", () =>
  play("demo", {}, async ({ page, server }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    const asked = server.requests.filter((path) => path.startsWith("/api/v1/run")).length;
    server.broadcast({ type: "reset", epoch: "mock-2", seq: server.seq });
    server.epoch = "mock-2";
    await until("a new snapshot", () => server.requests.filter((path) => path.startsWith("/api/v1/run")).length > asked);
    const step = await facts(page);
    await until("live on", async () => (await facts(page)) > step);
  }));

test("steps that came while the snapshot was fetched are neither lost nor doubled", () =>
  play("demo", {}, async ({ page, model }) => {
    await until("some steps", async () => (await facts(page)) > 425);
    model.stop();
    const steps = await walkBack(page, model, 25);
    assert.ok(steps[0] > 420 && steps[24] < 412, "over the seam between the snapshot and the live steps");
    assert.deepEqual(steps, steps.map((_, i) => steps[0] - i));
  }));

test("an undone stretch arrives live: dashed, marked and told", () =>
  play("demo", {}, async ({ page, server, model }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    model.spikeAt = 402;
    model.spikeWidth = 4;
    model.segments_ = [{ id: 1, branch: 0, parent: null, first_step: 1, end_step: 412, cut_step: 400, reason: "rollback" }, { id: 2, branch: 1, parent: 1, first_step: 401, end_step: null, cut_step: null, reason: null }];
    model.branch = 1;
    server.broadcast({ type: "event", event: model.addEvent({ kind: "operator_command", severity: "undone", title: "The loss jumped.", step: 412, to_step: 400, lost_steps: 12, cost_s: 9 }) });
    await until("the caption", async () => /Dashed: a stretch that was undone/.test(await text(page, "#loss-caption")));
    assert.equal(await page.locator("#road-incidents .mark-undone:visible").count(), 1);
  }));

test("when what was undone cannot be fetched, the page begins again from a snapshot", () =>
  play("demo", {}, async ({ page, server, model, faults }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    await page.route("**/api/v1/segments", (route) => route.abort());
    model.segments_ = [{ id: 1, branch: 0, parent: null, first_step: 1, end_step: 412, cut_step: 400, reason: "rollback" }, { id: 2, branch: 1, parent: 1, first_step: 401, end_step: null, cut_step: null, reason: null }];
    server.broadcast({ type: "event", event: model.addEvent({ kind: "operator_command", severity: "undone", title: "The loss jumped.", step: 412, to_step: 400, lost_steps: 12, cost_s: 9 }) });
    await page.waitForSelector("#notice:visible");
    await page.unroute("**/api/v1/segments");
    await until("the caption", async () => /Dashed: a stretch that was undone/.test(await text(page, "#loss-caption")), 15_000);
    await until("live again", async () => /^live/.test(await text(page, "#age")), 15_000);
    noFaults(faults, /ERR_FAILED/);
  }));

test("answers out of a cache lose no step and hide nothing that was undone", () =>
  play("demo", {}, async ({ page, server, model }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    server.freeze();
    const step = await facts(page);
    await until("steps that no answer has", async () => (await facts(page)) > step + 5);
    model.segments_ = [{ id: 1, branch: 0, parent: null, first_step: 1, end_step: 412, cut_step: 400, reason: "rollback" }, { id: 2, branch: 1, parent: 1, first_step: 401, end_step: null, cut_step: null, reason: null }];
    const asked = server.requests.length;
    server.broadcast({ type: "event", event: model.addEvent({ kind: "operator_command", severity: "undone", title: "The loss jumped.", step: 412, to_step: 400, lost_steps: 12, cost_s: 9 }) });
    const fetched = (path) => server.requests.slice(asked).filter((one) => one.startsWith(path)).length;
    await until("a snapshot", () => fetched("/api/v1/series") >= 5);
    model.stop();
    const steps = await walkBack(page, model, 25);
    assert.deepEqual(steps, steps.map((_, i) => steps[0] - i), "no step is missing");
    assert.doesNotMatch(await text(page, "#loss-caption"), /undone/);
    server.thaw();
    await until("what was undone", async () => /Dashed: a stretch that was undone/.test(await text(page, "#loss-caption")));
    await until("a second snapshot", () => fetched("/api/v1/run") >= 2);
    await page.waitForTimeout(3000);
    assert.equal(fetched("/api/v1/run"), 2, "and then it is content");
    assert.equal(await page.locator("#notice").isVisible(), false);
  }));

test("a socket that is lost as soon as it is had is asked for less and less often", () =>
  play("demo", {}, async ({ page, server }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    let joins = 0;
    const join = server.join.bind(server);
    server.join = (client) => {
      joins++;
      join(client);
      client.once("message", () => setTimeout(() => client.terminate(), 20));
    };
    for (const socket of server.sockets) socket.terminate();
    const begun = Date.now();
    await until("six attempts", () => joins >= 6, 60_000);
    assert.ok(Date.now() - begun > 3000, `${joins} attempts in ${Date.now() - begun} ms`);
  }));

test("what is older than what is shown changes nothing", () =>
  play("demo", {}, async ({ page, server, model }) => {
    await until("live", async () => /^live/.test(await text(page, "#age")));
    model.stop();
    await until("the last step", async () => (await facts(page)) === model.step);
    const old = { ...server.run(), step: 5, state: "paused" };
    server.broadcast({ type: "run", run: { ...old, now: new Date(Date.now() - 14_000).toISOString() } });
    server.broadcast({ type: "step", step: 7, at_ms: Date.now(), loss: 9.87, grad_norm: 1, learning_rate: 1, tokens: 7, tokens_per_second: 1, step_ms: 1 });
    server.broadcast({ type: "event", event: model.addEvent({ kind: "rank_died", severity: "recovered", title: "Told after them.", step: 180 }) });
    await until("what came after them", async () => /Told after them/.test(await text(page, "#feed")));
    assert.equal(await facts(page), model.step);
    assert.equal(await text(page, "#state"), "Training");
    assert.notEqual(await text(page, "#tile-loss"), "9.87");
    model.state = "paused"; // or the next frame takes it back
    server.broadcast({ type: "run", run: { ...old, now: new Date().toISOString() } });
    await until("the new state", async () => (await text(page, "#state")) === "Paused");
    assert.equal(await facts(page), model.step, "the steps are newer than the run that it was made of");
  }));

test("without WebSockets the page polls", () =>
  play("demo", {}, async ({ page, server }) => {
    server.acceptSockets = false;
    for (const socket of server.sockets) socket.terminate();
    await until("polling", async () => /^every 5 s/.test(await text(page, "#age")), 20_000);
    const step = await facts(page);
    await until("newer steps", async () => (await facts(page)) > step, 12_000);
    assert.equal(await page.locator("#notice").isVisible(), false);
  }));

test("a page opened before the daemon waits for it", () =>
  play("demo", {}, async ({ page, faults }) => {
    await page.route("**/api/v1/run", (route) => route.abort());
    await page.reload();
    await page.waitForSelector("#notice:visible");
    assert.match(await text(page, "#notice"), /^The run does not answer yet\./);
    await page.unroute("**/api/v1/run");
    await until("live", async () => /^live/.test(await text(page, "#age")), 15_000);
    assert.equal(await page.locator("#notice").isVisible(), false);
    assert.ok((await facts(page)) > 0);
    noFaults(faults, /ERR_FAILED/);
  }));

test("a run that finishes while it is watched says so", () =>
  play("fresh", {}, async ({ page }) => {
    await until("the end", async () => (await text(page, "#state")) === "Finished", 20_000);
    assert.equal(await text(page, "#percent"), "100%");
    assert.match(await text(page, "#outlook"), /^Finished at/);
    assert.match(await text(page, "#feed"), /The run is complete\./);
  }, { target: 20, stepMs: 100 }));
