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
const [format, math, buckets, axes, backoff, marks, road, story, languages] = await Promise.all(
  ["format", "chart_math", "buckets", "axes", "backoff", "marks", "road_scale", "stories", "languages"].map(async (name) => {
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
