// The HTML report in headless Chromium: opens without errors and without a request, passes axe-core in light and dark,
// is used by keyboard alone, keeps hostile text as text, fits three widths. Screenshots are kept.
//
//   node check.mjs --modules DIR --chromium PATH --artefacts DIR NAME=PAGE.. [--hostile NAME]
//
// Ends with 1 and a list of what is wrong.

import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { useByKeyboard } from "./keyboard.mjs";
import { nothingInjected } from "./hostile.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    modules: { type: "string" },
    chromium: { type: "string" },
    artefacts: { type: "string" },
    hostile: { type: "string" },
  },
});
const require = createRequire(pathToFileURL(join(resolve(values.modules), "index.js")));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [360, 800, 1400];
const SCHEMES = ["light", "dark"];
const wrong = [];
const isTrue = (what, holds) => {
  if (!holds) wrong.push(what);
};

mkdirSync(values.artefacts, { recursive: true });
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** Opens a page and notes whatever it says or asks for. */
async function open(name, file, { width = 1400, scheme = "light", hash = "" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const about = `${name} (${width}, ${scheme})`;
  const address = pathToFileURL(resolve(file)).href;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrong.push(`${about}: console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`${about}: ${error}`));
  page.on("dialog", (dialog) => {
    wrong.push(`${about}: a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const own = request.url().split("#")[0] === address || request.url() === "data:,";
    if (!own) wrong.push(`${about}: asks for ${request.url()}`);
  });
  await page.goto(address + hash);
  await page.locator("html[data-ready]").waitFor({ timeout: 30_000 });
  return { page, about };
}

/** What axe-core finds wrong. */
async function accessible(page, about) {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => (await window.axe.run()).violations
    .map(({ id, nodes }) => `${id}: ${nodes.length}, such as ${nodes[0].html.slice(0, 160)} (${nodes[0].failureSummary})`));
  for (const violation of violations) wrong.push(`${about}: axe: ${violation}`);
}

/** Opens the first question, and in it the first list of memories and everything of the judge. */
async function openQuestion(page) {
  await page.locator("#list h3 button").first().click();
  await page.locator(".opened").waitFor();
  for (const fold of [".found-by > summary", ".judgement > summary"]) {
    if (await page.locator(fold).count()) await page.locator(fold).first().click();
  }
}

/** A picture of the page from an element down, no higher than the browser can draw at once. */
async function shoot(page, path, from, most) {
  const { top, height } = await page.locator(from).evaluate((element) => {
    const box = element.getBoundingClientRect();
    return { top: box.top + window.scrollY, height: box.height };
  });
  const { width } = page.viewportSize();
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: top, width, height: Math.min(height, most) } });
}

async function look(name, file) {
  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      const { page, about } = await open(name, file, { width, scheme });
      const picture = (what) => join(values.artefacts, `${name}-${width}-${scheme}${what}.png`);
      await shoot(page, picture(""), "body", 12_000);
      if (width !== WIDTHS[1]) await accessible(page, about);
      await page.evaluate(() => document.querySelectorAll("details.numbers").forEach((details) => { details.open = true; }));
      await openQuestion(page);
      if (width !== WIDTHS[1]) await accessible(page, `${about}, opened`);
      const [wide, view] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
      isTrue(`${about}: ${wide} pixels wide`, wide <= view);
      await shoot(page, picture("-opened"), "#list > li:has(.opened)", 6_000);
      await page.context().close();
    }
  }
  const { page } = await open(name, file);
  await openQuestion(page);
  await page.pdf({ path: join(values.artefacts, `${name}.pdf`), format: "A4", margin: { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" } });
  await page.context().close();
}

async function check(argument) {
  const at = argument.indexOf("=");
  const [name, file] = [argument.slice(0, at), argument.slice(at + 1)];
  await look(name, file);
  const { page, about } = await open(name, file);
  await useByKeyboard(page, (what, holds) => isTrue(`${about}: keyboard: ${what}`, holds));
  const id = await page.evaluate(() => document.querySelector("#list > li:last-child").dataset.id);
  const link = await open(name, file, { hash: `#q=${encodeURIComponent(id)}` });
  await link.page.locator(".opened").waitFor();
  const open_ = await link.page.locator(".opened").locator("xpath=..").getAttribute("data-id");
  isTrue(`${about}: the link to ${id} opens ${open_}`, open_ === id);
  // The same link where a filter hides the question: the filter gives way, and the question keeps the focus.
  await link.page.locator("#words").fill("no question has these words");
  await link.page.evaluate((wanted) => { location.hash = ""; location.hash = `#q=${encodeURIComponent(wanted)}`; }, id);
  await link.page.locator(".opened").waitFor();
  await link.page.waitForTimeout(100);
  const focused = await link.page.evaluate(() => document.activeElement.closest("li")?.dataset.id);
  isTrue(`${about}: with a filter set, the link to ${id} has the focus on ${focused}`, focused === id);
  if (name === values.hostile) await nothingInjected(page, (what, holds) => isTrue(`${about}: ${what}`, holds));
  await link.page.context().close();
  await page.context().close();
  console.log(`${name}: looked at ${WIDTHS.length} widths, light and dark; used by keyboard`);
}
for (const argument of positionals) {
  try {
    await check(argument);
  } catch (error) {
    // What was noted until then says more than a time-out.
    wrong.push(`${argument}: ${error.message.split("\n")[0]}`);
  }
}
await browser.close();
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
