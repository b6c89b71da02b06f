// The page of the real program: its demo with invented people, live. Skipped without TRIALGATE.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import path from "node:path";
import {after, before, test} from "node:test";
import {accessible, calm, newPage, rows, shot, start, stop} from "./support.mjs";

const program = process.env.TRIALGATE ?? "";
const skip = program === "" ? "no program was named" : false;
let demo, folder, link, origin, page;
let said = "";

/** Waits until the demo has said it. */
async function heard(pattern, seconds = 120) {
    for (let n = 0; n < seconds * 10; ++n) {
        const found = pattern.exec(said);
        if (found) return found;
        if (demo.exitCode !== null) break;
        await new Promise(done => setTimeout(done, 100));
    }
    throw new Error(`the demo never said ${pattern}; it said: ${said.slice(-2000)}`);
}

before(async () => {
    if (skip) return;
    folder = mkdtempSync(path.join(tmpdir(), "trialgate-page-"));
    demo = spawn(program, ["demo", "--folder", folder, "--people", "20", "--pace", "50", "--days", "12", "--no-color"], {
        stdio: ["ignore", "pipe", "pipe"],
    });
    demo.stdout.on("data", text => (said += text));
    demo.stderr.on("data", text => (said += text));
    link = (await heard(/page: (\S+)/))[1];
    origin = new URL(link).origin;
    await start();
    page = await newPage(origin);
});
after(async () => {
    await stop();
    if (!demo) return;
    const ended = new Promise(done => demo.once("exit", done));
    demo.kill("SIGTERM");
    await ended;
    rmSync(folder, {recursive: true, force: true});
});

const text = async selector => (await page.textContent(selector)).replace(/\s+/g, " ").trim();
const toast = words => page.waitForFunction(w => document.querySelector(".toast")?.textContent.includes(w), words);
async function show(address, ready) {
    await page.goto(origin + address);
    await page.waitForSelector(ready);
}

test("the link logs in once, and the list fills while results arrive", {skip}, async () => {
    const answer = await page.goto(link);
    assert.match(answer.headers()["content-security-policy"], /default-src 'none'/);
    await page.waitForSelector(".grid-row[data-key]", {timeout: 60000});
    assert.doesNotMatch(page.url(), /once/);
    await heard(/all results have arrived/);
    const other = await newPage(origin);
    await other.goto(link);
    await other.waitForSelector(".login .said");
    await calm(other);
    await other.context().close();
});

test("the worklist shows who is listed, with marks, and sorts again when it is asked", {skip}, async () => {
    await show("/worklist/sle-uc-msc", ".grid-row[data-key]");
    assert.ok((await rows(page)).length > 5);
    assert.match(await text(".subline"), /Protocol 2025-07 · \d+ people · 2026-0\d-\d\d/);
    assert.equal(await page.locator(".grid-row[data-key] .strip").first().locator("path.mark").count(), 8);
    assert.ok((await page.locator('.grid-body [data-status="likely"]').count()) > 0);
    await shot(page, "real-worklist");
    await accessible(page, "real worklist");
    await calm(page);
});

test("a person: evidence, trees, timeline, history", {skip}, async () => {
    await show("/worklist/sle-uc-msc", ".grid-row[data-key]");
    await page.click('.chip:has-text("Likely")');
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForSelector("div.timeline svg");
    assert.equal(await page.locator("div.criteria > *").count(), 8);
    assert.ok((await page.locator(".evidence tbody tr").count()) > 3);
    assert.ok((await page.locator(".parts .criterion").count()) > 5);
    assert.ok((await page.locator("div.timeline path, div.timeline circle").count()) > 3);
    assert.ok((await page.locator(".history > li").count()) > 0);
    await shot(page, "real-patient", true);
    await accessible(page, "real patient");
    await calm(page);
});

test("an investigator's decision counts at once, and can be taken back", {skip}, async () => {
    await page.click("#confirm-consent");
    await page.check('dialog input[value="met"]');
    await page.fill("dialog textarea", "Signed today <b>by hand</b>");
    await page.click('dialog button[type="submit"]');
    await toast("Decided.");
    await page.waitForSelector('.criterion[data-id="consent"][data-verdict="met"]');
    assert.match(await text(".decisions"), /Signed today <b>by hand<\/b>/);
    const key = page.url().split("/").at(-1);
    await page.keyboard.press("u");
    await page.waitForSelector(`.grid-row[data-key="${key}"] path[data-mark="met-person"]`);
    await page.click(`.grid-row[data-key="${key}"] .label`);
    await page.waitForSelector(".decisions button");
    await page.click(".decisions button");
    await page.click('dialog button[type="submit"]');
    await toast("Taken back.");
    await page.waitForSelector('.criterion[data-id="consent"][data-verdict="unknown"]');
    await calm(page);
});

test("a mark and a comment stand; identity is revealed for a reason and stands in the trail", {skip}, async () => {
    await page.click("#do-comment");
    await page.fill("dialog textarea", "Prefers mornings");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Prefers mornings")');
    await page.click("#do-mark");
    await page.check('dialog input[value="not-interested"]');
    await page.fill("dialog textarea", "Said no on the phone");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector(".person .tag.person");
    const label = await text("h1");
    if ((await page.locator("#do-reveal").count()) > 0) {
        await page.click("#do-reveal");
        await page.fill("dialog textarea", "Has to be called");
        await page.click('dialog button[type="submit"]');
        await page.waitForFunction(() => document.querySelector(".identity").textContent.includes("Patient/"));
        assert.doesNotMatch(page.url(), /Patient/);
        await show("/audit", ".audit tbody tr");
        assert.match(await text(".audit"), /revealed an identity/);
        assert.match(await text(".audit"), new RegExp(label));
    }
    await calm(page);
});

test("visits and alerts of the one who takes part", {skip}, async () => {
    await heard(/alert: /, 180);
    await show("/visits", "main h1");
    await page.selectOption('label:has-text("Days ahead") select', "90");
    await page.waitForSelector(".calendar tr[data-state]");
    await shot(page, "real-visits", true);
    await accessible(page, "real visits");
    await show("/alerts", "main h1");
    await page.check(".head input[type=checkbox]");
    await page.waitForSelector(".alert");
    await shot(page, "real-alerts", true);
    await accessible(page, "real alerts");
    await calm(page);
});

test("operations and the audit trail", {skip}, async () => {
    await show("/operations", ".p-sources");
    assert.match(await text(".p-sources"), /Yes/);
    assert.match(await text(".p-subscriptions"), /active/);
    await shot(page, "real-operations", true);
    await accessible(page, "real operations");
    await show("/audit", ".audit tbody tr");
    assert.match(await text(".subline"), /All seals hold|Seals are being checked/);
    await shot(page, "real-audit", true);
    await accessible(page, "real audit");
    await calm(page);
});

test("signing out ends the session", {skip}, async () => {
    await page.click(".who summary");
    await page.click(".popup button");
    await page.waitForSelector(".login");
    await page.goto(`${origin}/worklist/sle-uc-msc`);
    await page.waitForSelector(".login");
    await shot(page, "real-login");
    await calm(page);
});
