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
    assert.match(await text(".subline"), /8 visits · 1 overdue · as of 2026-03-15/);
    assert.deepEqual(await page.$$eval(".calendar .group", all => all.map(g => g.textContent)), [
        "Overdue (1)",
        "Now (3)",
        "Ahead (3)",
        "Missed, window over (1)",
    ]);
    const states = await page.$$eval(".calendar tr[data-state]", all => all.map(r => r.dataset.state));
    assert.deepEqual([states[0], states.at(-1)], ["overdue", "missed"]);
    assert.equal(await page.isVisible('tr[data-state="missed"]'), false, "closed at first");
    await page.click(".calendar .group button");
    assert.equal(await page.isVisible('tr[data-state="missed"]'), true);
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
    await page.waitForSelector('.toast:has-text("S-001: Acknowledged.")');
    await page.mouse.move(700, 5);
    await page.waitForFunction(() => document.querySelectorAll("#h-tier2").length === 0);
    assert.equal(one.world.alerts[1].acknowledgedBy, "Local user (local)");
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

test("alerts: how many wait stands in the navigation from the first moment, grows, and is said", async () => {
    await enter(page, one, "/visits");
    const link = page.locator('nav [data-view="alerts"]');
    await page.waitForSelector('[data-view="alerts"] .badge:not([hidden])');
    assert.equal(await link.locator(".badge > [aria-hidden]").textContent(), "3");
    assert.equal(await page.getByRole("link", {name: "Alerts 3 alerts wait"}).count(), 1);
    await page.waitForSelector('.live[data-state="live"]');
    one.alert({id: "92"});
    await page.waitForFunction(() => document.querySelector(".badge > [aria-hidden]").textContent === "4");
    await page.waitForFunction(() => document.getElementById("announcer").textContent === "There are new alerts.");
});

