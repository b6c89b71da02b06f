// Logging in and out, roles, and what happens when the server refuses or is not there.
import assert from "node:assert/strict";
import {after, afterEach, before, test} from "node:test";
import {mock} from "./mock.mjs";
import {calm, enter, finish, newPage, shot, start, stop} from "./support.mjs";

let one, page;
before(start);
after(stop);
async function open(options = {}, context = {}) {
    one = await mock({people: 20, ...options});
    page = await newPage(one.origin, context);
}
afterEach(async () => {
    await finish(page, one);
});
const text = async selector => (await page.textContent(selector)).replace(/\s+/g, " ").trim();

test("nobody is logged in: how to, and no view", async () => {
    await open();
    await page.goto(`${one.origin}/worklist/sle-uc-msc`);
    await page.waitForSelector(".login");
    assert.equal(await page.getAttribute(".login a.primary", "href"), "/login/oidc");
    assert.match(await text(".login"), /one-time link/);
    assert.equal(await page.locator("nav").count(), 0);
    await shot(page, "login");
});

test("the one-time link works once; its token stands in no address, history or request line", async () => {
    await open();
    const link = one.once();
    await page.goto(link);
    await page.waitForSelector(".grid-row");
    const token = link.split("=")[1];
    assert.doesNotMatch(page.url(), /once/);
    await page.goBack().catch(() => {});
    assert.doesNotMatch(page.url(), new RegExp(token));
    assert.ok(one.world.requests.every(r => !r.path.includes(token) && !r.query.includes(token)));
    const other = await newPage(one.origin);
    await other.goto(link);
    await other.waitForSelector(".login .said");
    assert.match(await other.textContent(".login"), /This link was used already or is too old/);
    assert.doesNotMatch(other.url(), /once/);
    await calm(other);
    await other.context().close();
});

test("a hospital account that was refused is said in words", async () => {
    await open({local: false});
    await page.goto(one.origin);
    await page.click(".login a.primary");
    await page.waitForSelector(".login .said");
    assert.match(await text(".said"), /Signing in did not work\. \(access_denied\)/);
    assert.doesNotMatch(page.url(), /#/);
});

for (const [role, views] of [
    ["coordinator", ["worklist", "visits", "alerts"]],
    ["investigator", ["worklist", "visits", "alerts"]],
    ["operator", ["operations"]],
    ["auditor", ["operations", "audit"]],
])
    test(`navigation of the role: ${role}`, async () => {
        await open({roles: ["coordinator", "investigator"].includes(role) ? {"sle-uc-msc": [role]} : {"*": [role]}});
        await enter(page, one);
        assert.deepEqual(await page.$$eval("nav a", all => all.map(a => a.dataset.view)), views);
        assert.ok(page.url().startsWith(`${one.origin}/${views[0]}`), "home is the first view");
        const foreign = ["worklist", "operations", "audit"].find(v => !views.includes(v));
        await page.goto(`${one.origin}/${foreign}`);
        await page.waitForSelector(".failure");
        assert.match(await text(".failure"), /Your roles do not allow this view\./);
        assert.equal(one.world.requests.filter(r => r.path.includes(foreign)).length, 0);
    });

test("a coordinator cannot decide criteria; an auditor changes nothing in operations", async () => {
    await open({roles: {"sle-uc-msc": ["coordinator"], "*": ["auditor"]}});
    const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
    await enter(page, one, `/patient/sle-uc-msc/${subject}`);
    await page.waitForSelector("#do-mark");
    assert.equal(await page.locator(".confirm").count(), 0);
    await page.click('[data-view="operations"]');
    await page.waitForSelector(".p-quarantine");
    assert.equal(await page.locator(".p-quarantine button").count(), 0);
});

test("a session that ends takes all data off the screen and says so", async () => {
    await open();
    const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
    await enter(page, one, `/patient/sle-uc-msc/${subject}`);
    await page.click("#do-comment");
    one.endSessions();
    await page.waitForSelector(".login");
    assert.match(await text(".login"), /Your session ended/);
    assert.equal(await page.locator("dialog, .criteria, .grid, nav").count(), 0);
    assert.doesNotMatch(await page.title(), new RegExp(subject.slice(0, 8)));
});

test("signing out ends the session on the server", async () => {
    await open();
    await enter(page, one);
    await page.click(".who summary");
    assert.match(await text(".popup"), /every trial: coordinator, investigator, operator, auditor/);
    await page.click(".popup button");
    await page.waitForSelector(".login");
    assert.equal(one.world.sessions.size, 0);
    await page.reload();
    await page.waitForSelector(".login");
});

test("an error of the server is said, the page goes on", async () => {
    await open();
    one.fail("GET /api/v1/visits", 503, "");
    await enter(page, one, "/visits");
    await page.waitForSelector(".failure");
    assert.match(await text(".failure"), /The server is busy or starting\. Try again\./);
    await page.click('[data-view="alerts"]');
    await page.waitForSelector(".alert");
    assert.equal(await page.locator(".failure").count(), 0);
});

test("a server that is gone: nothing is lost in a dialog, and a new try works", async () => {
    await open();
    const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
    await enter(page, one, `/patient/sle-uc-msc/${subject}`);
    await page.click("#do-comment");
    await page.fill("dialog textarea", "Long thoughts");
    await page.context().setOffline(true);
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog .wrong:not([hidden])");
    assert.match(await text("dialog .wrong"), /The server does not answer\. It is not known whether this was saved\./);
    await page.context().setOffline(false);
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Long thoughts")');
});

test("an address that does not exist, and a person who does not", async () => {
    await open();
    await enter(page, one, "/nowhere");
    await page.waitForSelector(".failure");
    assert.match(await text(".failure"), /There is no such page/);
    await page.goto(`${one.origin}/patient/sle-uc-msc/${"0".repeat(32)}`);
    await page.waitForFunction(() => document.querySelector(".failure")?.textContent.includes("There is no such person"));
});

test("a browser of another language without texts of its own gets English", async () => {
    await open({}, {locale: "fi-FI"});
    page.troubles.push = function (line) {
        return line.includes("404") ? this.length : Array.prototype.push.call(this, line);
    };
    await enter(page, one);
    assert.match(await page.title(), /Worklist/);
    assert.equal(await page.getAttribute("html", "lang"), "en");
});
