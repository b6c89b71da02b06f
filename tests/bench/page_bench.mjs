// One browser on the page: how long until it shows something, until the rows are there, how late a change is on screen, and whether anything makes it
// stutter. Driven by page_bench.py over standard input and output, a JSON object a line.
//
//   {"do": "open", "url", "row"} -> {"firstPaint", "rows", "transferred"}      {"do": "scroll", "box"} -> {"frameMedian", "frameWorst", "longest"}
//   {"do": "rest", "row"}        -> {"visible": [subject, ...]}                 {"do": "seen"}          -> {"seen": {subject: epoch ms of its last change on screen}}
//   {"do": "report"}             -> {"longest", "over50", "moved"}              {"do": "close"}
import { createRequire } from "node:module";
import readline from "node:readline";

const { chromium } = createRequire(process.env.PAGE_MODULES + "/")("playwright-core");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
let transferred = 0;
page.on("response", async (r) => {
  const size = await r.request().sizes().catch(() => null);
  if (size && r.url().includes("/assets/")) transferred += size.responseBodySize + size.responseHeadersSize;
});
await page.addInitScript(() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: true });
});

const actions = {
  async open({ url, row }) {
    const begin = Date.now();
    await page.goto(url);
    await page.waitForSelector(row, { timeout: 120_000 });
    const rows = Date.now() - begin;
    const firstPaint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1);
    await page.waitForTimeout(1000);
    return { firstPaint: Math.round(firstPaint), rows, transferred };
  },
  // The pointer rests on a row: from now on no row may move below it.
  async rest({ row }) {
    await page.locator(row).nth(5).hover();
    await page.evaluate((selector) => {
      window.longTasks.length = 0;
      const names = () => [...document.querySelectorAll(selector)].map((e) => e.dataset.key + "@" + Math.round(e.getBoundingClientRect().top)).join();
      window.rested = { moved: 0, before: names() };
      window.seenAt = new Map();
      const text = new Map();
      const look = () => {
        for (const e of document.querySelectorAll(selector)) {
          const now = e.textContent;
          if (text.has(e.dataset.key) && text.get(e.dataset.key) !== now) window.seenAt.set(e.dataset.key, Date.now());
          text.set(e.dataset.key, now);
        }
        const at = names();
        if (at !== window.rested.before) { window.rested.moved += 1; window.rested.before = at; }
      };
      look();
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    }, row);
    return { visible: await page.$$eval(row, (all) => all.map((e) => e.dataset.key)) };
  },
  async seen() {
    return { seen: await page.evaluate(() => { const out = Object.fromEntries(window.seenAt); window.seenAt.clear(); return out; }) };
  },
  async scroll({ box }) {
    return page.evaluate(async (selector) => {
      const list = document.querySelector(selector);
      window.longTasks.length = 0;
      const frames = [];
      let last = performance.now();
      for (let n = 0; n < 120; n++) {
        list.scrollTop += 1200;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
      }
      list.scrollTop = 0;
      frames.sort((a, b) => a - b);
      return { frameMedian: Math.round(frames[60]), frameWorst: Math.round(frames.at(-1)), longest: Math.round(Math.max(0, ...window.longTasks)) };
    }, box);
  },
  async report() {
    return page.evaluate(() => ({ longest: Math.round(Math.max(0, ...window.longTasks)), over50: window.longTasks.length, moved: window.rested.moved }));
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.do === "close") break;
  try {
    console.log(JSON.stringify(await actions[order.do](order)));
  } catch (e) {
    console.log(JSON.stringify({ error: String(e) }));
  }
}
await browser.close();
