// What scripts read of the page's tests: no skip counts as a pass or loses its reason.
import assert from "node:assert/strict";
import { test } from "node:test";

import reporter from "./reporter.mjs";

const said = async (...events) => {
  async function* source() {
    yield* events;
  }
  let text = "";
  for await (const part of reporter(source())) text += part;
  return text;
};
const passed = (name, skip) => ({ type: "test:pass", data: { name, skip, details: { duration_ms: 1.6 } } });

test("a skipped test is reported with its reason and counted as skipped", async () => {
  const text = await said({ type: "test:start", data: {} }, passed("draws"), passed("touches", "no touch screen"), passed("prints", true));
  assert.equal(text, `TAP version 13
ok 1 - draws (2 ms)
ok 2 - touches (2 ms) # SKIP no touch screen
ok 3 - prints (2 ms) # SKIP no reason given
1..3
1 passed, 0 failed, 2 skipped
`);
});

test("a failure says why, line by line, and without skips the last line has two numbers", async () => {
  const failure = { type: "test:fail", data: { name: "draws", details: { duration_ms: 3, error: "1 is\nnot 2" } } };
  assert.equal(await said(failure), "TAP version 13\nnot ok 1 - draws (3 ms)\n  # 1 is\n  # not 2\n1..1\n0 passed, 1 failed\n");
});
