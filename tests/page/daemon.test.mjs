// The part that holds for any living run: against a real daemon at $BASE_URL.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { accentPixels, noFaults, open, PHONE, text, until } from "./support.mjs";

const base = process.env.BASE_URL.replace(/\/?$/, "/");

test("the page loads, draws its curve and follows the run, without an error in the console", async () => {
  const { page, faults, close } = await open(base);
  try {
    const run = await (await fetch(base + "api/v1/run")).json();
    await until("the run's name", async () => (await text(page, "h1")) === (run.title || run.run));
    await until("a loss curve", async () => (await accentPixels(page, "#loss-chart")) > 60, 30_000);
    await until("live", async () => /^live/.test(await text(page, "#age")), 15_000);
    if (run.state !== "completed" && run.state !== "halted") {
      const loss = await text(page, "#tile-loss");
      await until("another loss", async () => (await text(page, "#tile-loss")) !== loss, 60_000);
    }
    noFaults(faults);
  } finally {
    await close();
  }
});

test("the page fits a phone", async () => {
  const { page, faults, close } = await open(base, PHONE);
  try {
    await page.waitForFunction(() => document.querySelector("#facts").textContent.trim() !== "");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    noFaults(faults);
  } finally {
    await close();
  }
});

test("what the page shows is what the routes say", async () => {
  const { page, close } = await open(base);
  try {
    await page.waitForFunction(() => document.querySelector("#facts").textContent.trim() !== "");
    const run = async () => (await fetch(base + "api/v1/run")).json();
    const shown = async () => Number((await text(page, "#facts")).split(" ")[0].replaceAll(",", "")) || 0;
    const before = await run();
    await until("what was served", async () => (await shown()) >= (before.step ?? 0));
    const said = await shown();
    let after = before;
    const served = async () => (after = await run()).step ?? 0;
    await until(`step ${said}, which is shown, from the routes`, async () => (await served()) >= said, 1500); // they may be a second old
    assert.ok((await text(page, "#facts")).includes(after.target_steps.toLocaleString("en")), "and where it ends");
    const series = await (await fetch(base + "api/v1/series?metric=loss&points=100")).json();
    for (const name of ["step", "last_step", "n", "mean", "min", "max", "nonfinite", "wall_ms", "tokens"]) assert.equal(series[name].length, series.step.length, name);
  } finally {
    await close();
  }
});

const CONNECTION = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection to/;
test("a daemon that is killed comes back under the page, which goes on by itself",
  { skip: process.env.DAEMON_PID_FILE ? false : "no DAEMON_PID_FILE: there is no daemon that may be killed" }, async () => {
    const { page, faults, close } = await open(base);
    const pid = () => readFileSync(process.env.DAEMON_PID_FILE, "utf8").trim();
    const step = async () => Number((await text(page, "#facts")).split(" ")[0].replaceAll(",", ""));
    try {
      await until("live", async () => /^live/.test(await text(page, "#age")), 15_000);
      const killed = pid();
      process.kill(Number(killed), "SIGKILL");
      await until("another daemon", async () => pid() !== killed, 15_000);
      const before = await step();
      await until("newer steps", async () => (await step()) > before + 5, 60_000);
      await until("live again", async () => /^live/.test(await text(page, "#age")), 15_000);
      noFaults(faults, CONNECTION);
    } finally {
      await close();
    }
  });
