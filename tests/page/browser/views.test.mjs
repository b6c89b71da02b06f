// Visits, alerts, operations and the audit trail.
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, test} from "node:test";
import {mock} from "./mock.mjs";
import {enter, finish, newPage, shot, start, stop} from "./support.mjs";

let one, page;
before(start);
after(stop);
beforeEach(async () => {
    one = await mock({people: 20});
    page = await newPage(one.origin);
});
afterEach(async () => {
    await finish(page, one);
});
const text = async selector => (await page.textContent(selector)).replace(/\s+/g, " ").trim();
const said = one => one.world.requests.at(-1);

test("visits: overdue first, each with its window in words and drawn, and what is missing", async () => {
    await enter(page, one, "/visits");
    await page.waitForSelector(".calendar");
    assert.match(await text(".subline"), /8 visits · 2 overdue · as of 2026-03-15/);
    assert.deepEqual(await page.$$eval(".calendar .group", all => all.map(g => g.textContent)), ["Overdue (2)", "Now (3)", "Ahead (3)"]);
    const states = await page.$$eval(".calendar tr[data-state]", all => all.map(r => r.dataset.state));
    assert.deepEqual(states.slice(0, 2), ["missed", "overdue"]);
    assert.match(
        await text('tr[data-state="overdue"]'),
        /S-001.*Visit 3 \(day 3\).*Missing: C4 not resulted; blood count: platelets pending.*overdue.*window ended 4 days ago.*2026-03-09 – 2026-03-11/,
    );
    assert.equal(await page.locator(".calendar td.drawn .window").count(), 8);
    assert.equal(await page.locator(".calendar .booked").count(), 1);
    const inside = await page.$$eval(".calendar", ([t]) => t.getBoundingClientRect().right <= innerWidth);
    assert.ok(inside, "the calendar fits the window");
    await shot(page, "visits");
    await page.selectOption('label:has-text("Days ahead") select', "56");
    await page.waitForFunction(() => document.querySelector(".calendar"));
    assert.equal(one.world.requests.findLast(r => r.path === "/api/v1/visits").query, "?days=56&trial=");
    await page.click('.calendar a:has-text("S-001")');
    await page.waitForURL("**/patient/sle-uc-msc/*");
});

test("alerts: by urgency, with grade, baseline and trend; acknowledged by a button", async () => {
    await enter(page, one, "/alerts");
    await page.waitForSelector(".alert");
    assert.deepEqual(await page.$$eval("section h2", all => all.map(h => h.textContent)), [
        "At once1",
        "Today1",
        "At the next review1",
        "Acknowledged1",
    ]);
    const lab = page.locator(".alert", {hasText: "ALT increased"});
    assert.match((await lab.textContent()).replace(/\s+/g, " "), /Baseline ?22 U\/L \(2026-02-14\).*Baseline grade ?0.*Grade 3/);
    assert.match(await lab.locator(".spark").getAttribute("aria-label"), /^Trend: 2026-02-15 22 U\/L; .*190 U\/L$/);
    await lab.locator("summary").click();
    assert.match(await lab.locator("table").textContent(), /Observation\/alt5/);
    await shot(page, "alerts", true);
    await lab.locator("button", {hasText: "Acknowledge"}).click();
    await page.waitForFunction(() => document.querySelectorAll("#h-tier2").length === 0);
    assert.equal(one.world.alerts[1].acknowledgedBy, "Local user");
    assert.equal(await text("#h-acknowledged"), "Acknowledged2");
    await page.check(".head input[type=checkbox]");
    await page.waitForSelector("#h-over");
    assert.match(await text("section[aria-labelledby=h-over]"), /Withdrawn 2026-03-13 12:00: no longer so/);
});

test("alerts: snoozed for a time", async () => {
    await enter(page, one, "/alerts");
    await page.locator(".alert", {hasText: "Visit 3"}).locator("button", {hasText: "Snooze"}).click();
    await page.selectOption("dialog select", "72");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("#h-snoozed");
    assert.match(await text("section[aria-labelledby=h-snoozed]"), /Snoozed until 2026-03-18/);
    assert.deepEqual(JSON.parse(one.world.requests.find(r => r.path.endsWith("/snooze")).body), {hours: 72});
});

