// What the browser tests share: a Chromium, a page that notices whatever must never happen, axe.
import {chromium} from "playwright-core";
import {createRequire} from "node:module";
import {mkdirSync, readFileSync} from "node:fs";
import assert from "node:assert/strict";
import path from "node:path";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium-headless-shell";
let browser = null;

export async function start() {
    browser ??= await chromium.launch({executablePath, args: ["--no-sandbox"]});
    return browser;
}
export async function stop() {
    await browser?.close();
    browser = null;
}

export const phone = {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true};
export const dark = {colorScheme: "dark"};

/**
 * A page in a context of its own. `page.troubles`: console errors, exceptions, broken policies, requests to others; checked by `calm(page)`.
 */
export async function newPage(origin, options = {}) {
    const context = await (
        await start()
    ).newContext({viewport: {width: 1400, height: 900}, locale: "en-US", reducedMotion: "reduce", timezoneId: "UTC", ...options});
    const page = await context.newPage();
    page.setDefaultTimeout(10000);
    page.troubles = [];
    page.on("console", said => {
        // A browser writes each refused request to its console; which ones are expected is the test's matter.
        if (
            said.type() === "error" &&
            !/the server responded with a status of (401|403|404|409|429|503)/.test(said.text()) &&
            !/ERR_(CONNECTION|CONTENT_LENGTH|INCOMPLETE|NETWORK|EMPTY|INTERNET)/.test(said.text())
        )
            page.troubles.push(`console: ${said.text()}`);
    });
    page.on("pageerror", wrong => page.troubles.push(`exception: ${wrong.stack ?? wrong}`));
    page.on("request", request => {
        if (new URL(request.url()).origin !== new URL(origin).origin) page.troubles.push(`request to ${request.url()}`);
    });
    await page.addInitScript(() => {
        globalThis.broken = [];
        document.addEventListener("securitypolicyviolation", e =>
            globalThis.broken.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`),
        );
    });
    return page;
}

export async function calm(page) {
    const broken = await page.evaluate(() => globalThis.broken);
    assert.deepEqual([...page.troubles, ...broken], []);
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined, "text of a server ran as a program");
}

/** The end of each test: nothing went wrong beside what was tested. */
export async function finish(page, mock) {
    try {
        await calm(page);
    } finally {
        await page.context().close();
        await mock.close();
    }
}

/** No findings of axe in what the page shows now. */
export async function accessible(page, what) {
    // Through the debugger's own world: the page's policy allows no inline script, and must not be loosened for a test.
    await page.evaluate(axeSource);
    const found = await page.evaluate(() =>
        globalThis.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}),
    );
    const lines = found.violations.map(
        v =>
            `${what}: ${v.id}: ${v.help}: ${v.nodes
                .slice(0, 3)
                .map(n => `${n.html.slice(0, 160)} ${n.failureSummary?.split("\n")[1] ?? ""}`)
                .join(" | ")}`,
    );
    assert.deepEqual(lines, []);
}

/** A picture for people to look at, when SHOTS names a folder. */
export async function shot(page, name, whole = false) {
    if (!process.env.SHOTS) return;
    mkdirSync(process.env.SHOTS, {recursive: true});
    await page.screenshot({path: path.join(process.env.SHOTS, `${name}.png`), fullPage: whole});
}

/** Logs in and waits for the worklist. */
export async function enter(page, mock, address = null) {
    await page.goto(mock.once());
    await page.waitForSelector("#top nav a");
    if (address !== null) {
        await page.waitForSelector("h1");
        await page.goto(mock.origin + address);
    }
    await page.waitForSelector("main h1");
}

export const rows = page =>
    page.$$eval(".grid-body .grid-row", all =>
        all
            .map(row => ({key: row.dataset.key, at: Number(row.getAttribute("aria-rowindex"))}))
            .sort((a, b) => a.at - b.at)
            .map(r => r.key),
    );
