// The reader's hands on the charts: zoom, pan, axes, keys, touch. Nothing live may move their view.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, play, text, until } from "./support.mjs";

// The labels that the x axis would carry are on canvas; the address and uPlot's scale tell the window.
const window_ = (page) => page.evaluate(() => {
  const parameters = new URLSearchParams(location.search);
  return parameters.has("from") ? [Number(parameters.get("from")), Number(parameters.get("to"))] : null;
});
const picture = (page) => page.evaluate(() => {
  const canvas = document.querySelector("#loss-chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let hash = 0;
  for (let i = 0; i < data.length; i += 4) hash = (Math.imul(hash, 31) + data[i] + data[i + 1] * 7 + data[i + 2] * 13) | 0;
  return hash;
});

async function dragOver(page, from, to) {
  const box = await page.locator("#loss-chart .u-over").boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * (from + to) / 2, y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
  await page.mouse.move(5, 5);
}

test("dragging zooms, and live steps move neither the window nor one pixel of it", () =>
  play("demo", {}, async ({ page }) => {
    await dragOver(page, 0.25, 0.5);
    await until("a window in the address", async () => (await window_(page)) !== null);
    const before = await window_(page);
    assert.ok(Math.abs(before[0] - 105) < 12 && Math.abs(before[1] - 210) < 14, String(before));
    await page.waitForTimeout(500);
    const drawn = await picture(page), step = await text(page, "#facts");
    await until("live steps", async () => (await text(page, "#facts")) !== step);
    await page.waitForTimeout(1500);
    assert.deepEqual(await window_(page), before);
    assert.equal(await picture(page), drawn, "the picture stands still");
    await page.click("#loss-all");
    await until("the whole run", async () => (await window_(page)) === null);
    assert.notEqual(await picture(page), drawn);
  }));

test("zooming into a long run fetches finer steps", () =>
  play("great", {}, async ({ page, server }) => {
    await page.waitForFunction(() => /Mean of 64 steps/.test(document.querySelector("#loss-caption").textContent));
    await dragOver(page, 0.4, 0.41);
    await until("the finer series", () => server.requests.some((path) => /series\?metric=loss&from=\d+&to=\d+/.test(path)));
    const request = server.requests.find((path) => /series\?metric=loss&from=\d+/.test(path));
    const span = Number(request.match(/to=(\d+)/)[1]) - Number(request.match(/from=(\d+)/)[1]);
    assert.ok(span < 2500, request);
    await until("what a point stands for", async () => /^(Every step|Mean of (4|16) steps)/.test(await text(page, "#loss-caption")));
    await page.click("#loss-all");
    await until("the whole run", async () => /^Mean of 64 steps/.test(await text(page, "#loss-caption")));
  }));

test("a link that somebody has changed does not keep the page from going live", async () => {
  for (const query of ["?from=0&to=1e17", "?from=-10&to=-5", "?from=9e15&to=1e16", "?from=x&to=5"]) {
    await play("great", { query }, async ({ page, faults }) => {
      await until("live", async () => /^live/.test(await text(page, "#age")));
      assert.deepEqual(faults, [], query);
    });
  }
});

test("numbers are spoken while the keyboard reads them, and only then", () =>
  play("demo", {}, async ({ page }) => {
    for (const [chart, numbers] of [["#loss-chart", "#loss-readout"], [".small .chart", ".small output"]]) {
      const spoken = () => page.locator(numbers).first().getAttribute("aria-live");
      assert.equal(await spoken(), "off");
      await page.locator(chart).first().focus();
      assert.equal(await spoken(), "off");
      await page.keyboard.press("ArrowLeft");
      assert.equal(await spoken(), "polite");
      await page.locator(chart).first().blur();
      assert.equal(await spoken(), "off");
    }
  }));

test("axes, scale and line are the reader's, kept in the address, and restored from it", () =>
  play("demo", {}, async ({ page, server, faults }) => {
    for (const value of ["time", "log", "raw"]) await page.locator(`#loss-controls input[value=${value}]`).check({ force: true });
    await page.waitForFunction(() => location.search === "?x=time&y=log&line=raw");
    await page.goto(server.url + "?x=tokens&y=log&line=raw&from=100&to=200");
    await page.waitForSelector("#loss-all:visible");
    const chosen = await page.evaluate(() => [...document.querySelectorAll("#loss-controls input:checked")].map((input) => input.value));
    assert.deepEqual(chosen, ["tokens", "log", "raw"]);
    assert.deepEqual(faults, []);
  }));

test("the window means the same steps on every axis", () =>
  play("demo", { query: "?from=100&to=200" }, async ({ page }) => {
    await page.waitForSelector("#loss-all:visible");
    for (const axis of ["tokens", "time", "steps"]) {
      await page.locator(`#loss-controls input[value=${axis}]`).check({ force: true });
      await page.waitForTimeout(400);
      assert.deepEqual(await window_(page), [100, 200], axis);
    }
  }));

test("the keyboard reads the curve, zooms and shows all", () =>
  play("demo", {}, async ({ page }) => {
    await page.locator("#loss-chart").focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Shift+ArrowLeft");
    const read = await text(page, "#loss-readout");
    assert.doesNotMatch(read, /latest/);
    await page.keyboard.press("+");
    await page.keyboard.press("+");
    await until("a window", async () => (await window_(page)) !== null);
    await page.keyboard.press("Home");
    await until("the whole run", async () => (await window_(page)) === null);
  }));

test("hovering one chart reads all of them", () =>
  play("demo", {}, async ({ page }) => {
    // The page may still be settling when the place is taken: a hand would move again, and so does this.
    await until("four values of the step under the pointer", async () => {
      const box = await page.locator("#loss-chart .u-over").boundingBox();
      await page.mouse.move(box.x + box.width * 0.1 - 1, box.y + 50);
      await page.mouse.move(box.x + box.width * 0.1, box.y + 50);
      return page.evaluate(() => document.querySelectorAll(".small-value.hovered").length === 4);
    });
    assert.match(await text(page, "#loss-readout"), /^step 4\d · loss/);
  }));

test("two fingers zoom on a phone, one pans, and the page still scrolls", () =>
  play("demo", { form: PHONE }, async ({ page }) => {
    const chart = page.locator("#loss-chart .u-over");
    await chart.scrollIntoViewIfNeeded();
    const box = await chart.boundingBox();
    const client = await page.context().newCDPSession(page);
    const touch = (type, xs) => client.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x: box.x + x, y: box.y + box.height / 2, id })) });
    await touch("touchStart", [120, 180]);
    for (let i = 1; i <= 6; i++) await touch("touchMove", [120 - 10 * i, 180 + 10 * i]);
    await touch("touchEnd", []);
    await until("a window", async () => (await window_(page)) !== null);
    const zoomed = await window_(page);
    await touch("touchStart", [100]);
    for (let i = 1; i <= 6; i++) await touch("touchMove", [100 + 15 * i]);
    await touch("touchEnd", []);
    await until("a panned window", async () => (await window_(page))[0] < zoomed[0] - 5);
    const panned = await window_(page);
    assert.ok(Math.abs((panned[1] - panned[0]) - (zoomed[1] - zoomed[0])) <= 2, "panning keeps the width");
    assert.equal(await chart.evaluate((over) => getComputedStyle(over).touchAction), "pan-y");
  }));