test("alerts: a new one waits in a bar while the pointer is on the list, else it is shown", async () => {
    await enter(page, one, "/alerts");
    await page.hover('.alert:has-text("Visit 3")');
    const before = await page.locator('.alert:has-text("Visit 3")').boundingBox();
    one.alert({id: "90", tier: 1, title: "Platelets decreased, grade 4 (CTCAE v5.0)"});
    await page.waitForSelector(".update-bar:not([hidden]) button");
    const bar = await page.locator(".update-bar button").boundingBox();
    assert.ok(bar.height > 0);
    assert.equal(await page.locator('.alert:has-text("Platelets")').count(), 0);
    const after = await page.locator('.alert:has-text("Visit 3")').boundingBox();
    assert.equal(after.y, before.y, "the bar moves nothing");
    await page.click(".update-bar button");
    await page.waitForSelector('.alert:has-text("Platelets")');
    await page.mouse.move(700, 5);
    one.alert({id: "91", tier: 1, title: "Neutrophils decreased, grade 4 (CTCAE v5.0)"});
    await page.waitForSelector('.alert:has-text("Neutrophils")');
});

test("alerts: elsewhere a new one lights a dot in the navigation", async () => {
    await enter(page, one, "/visits");
    await page.waitForSelector('.live[data-state="live"]');
    one.alert({id: "92"});
    await page.waitForSelector('[data-view="alerts"] .dot[data-on="true"]');
    await page.click('[data-view="alerts"]');
    await page.waitForSelector('[data-view="alerts"] .dot[data-on="false"]', {state: "attached"});
});

test("operations: faults, sources, Subscriptions, study systems; replay, retry and drop ask before", async () => {
    await enter(page, one, "/operations");
    await page.waitForSelector(".p-sources");
    assert.match(await text(".p-faults"), /lab does not answer: connect timed out ?14/);
    assert.match(await text(".p-sources"), /ehr.*Yes.*1 s.*lab.*No.*not known/);
    assert.match(await text(".p-subscriptions"), /observation ?topic \(R4\) ?active.*condition ?hook ?error/);
    assert.match(await text(".p-quarantine"), /not JSON: a value ends early \(line 3\) ?Observation\/o9/);
    await shot(page, "operations", true);
    await page.click("#replay-quarantine-1");
    await page.click('dialog button:has-text("Cancel")');
    assert.equal(one.world.quarantine.length, 2);
    await page.click("#replay-quarantine-1");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("#replay-quarantine-1", {state: "detached"});
    await page.click("#drop-quarantine-2");
    assert.match(await text("dialog"), /removed for good/);
    await page.click('dialog button[type="submit"]');
    await page.waitForFunction(() => document.querySelector(".p-quarantine").textContent.includes("Nothing is in quarantine."));
    await page.click("#retry-outbox-77");
    await page.click('dialog button[type="submit"]');
    await page.waitForFunction(() => document.querySelector(".p-outbox").textContent.includes("Nothing was given up."));
    await page.check("#outbox-waiting", {force: true});
    await page.waitForSelector("#drop-outbox-78");
    assert.deepEqual(
        one.world.requests.filter(r => r.method === "POST" && r.path.startsWith("/api/v1/operations")).map(r => r.path.slice(19)),
        ["quarantine/1/replay", "quarantine/2/drop", "outbox/77/retry"],
    );
});

test("operations: what somebody else did meanwhile is said", async () => {
    await enter(page, one, "/operations");
    await page.click("#drop-quarantine-2");
    one.fail("POST /api/v1/operations/quarantine/2/drop", 404, "This is gone.");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog .wrong:not([hidden])");
    assert.equal(await text("dialog .wrong"), "This is gone.");
    await page.keyboard.press("Escape");
});

test("audit: who did what, refusals marked, whether the trail is whole, and the export", async () => {
    await enter(page, one, "/audit");
    await page.waitForSelector(".audit tbody tr");
    assert.match(await text(".subline"), /The trail is complete · \d+ rows/);
    assert.match(await text(".audit"), /not signed in.*could not sign in ?refused/);
    await page.fill("input[type=search]", "signed in");
    await page.waitForFunction(() => [...document.querySelectorAll(".audit tbody tr")].every(r => r.textContent.includes("signed in")));
    const [download] = await Promise.all([page.waitForEvent("download"), page.click('a:has-text("Export")')]);
    assert.equal(download.suggestedFilename(), "audit.ndjson");
    await shot(page, "audit");
    assert.ok(said(one));
});
