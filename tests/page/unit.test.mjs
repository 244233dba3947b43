// The page's pure parts, without a browser.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const web = fileURLToPath(new URL("../../web/", import.meta.url));
const esbuild = createRequire(join(web, "package.json"))("esbuild");
const folder = mkdtempSync(join(tmpdir(), "longhaul-page-"));
const load = async (name) => {
  const outfile = join(folder, name + ".mjs");
  await esbuild.build({ entryPoints: [join(web, "src", name + ".ts")], bundle: true, format: "esm", outfile, logLevel: "error" });
  return import(pathToFileURL(outfile).href);
};
const [format, math, buckets, axes, backoff, marks, road, story, languages, list, view, store] = await Promise.all(
  ["format", "chart_math", "buckets", "axes", "backoff", "marks", "road_scale", "stories", "languages", "event_list", "view", "series_store"].map(async (name) => {
    if (name === "marks") Object.assign(globalThis, { window: { addEventListener() {} }, document: { createElement: () => ({ setAttribute() {}, append() {}, style: {} }), addEventListener() {} } });
    return load(name);
  }));
rmSync(folder, { recursive: true });

const plain = (text) => text.replaceAll("\u00a0", " ");

test("units are chosen by size, for the small run and the great one", () => {
  assert.equal(plain(format.compact(3_210_496)), "3.21 M");
  assert.equal(plain(format.compact(41_000)), "41.0 k");
  assert.equal(plain(format.compact(186_366_180_000)), "186 B");
  assert.equal(format.compact(812), "812");
  assert.equal(plain(format.bytes(44_900_000)), "44.9 MB");
  assert.equal(plain(format.bytes(2.12e12)), "2.12 TB");
  assert.equal(format.integer(null), "–");
});

test("durations read as people say them", () => {
  const said = [0.02, 1.3, 41, 109, 5220, 3600 * 26, 71 * 86400].map((s) => plain(format.duration(s)));
  assert.deepEqual(said, ["20 ms", "1.3 s", "41 s", "1 min 49 s", "1 h 27 min", "1 d 2 h", "71 days"]);
  assert.equal(plain(format.duration(3599.9)), "1 h");
});

test("smoothing does not depend on the size of the buckets", () => {
  const step = Array.from({ length: 4096 }, (_, i) => i + 1), value = (s) => 2 + 4 / Math.sqrt(s);
  const fine = math.smooth(step, step.map(value), 500);
  const ends = [], means = [];
  for (let b = 0; b < 256; b++) {
    ends.push(16 * (b + 1));
    means.push(step.slice(16 * b, 16 * b + 16).reduce((sum, s) => sum + value(s), 0) / 16);
  }
  const coarse = math.smooth(ends, means, 500);
  for (const b of [80, 160, 255]) assert.ok(Math.abs(coarse[b] - fine[16 * b + 15]) < 0.01, `bucket ${b}`);
  assert.ok(Math.abs(math.smooth([1], [7], 100)[0] - 7) < 1e-12, "debiased: the first value stands as it is");
});

test("one wild point does not squash the curve, and is counted", () => {
  const mean = Array.from({ length: 500 }, (_, i) => 2 + Math.sin(i / 20) * 0.1);
  mean[250] = 90;
  const frame = math.robustFrame(mean, mean, 0, 500, { log: false, whole: false });
  assert.ok(frame.high < 3);
  assert.deepEqual(math.outside(mean, mean, 0, 500, frame), { above: 1, below: 0 });
  assert.ok(math.robustFrame(mean, mean, 0, 500, { log: false, whole: true }).high >= 90);
});

test("a logarithmic frame ignores what has no logarithm", () => {
  const values = [0, -1, null, 0.1, 10];
  const frame = math.robustFrame(values, values, 0, 5, { log: true, whole: false });
  assert.ok(frame.low > 0 && frame.low <= 0.1 && frame.high >= 10);
  assert.equal(math.robustFrame([0], [0], 0, 1, { log: true, whole: false }), null);
});

test("live steps fold into the same buckets that a fetch would give", () => {
  const grown = { ...buckets.emptyBuckets(), bucketSteps: 4 };
  for (let step = 1; step <= 10; step++) buckets.append(grown, { step, value: step, nonfinite: false, wallMs: step, tokens: step });
  assert.deepEqual(grown.step, [1, 4, 8]);
  assert.deepEqual(grown.last, [3, 7, 10]);
  assert.deepEqual(grown.mean, [2, 5.5, 9]);
  assert.deepEqual(grown.max, [3, 7, 10]);
  assert.equal(buckets.append(grown, { step: 9, value: 1, nonfinite: false, wallMs: 9, tokens: 9 }), false, "a step that is held stays");
});

