// node bench/board.mjs [--items 10000] [--runs 5]: what a board of so many items costs the browser that has it open: until it is there,
// while somebody scrolls, for one change, for a letter typed into the search. Chromium without a window, as the tests start it.
import { loadavg } from "node:os";
import { parseArgs } from "node:util";

import { chromium } from "playwright-core";

import { startStand } from "./board/stand.mjs";
import { machine } from "./report.mjs";
import { median, quantile } from "./statistics.mjs";

const { values } = parseArgs({
  options: { items: { type: "string", default: "10000" }, runs: { type: "string", default: "5" } },
});
const count = Number(values.items);
const runs = Number(values.runs);

/** Runs in the page from its first moment: when the first card was drawn, in ms since the navigation began. */
const WATCH_CARDS = `
  new MutationObserver((_, observer) => {
    if (document.querySelector("article.card") === null) return;
    requestAnimationFrame(() => { globalThis.cardsDrawnMs = performance.now(); });
    observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
`;

/** The page's policy forbids what Playwright's own waiting evaluates in it. */
async function until(page, expression) {
  while (!(await page.evaluate(expression))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Signed in, as somebody does who comes back; with what the browser has kept of the board since, and with nothing of it. */
async function measureOpening(browser, stand) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(await stand.loginLink());
  await page.locator("article.card").first().waitFor();
  await page.addInitScript(WATCH_CARDS);
  const devtools = await context.newCDPSession(page);
  const open = async () => {
    await page.goto(stand.http);
    await until(page, "globalThis.cardsDrawnMs !== undefined");
    return page.evaluate("globalThis.cardsDrawnMs");
  };
  const bare = [];
  for (let run = 0; run < runs; run++) {
    await page.goto("about:blank");
    await devtools.send("Storage.clearDataForOrigin", { origin: stand.http, storageTypes: "indexeddb" });
    bare.push(await open());
  }
  await until(page, HAS_COPY);
  const again = [];
  for (let run = 0; run < runs; run++) {
    await page.goto("about:blank");
    again.push(await open());
  }
  return { page, bare, again };
}

/** The browser keeps a copy of the board some seconds after it has come. */
const HAS_COPY = `new Promise((resolve) => {
  const asked = indexedDB.open("skein");
  asked.onsuccess = () => {
    const count = asked.result.transaction("copies").objectStore("copies").count();
    count.onsuccess = () => { asked.result.close(); resolve(count.result > 0); };
  };
})`;

/** Scrolls a column for some seconds and says how far frames were apart, in ms. */
const scrolling = (stage, pxPerFrame) => `new Promise((resolve) => {
  const cards = document.querySelector("#stage-${stage} .cards");
  const gaps = [];
  let last;
  let frames = 0;
  const step = (now) => {
    if (last !== undefined) gaps.push(now - last);
    last = now;
    frames += 1;
    cards.scrollTop += ${pxPerFrame};
    if (frames < 300) requestAnimationFrame(step);
    else resolve(gaps);
  };
  requestAnimationFrame(step);
})`;

/** Ends in the frame in which the title is on the page, and says how long ago the change was. */
const CHANGE_SEEN = `(() => {
  globalThis.changes = [];
  const seen = new Set();
  new MutationObserver(() => {
    for (const [, at] of document.body.textContent.matchAll(/changed at (\\d+)ms/g)) {
      if (seen.has(at)) continue;
      seen.add(at);
      globalThis.changes.push(Date.now() - Number(at));
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
})()`;

const CHANGES = 100;
const BETWEEN_CHANGES_MS = 40;

async function measureChanges(page, stand) {
  await page.evaluate(CHANGE_SEEN);
  const { id } = await stand.command("item.add", { title: "Changed soon", priority: 9, labels: ["changed"] });
  await page.evaluate(typing("changed"));
  const worked = await watchWork(page);
  for (let change = 0; change < CHANGES; change++) {
    await stand.command("item.edit", { item: id, title: `changed at ${Date.now()}ms` });
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_CHANGES_MS));
  }
  await until(page, "globalThis.changes.length > 0");
  const delays = await page.evaluate("globalThis.changes");
  return { delays, busyMs: (await worked()) / CHANGES };
}

/** Says what the page's own thread has worked since, ms. */
async function watchWork(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value * 1_000;
  };
  const before = await read();
  return async () => (await read()) - before;
}

/** From the key to the frame that shows what it found. */
const typing = (text) => `new Promise((resolve) => {
  const field = document.querySelector("#board-search");
  const began = performance.now();
  field.value = ${JSON.stringify(text)};
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
})`;

