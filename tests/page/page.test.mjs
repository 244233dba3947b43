// What is on the page, in every state of a run.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { SCENARIOS } from "./scenarios.mjs";
import { accentPixels, DESKTOP, noFaults, PHONE, play, text, until } from "./support.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

test("the charts are drawn, with nothing refused by the content security policy", () =>
  play("demo", {}, async ({ page, faults }) => {
    await until("a loss curve", async () => (await accentPixels(page, "#loss-chart")) > 300);
    for (const i of [1, 2, 3, 4]) await until(`small chart ${i}`, async () => (await accentPixels(page, `.small:nth-child(${i}) .chart`)) > 60);
    noFaults(faults);
  }));

test("the page tells the run in numbers and words", () =>
  play("great", {}, async ({ page }) => {
    assert.equal(await text(page, "h1"), "tr11-176B");
    assert.match(await text(page, "#percent"), /^53\.0%$/);
    assert.match(await text(page, "#facts"), /^61,20\d of 115,311 steps · 186.B of 351.B tokens$/);
    assert.match(await text(page, "#outlook"), /^On course to finish between \d+.\w+ and \d+.\w+$/);
    assert.equal(await text(page, "#state"), "Training");
    assert.equal(await page.locator("#road-incidents .mark:visible").count(), 7);
    await until("the undone stretch", async () => /a stretch that was undone; it reached 4\.\d+/.test(await text(page, "#loss-caption")));
    assert.match(await text(page, "#feed li:nth-child(4)"), /The loss jumped from 2\.2 to 5\.1\.[^]*1 h 27 min lost · 1,800 steps undone/);
    assert.match(await text(page, "#nodes-odd"), /r1n12 \(not heard from\) and r2n5 \(away\)/);
    assert.equal(await page.locator("#checkpoints tbody tr").count(), 6);
  }));

test("points outside of the frame are counted, and shown on request", () =>
  play("great", {}, async ({ page }) => {
    await page.waitForFunction(() => /^\d+ points above the frame: show$/.test(document.querySelector("#loss-clip").textContent));
    await page.click("#loss-clip");
    await page.waitForFunction(() => document.querySelector("#loss-clip").textContent === "Leave out far points");
    await page.waitForFunction(() => location.search.includes("outliers=show"));
  }));

test("an incident's mark tells it on hover and on focus", () =>
  play("great", {}, async ({ page }) => {
    await page.hover("#road-incidents .mark-undone");
    assert.match(await text(page, "#tip"), /^The loss jumped from 2\.2 to 5\.1\./);
    await page.mouse.move(700, 5);
    await page.locator("#road-incidents .mark[tabindex='0']").focus();
    await page.keyboard.press("ArrowLeft");
    assert.match(await text(page, "#tip"), /The supervisor was restarted\./);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("#tip").isVisible(), false);
  }));

for (const name of Object.keys(SCENARIOS)) {
  for (const [form, options] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    test(`${name} on a ${form}: no sideways scroll, no clipped words, no console errors, no axe violations`, () =>
      play(name, { form: { ...options, colorScheme: form === "phone" ? "dark" : "light" } }, async ({ page, faults }) => {
        await page.waitForTimeout(400);
        const layout = await page.evaluate(() => {
          const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
          const clipped = [...document.querySelectorAll("h1,h2,p,dt,dd,td,th,.value,.tick,legend + label span,.node-what")]
            .filter((one) => one.offsetParent && !one.closest(".skip") && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((one) => one.textContent);
          return { wide, clipped };
        });
        assert.deepEqual(layout, { wide: 0, clipped: [] });
        await page.evaluate(axe);
        const violations = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations
          .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join("; ")}`));
        assert.deepEqual(violations, []);
        noFaults(faults);
      }));
  }
}

test("each state has its words", async () => {
  const said = { empty: /has not been started/, launching: /Starting 4 processes/, recovering: /Getting back up after a failure/, paused: /^Paused\./, completed: /^Finished at .* after/, halted: /^Halted\./, firststep: /Too early to say/ };
  for (const [name, words] of Object.entries(said)) {
    await play(name, {}, async ({ page }) => {
      await until(name, async () => words.test(await text(page, "#outlook")), 3000);
    });
  }
});

test("a loss that is not a number is said, not left out", () =>
  play("halted", {}, async ({ page }) => {
    assert.equal(await text(page, "#tile-loss"), "NaN");
    await page.waitForFunction(() => /3 steps whose loss was not a number/.test(document.querySelector("#loss-caption").textContent));
  }));

test("numbers keep the place of what stands after them", () =>
  play("demo", {}, async ({ page, model }) => {
    const left = () => page.evaluate(() => document.querySelector("#tile-speed + .unit").getBoundingClientRect().left);
    const before = await left();
    for (const speed of [16_100, 9_900, 11_111]) {
      model.speed = speed;
      await page.waitForTimeout(1200);
      assert.equal(await left(), before, `at ${await text(page, "#tile-speed")} tokens/s`);
    }
  }));

test("with JavaScript off the page names the data", async () => {
  await play("demo", {}, async ({ server }) => {
    const html = await (await fetch(server.url)).text();
    assert.match(html, /<noscript>.*api\/v1\/run/);
  });
});