test("a finer stretch replaces the coarse one and nothing else", () => {
  const make = (size, from, to) => {
    const out = { ...buckets.emptyBuckets(), bucketSteps: size };
    for (let step = from; step <= to; step++) buckets.append(out, { step, value: 1, nonfinite: false, wallMs: step, tokens: step });
    return out;
  };
  const joined = buckets.splice(make(16, 1, 160), make(1, 40, 60));
  assert.deepEqual(joined.step, [...joined.step].sort((a, b) => a - b));
  for (let step = 40; step <= 60; step++) assert.ok(joined.step.includes(step));
  assert.equal(joined.last[joined.last.length - 1], 160);
});

test("ticks are few, round and inside", () => {
  assert.deepEqual(axes.linearTicks(0, 61_204, 6), [0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000].filter((_, i) => i % 2 === 0));
  assert.deepEqual(axes.logTicks(0.09, 120, 8), [0.1, 1, 10, 100]);
  assert.deepEqual(axes.linearTicks(3, 3, 5), []);
});

test("retries are quick at first, jittered, and never more than 30 s apart", () => {
  assert.ok(backoff.retryDelayMs(0, 0.999) <= 400);
  for (let attempt = 6; attempt < 100; attempt++) {
    assert.ok(backoff.retryDelayMs(attempt, 0.999) <= 30_000);
    assert.ok(backoff.retryDelayMs(attempt, 0) >= 1000);
  }
});

test("marks that would touch become one that counts", () => {
  const clusters = marks.cluster([{ x: 100 }, { x: 10 }, { x: 15 }, { x: 300 }], 22);
  assert.deepEqual(clusters.map((cluster) => cluster.length), [2, 1, 1]);
});

test("a failure and its end are one story, with its cost, and redoing is not undoing", () => {
  const event = (id, kind, more) => ({ id, kind, at: "", step: 0, to_step: null, severity: "recovered", title: kind, detail: null, lost_steps: null, cost_s: null, node: null, ...more });
  const told = story.stories([
    event(5, "rank_died", { title: "A rank died.", detail: "It is new" }),
    event(4, "restored", { severity: "undone", title: "Training goes on from step 1.", lost_steps: 2 }),
    event(3, "restored", { severity: "undone", title: "Training goes on from step 8.", detail: "2 steps are being redone.", lost_steps: 2, cost_s: 1.5 }),
    event(2, "checkpoint_saved", { severity: "good" }),
    event(1, "rank_died", { title: "A rank died.", detail: "Killed by signal 9. Last words: bye" }),
  ]);
  assert.deepEqual(told.map((one) => [one.id, one.severity, one.cost_s]), [[5, "recovered", null], [4, "recovered", null], [2, "good", null], [1, "recovered", 1.5]]);
  assert.equal(told[3].detail, "Killed by signal 9. Training goes on from step 8. 2 steps are being redone. Last words: bye");
  assert.equal(told[3].lost_steps, 2);
});

test("the newest events are kept, and the pages that were asked for, without a hole", () => {
  const page = (from, to) => Array.from({ length: from - to + 1 }, (_, i) => ({ id: from - i, title: "" }));
  const ids = (held) => [held.all[0].id, held.all.at(-1).id, held.all.length];
  const held = new list.EventList();
  held.addNewest(page(3000, 2801), 2801);
  held.addOlder(page(2800, 2601), 2601);
  held.add({ id: 3001, title: "" });
  held.add({ id: 3001, title: "again" });
  assert.deepEqual(ids(held), [3001, 2601, 401]);
  assert.equal(held.all[0].title, "again");
  held.addNewest(page(3005, 2806), 2806);
  assert.deepEqual([...ids(held), held.older], [3005, 2601, 405, 2601], "a poll drops no older page");
  for (let id = 3006; id <= 9000; id++) held.add({ id, title: "" });
  assert.deepEqual([...ids(held), held.older], [9000, 7001, 2000, 7001], "and the newest stay within bounds");
  held.addOlder(page(7000, 6801), 6801);
  held.add({ id: 9001, title: "" });
  assert.equal(held.all.length, 2200, "what was asked for is kept beyond them");
  held.addNewest(page(20_000, 19_801), 19_801);
  assert.deepEqual([...ids(held), held.older], [20_000, 19_801, 200, 19_801], "what does not meet would leave a hole");
});