async function measureSearch(page) {
  const times = [];
  for (let run = 0; run < runs; run++) {
    for (const text of ["r", "ro", "roo", "roof", "roof sh", ""]) times.push(await page.evaluate(typing(text)));
  }
  return times;
}

/** Readers that begin with nothing, one after the other and many at once: bytes for each, and what each costs the node. */
async function measureReaders(stand) {
  const cost = async (together) => {
    const before = stand.cpuMs();
    const bytes = await Promise.all(Array.from({ length: together }, () => stand.readBoard()));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const after = stand.cpuMs();
    return { bytes, cpuMs: before === undefined ? [] : [(after - before) / together] };
  };
  const read = { alone: [], together: [], bytes: [] };
  for (let run = 0; run < runs; run++) {
    const one = await cost(1);
    const many = await cost(TOGETHER);
    // What changes between two runs: a node that has a cache of its board has to do something again.
    await stand.command("item.add", { title: `Between two runs ${run}` });
    read.alone.push(...one.cpuMs);
    read.together.push(...many.cpuMs);
    read.bytes.push(...one.bytes, ...many.bytes);
  }
  return read;
}

const TOGETHER = 10;

/** A frame of a screen of 60 a second was left out. */
const LATE_MS = 20;

const shown = (values, unit, digits = 1) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}) ${unit}`;

async function measureScrolling(page, pxPerFrame) {
  const gaps = [];
  const late = [];
  for (let run = 0; run < runs; run++) {
    const before = gaps.length;
    for (const stage of ["backlog", "coding"]) gaps.push(...(await page.evaluate(scrolling(stage, pxPerFrame))));
    late.push(gaps.slice(before).filter((gap) => gap > LATE_MS).length);
    await page.evaluate('for (const cards of document.querySelectorAll(".cards")) cards.scrollTop = 0');
  }
  return (
    `median ${quantile(gaps, 0.5).toFixed(1)}, p95 ${quantile(gaps, 0.95).toFixed(1)}, p99 ${quantile(gaps, 0.99).toFixed(1)} ms apart; ` +
    `of ${gaps.length / runs} a run ${shown(late, `later than ${LATE_MS} ms`, 0)}`
  );
}

async function report(browser, stand) {
  const { page, bare, again } = await measureOpening(browser, stand);
  const lines = [
    `| until the first cards are drawn, signed in, nothing of the board kept | ${shown(bare, "ms")} |`,
    `| – with the copy that the browser keeps | ${shown(again, "ms")} |`,
  ];
  lines.push(
    `| cards and other rows drawn, of ${count.toLocaleString("en")} | ${await page.locator("li.row").count()} |`,
  );
  for (const [words, pxPerFrame] of [
    ["nothing is scrolled: what the machine itself costs", 0],
    ["scrolling at a hand's pace, 40 px a frame", 40],
    ["scrolling as fast as a bar is dragged, 2,000 px a frame", 2_000],
  ]) {
    lines.push(`| frames while ${words} | ${await measureScrolling(page, pxPerFrame)} |`);
  }
  const readers = await measureReaders(stand);
  lines.push(
    `| bytes of the whole board, for each reader | ${shown(
      readers.bytes.map((bytes) => bytes / 1e6),
      "MB",
    )} |`,
  );
  if (readers.alone.length > 0) {
    lines.push(`| processor time of the node for one reader | ${shown(readers.alone, "ms")} |`);
    lines.push(`| – for each of ${TOGETHER} that come at once | ${shown(readers.together, "ms")} |`);
  }
  const { delays, busyMs: busy } = await measureChanges(page, stand);
  lines.push(`| from a command to the card that shows what it did | ${shown(delays, "ms")} |`);
  lines.push(`| work of the page for one change | ${busy.toFixed(1)} ms |`);
  lines.push(`| from a letter in the search to what it finds | ${shown(await measureSearch(page), "ms")} |`);
  const heap = await page.evaluate("performance.memory.usedJSHeapSize");
  lines.push(`| heap of the page | ${(heap / 2 ** 20).toFixed(0)} MiB |`);
  return lines;
}

const loadBefore = loadavg()[0].toFixed(1);
const stand = await startStand(count);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  const lines = await report(browser, stand);
  const load = loadavg()[0].toFixed(1);
  console.log(`${machine()}, Chromium ${browser.version()}; load ${loadBefore} before and ${load} after.`);
  console.log(`Medians of ${runs} runs; the least and the greatest in brackets.\n`);
  console.log(`| a board of ${count.toLocaleString("en")} items | |\n|---|---|\n${lines.join("\n")}`);
} finally {
  await browser.close();
  await stand.close();
}
