// What the browser tests share: one Chromium, a page with its errors gathered, and waiting.
import assert from "node:assert/strict";
import { after } from "node:test";
import { browser } from "./browser.mjs";
import { MockServer } from "./mock_server.mjs";
import { scenario } from "./scenarios.mjs";

let chromium = null;
after(async () => { await chromium?.close(); });

export const DESKTOP = { viewport: { width: 1440, height: 1000 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

// Opens `url`. `faults` holds every console error, page error and refused resource.
export async function open(url, options = DESKTOP) {
  chromium ??= await browser();
  const context = await chromium.newContext({ locale: "en-GB", timezoneId: "Europe/Paris", ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    // Chromium remarks on our own reading of pixels.
    if (["error", "warning"].includes(message.type()) && !message.text().includes("willReadFrequently")) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error.stack ?? error)));
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

// A mock server playing `name`, and the page on it; both end with `body`.
export async function play(name, options, body, change = {}) {
  const model = Object.assign(scenario(name), change);
  const server = await new MockServer(model).listen();
  const opened = await open(server.url + (options.query ?? ""), options.form ?? DESKTOP);
  try {
    // The curve is there, or the words that there is none: a chart before it would stand for nothing.
    await opened.page.waitForFunction(() => document.querySelector("#facts").textContent.trim() !== "" &&
      document.querySelector("#loss-chart canvas") &&
      (/step/i.test(document.querySelector("#loss-caption").textContent) || !document.querySelector("#loss-empty").hidden));
    await body({ ...opened, server, model });
  } finally {
    await opened.close();
    await server.close();
  }
}

// No-break spaces as spaces: tests read as people do.
export const text = async (page, selector) => (await page.locator(selector).innerText()).replaceAll("\u00a0", " ");

// Pixels of the accent colour on the canvas of `chart`: a curve, not just axes.
export function accentPixels(page, chart) {
  return page.evaluate((selector) => {
    const canvas = document.querySelector(selector + " canvas");
    if (!canvas) return 0;
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 30 && data[i + 3] > 200) count++;
    }
    return count;
  }, chart);
}

export async function until(what, check, timeoutMs = 10_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    if (await check()) return;
    if (Date.now() > end) assert.fail(`${what}: not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function noFaults(faults, allowed = /^$/) {
  assert.deepEqual(faults.filter((fault) => !allowed.test(fault)), []);
}
