// Screenshots of the page in every state, to be looked at: `node shots.mjs OUT_DIR [SCENARIO:FORM…]`
// with FORM one of light, dark, phone, phone-dark. Not a test.
import { mkdirSync } from "node:fs";
import { browser } from "./browser.mjs";
import { MockServer } from "./mock_server.mjs";
import { SCENARIOS, scenario } from "./scenarios.mjs";

const FORMS = {
  light: { viewport: { width: 1440, height: 1000 }, colorScheme: "light" },
  dark: { viewport: { width: 1440, height: 1000 }, colorScheme: "dark" },
  tablet: { viewport: { width: 900, height: 1100 }, colorScheme: "light" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  "phone-dark": { viewport: { width: 390, height: 844 }, colorScheme: "dark", isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

const [out = "shots", ...wanted] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const jobs = wanted.length ? wanted : Object.keys(SCENARIOS).flatMap((name) => [`${name}:light`, `${name}:phone`]);
const chromium = await browser();
for (const job of jobs) {
  const [name, form = "light", query = ""] = job.split(":");
  const server = await new MockServer(scenario(name)).listen();
  const context = await chromium.newContext({ ...FORMS[form], locale: "en-GB" });
  const page = await context.newPage();
  page.on("console", (message) => console.log(job, message.type(), message.text()));
  page.on("pageerror", (error) => console.log(job, "error", error.message));
  await page.goto(server.url + query);
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `${out}/${name}-${form}.png`, fullPage: true });
  await context.close();
  await server.close();
}
await chromium.close();