test("operations: faults, sources, Subscriptions, study systems; replay, retry and drop ask before", async () => {
    await enter(page, one, "/operations");
    await page.waitForSelector(".p-sources");
    assert.match(await text(".p-faults"), /lab does not answer: connect timed out ?14/);
    assert.match(await text(".p-sources"), /ehr.*Yes.*lab.*No/);
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

test("audit: newest first, refusals marked, filtered by the server, older ones by a button, and the export", async () => {
    for (let n = 0; n < 450; ++n)
        one.world.audit.push({...one.world.audit[0], id: n + 2, by: "u7", name: "Cora", action: "view-patient", refused: false});
    one.world.audit[300].subject = "8f2e2d02aa";
    await enter(page, one, "/audit");
    await page.waitForSelector(".audit tbody tr");
    assert.match(await text(".subline"), /All seals hold the newest 200 rows/);
    assert.match(await text(".audit tbody tr"), /Local user.*signed in/);
    await page.click("p > button");
    await page.waitForFunction(() => document.querySelectorAll(".audit tbody tr").length === 400);
    await page.click("p > button");
    await page.waitForFunction(() => document.querySelectorAll(".audit tbody tr").length === 452);
    assert.match(await text(".audit tbody tr:last-child"), /not signed in.*could not sign in ?refused/);
    await page.selectOption("[name=action]", "view-patient");
    await page.fill("[name=who]", "cOR");
    await page.fill("[name=subject]", "8f2e");
    await page.waitForFunction(() => document.querySelectorAll(".audit tbody tr").length === 1);
    await page.fill("[name=from]", "2026-03-15");
    await page.fill("[name=to]", "2026-03-14");
    await page.waitForSelector('.audit td:has-text("No row fits.")');
    await page.fill("[name=to]", "2026-03-15");
    await page.waitForFunction(() => document.querySelectorAll(".audit tbody td.reference").length === 2);
    assert.equal(said(one).query, "?who=cOR&action=view-patient&subject=8f2e&from=2026-03-15&to=2026-03-15&limit=200");
    const link = page.locator('a:has-text("Export")');
    assert.equal(await link.getAttribute("href"), "/api/v1/audit/fhir?from=2026-03-15&to=2026-03-15");
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    assert.equal(download.suggestedFilename(), "audit.json");
    await shot(page, "audit");
});

test("audit: seals that are not checked yet, and one that does not fit, are said", async () => {
    one.world.checkedThrough = 1;
    await enter(page, one, "/audit");
    await page.waitForFunction(() => /Seals are being checked: 1 of \d/.test(document.querySelector(".subline")?.textContent));
    one.world.checkedThrough = Infinity;
    await page.waitForSelector('.subline:has-text("All seals hold")');
    assert.ok(
        one.world.requests.some(r => r.path === "/api/v1/audit" && r.background),
        "the page looked by itself",
    );
    one.world.brokenAt = 7;
    await page.reload();
    await page.waitForSelector('.subline:has-text("tampered with at row 7")');
});

test("visits and alerts of people who cannot be opened are no links", async () => {
    one.world.visits[1].page = one.world.alerts[0].page = false;
    await enter(page, one, "/visits");
    assert.equal(await page.locator('tr[data-state="overdue"] a').count(), 0);
    await page.click('[data-view="alerts"]');
    await page.waitForSelector(".alert");
    assert.equal(await page.locator('.alert[data-tier="1"] .what > .muted a').count(), 0);
    assert.equal(await page.locator('.alert[data-tier="2"] .what > .muted a').count(), 1);
});

test("alerts: a double click acknowledges one; the list is made anew when the pointer has left it", async () => {
    one.world.alerts.splice(1, 0, {...one.world.alerts[0], id: "77", title: "Another one"});
    await enter(page, one, "/alerts");
    const box = await page.locator(".alert button", {hasText: "Acknowledge"}).first().boundingBox();
    await page.mouse.move(box.x + 20, box.y + 10);
    for (let n = 0; n < 4; ++n) {
        await page.mouse.down();
        await page.mouse.up();
        await page.waitForTimeout(150);
    }
    await page.waitForTimeout(1500);
    assert.equal(one.world.requests.filter(r => r.path.endsWith("/acknowledge")).length, 1);
    assert.equal(await page.locator(".alert[data-done=true] button:disabled").count(), 2);
    await shot(page, "alerts-acknowledged");
    await page.mouse.move(700, 5);
    await page.waitForFunction(() => !document.querySelector(".alert[data-done]") && document.querySelector("#h-acknowledged"));
});

test("alerts: a snooze that ends brings the alert back on an open page", async () => {
    const end = new Date(one.clock() + 6000);
    one.world.alerts[2].snoozedUntil = end.toISOString();
    await enter(page, one, "/alerts");
    await page.waitForSelector("#h-snoozed");
    await page.waitForSelector("#h-snoozed", {state: "detached", timeout: 15000});
    assert.equal(await text("#h-tier3"), "At the next review1");
});

test("alerts: those that are over come in pages of 200", async () => {
    for (let n = 0; n < 250; ++n)
        one.world.alerts.push({...one.world.alerts[2], id: String(1000 + n), open: false, withdrawn: "2026-03-01T00:00:00Z"});
    await enter(page, one, "/alerts");
    await page.check(".head input[type=checkbox]");
    await page.waitForSelector("#h-over");
    assert.equal(await text("#h-over"), "Over200");
    assert.equal(await page.locator(".alert[data-open=true]").count(), 4);
    await page.click('.alerts > p button:has-text("Older ones")');
    await page.waitForFunction(() => document.querySelector("#h-over").textContent === "Over251");
    assert.equal(await page.locator(".alerts > p button").count(), 0);
});

test("visits: what changes under the pointer waits in a bar, and comes when the pointer goes", async () => {
    await enter(page, one, "/visits");
    await page.hover(".calendar tr[data-state]");
    await page.waitForSelector('.live[data-state="live"]');
    one.world.visits[1].state = "due";
    one.alert({id: "93"});
    await page.waitForSelector(".update-bar:not([hidden]) button");
    assert.equal(await page.locator('tr[data-state="overdue"]').count(), 1);
    await page.mouse.move(700, 5);
    await page.waitForSelector('tr[data-state="overdue"]', {state: "detached"});
    assert.equal(await page.isVisible(".update-bar button"), false);
    assert.ok(one.world.requests.findLast(r => r.path === "/api/v1/visits").background);
    const asked = one.world.requests.filter(r => r.path === "/api/v1/visits").length;
    for (let n = 0; n < 3; ++n) {
        one.change("sle-uc-msc", [...one.world.rows.get("sle-uc-msc").keys()][n], {strip: "????????"});
        await page.waitForTimeout(700);
    }
    assert.equal(one.world.requests.filter(r => r.path === "/api/v1/visits").length, asked, "people's changes are no hurry");
});

test("an answer that comes late does not overtake a later one: visits, alerts, deliveries", async () => {
    await enter(page, one, "/visits");
    let late;
    const until = () => new Promise(done => (late = done));
    one.delay("GET /api/v1/visits", {after: until()});
    await page.selectOption('label:has-text("Days ahead") select', "90");
    await page.waitForTimeout(200);
    const all = one.world.visits;
    one.world.visits = all.slice(0, 2);
    await page.selectOption('label:has-text("Days ahead") select', "7");
    await page.waitForSelector('.subline:has-text("2 visits")');
    late();
    await page.waitForTimeout(300);
    assert.match(await text(".subline"), /2 visits/);
    await page.click('[data-view="alerts"]');
    await page.waitForSelector(".alert");
    one.delay("GET /api/v1/alerts?closed=1", {after: until()});
    await page.check(".head input[type=checkbox]");
    await page.waitForTimeout(100);
    await page.uncheck(".head input[type=checkbox]");
    await page.waitForTimeout(300);
    late();
    await page.waitForTimeout(300);
    assert.equal(await page.locator("#h-over").count(), 0);
    await page.click('[data-view="operations"]');
    await page.waitForSelector(".p-outbox");
    one.delay("GET /api/v1/operations/outbox", {after: until()});
    await page.check("#outbox-waiting", {force: true});
    await page.waitForTimeout(100);
    await page.check("#outbox-dead", {force: true});
    await page.waitForSelector("#drop-outbox-77");
    late();
    await page.waitForTimeout(300);
    assert.equal(await page.locator("#drop-outbox-78").count(), 0);
});

test("a source that fell silent is said above every view, until it is heard again", async () => {
    one.world.sources = [
        {name: "ehr", lastHeard: "2026-03-15T06:00:00.000Z", trouble: true},
        {name: "lab", lastHeard: null, trouble: false},
    ];
    await enter(page, one, "/visits");
    await page.waitForSelector(".trouble:not([hidden])");
    assert.equal(await text(".trouble"), "Nothing has been heard from ehr since 2026-03-15 06:00: what is shown may be old.");
    await shot(page, "trouble");
    await page.click('[data-view="worklist"]');
    await page.waitForSelector(".grid-row");
    assert.equal(await page.isVisible(".trouble"), true);
    one.world.sources[0].trouble = false;
    ++one.world.operationStamp;
    one.tell();
    await page.waitForSelector(".trouble", {state: "hidden"});
    assert.ok(one.world.requests.filter(r => r.path === "/api/v1/sources" || r.path === "/api/v1/alerts/count").every(r => r.background));
});