test("a window of the address is on the axis or none", () => {
  assert.deepEqual(view.windowOf("100", "200.5"), { from: 100, to: 200.5 });
  assert.deepEqual(view.windowOf("-10", "5"), { from: 0, to: 5 });
  assert.equal(view.windowOf("0", "1e17").to, 2 ** 50);
  for (const [from, to] of [["-10", "-5"], ["9e17", "1e18"], ["5", "5"], ["x", "5"], ["5", ""], [null, "5"]]) assert.equal(view.windowOf(from, to), null, `${from} ${to}`);
});

// Answers of the series route, given when the test says so.
function answers() {
  const asked = [];
  Object.assign(globalThis.document ??= {}, { baseURI: "http://x/" });
  globalThis.fetch = (url) => new Promise((resolve) => asked.push({ query: Object.fromEntries(url.searchParams), give: (body) => resolve({ ok: true, json: async () => body }) }));
  return asked;
}
const served = (from, to, size) => {
  const out = { ...buckets.emptyBuckets(), bucketSteps: size };
  for (let step = from; step <= to; step++) buckets.append(out, { step, value: 1, nonfinite: false, wallMs: step, tokens: step });
  return { bucket_steps: size, step: out.step, last_step: out.last, n: out.n, mean: out.mean, min: out.min, max: out.max, nonfinite: out.nonfinite, wall_ms: out.wall, tokens: out.tokens, segments: [], live: { epoch: "e", seq: to } };
};
const frame = (step) => ({ type: "step", seq: step, step, at_ms: step, loss: 1, tokens: step });
const stepsOf = (series) => series.buckets.n.reduce((sum, n) => sum + n, 0);

test("steps that come while a request is under way are in the curve that its answer gives", async () => {
  const asked = answers(), series = new store.SeriesStore("loss", 10);
  const loading = series.load();
  asked[0].give(served(1, 16, 1));
  await loading;
  for (let step = 17; step <= 21; step++) series.append(frame(step)); // more than twice the points: it asks again
  assert.equal(asked.length, 2);
  for (let step = 22; step <= 24; step++) series.append(frame(step));
  asked[1].give(served(1, 21, 4));
  await new Promise((resolve) => setTimeout(resolve));
  series.append(frame(25));
  assert.equal(stepsOf(series), 25);
  assert.equal(series.buckets.bucketSteps, 4);
  const zooming = series.loadWindow({ from: 21, to: 27 });
  for (let step = 26; step <= 27; step++) series.append(frame(step));
  asked[2].give(served(19, 25, 1));
  await zooming;
  assert.deepEqual(series.buckets.step.slice(-3), [25, 26, 27]);
  assert.equal(series.bucketSteps({ from: 21, to: 27 }), 1);
  assert.equal(series.bucketSteps(null), 4);
  assert.deepEqual(series.positions.map((one) => one.seq), [21, 25]);
});

test("a finer stretch ends where it was asked to end, and gets coarser when it grows", async () => {
  const asked = answers(), series = new store.SeriesStore("loss", 10);
  const loading = series.load();
  asked[0].give(served(1, 40, 4));
  await loading;
  const zooming = series.loadWindow({ from: 38, to: 42 });
  asked[1].give(served(37, 40, 1));
  await zooming;
  for (let step = 41; step <= 60; step++) series.append(frame(step));
  assert.equal(asked[1].query.to, "43");
  const end = series.buckets.step.indexOf(43);
  assert.deepEqual([series.buckets.last[end], series.buckets.step[end + 1], series.buckets.last[end + 1]], [43, 44, 47]);
  const following = series.loadWindow({ from: 58, to: 1000 });
  asked[2].give(served(1, 60, 4));
  await following;
  for (let step = 61; step <= 100; step++) series.append(frame(step));
  assert.equal(asked.length, 4, "it asks for coarser ones");
});

test("a corpus named by its language's code is said in words", () => {
  assert.deepEqual(["de", "text_pt-BR", "German", "books", "de.bin"].map(languages.languageName), ["German", "Portuguese (BR)", "German", "books", "de.bin"]);
});

test("the end of the road stands still while estimates wander", () => {
  const run = (high) => ({ state: "training", started_at: "2026-01-01T00:00:00Z", last_step_at: "2026-01-02T00:00:00Z", step: 100, target_steps: 1000, eta_low_at: "2026-01-09T00:00:00Z", eta_high_at: high, eta_at: high });
  const now = Date.parse("2026-01-02T00:00:01Z");
  const first = road.roadScale(run("2026-01-11T00:00:00Z"), now, null);
  assert.equal(road.roadScale(run("2026-01-10T20:00:00Z"), now, first.endMs).endMs, first.endMs);
  assert.ok(road.roadScale(run("2026-01-20T00:00:00Z"), now, first.endMs).endMs > first.endMs, "but never shorter than the estimate");
  assert.equal(road.roadScale({ state: "idle", started_at: null }, now, null), null);
});
