// Nothing is lost and nobody is mistaken for somebody else: many tabs, connections that die, answers that get lost, texts that are not sent yet.
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, test} from "node:test";
import {mock} from "./mock.mjs";
import {accessible, enter, finish, newPage, shot, start, stop} from "./support.mjs";

const trial = "sle-uc-msc";
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
const subject = prefix => [...one.world.rows.get(trial).keys()].find(s => s.startsWith(prefix));
const address = prefix => `/patient/${trial}/${subject(prefix)}`;
async function person(prefix) {
    await enter(page, one, address(prefix));
    await page.waitForSelector("div.timeline svg");
}
const text = async (selector, of = page) => (await of.textContent(selector)).replace(/\s+/g, " ").trim();
/** Opens the question for a comment and types. */
async function comment(words) {
    await page.click("#do-comment");
    await page.fill("dialog textarea", words);
}
/** Opens it, and says what stands there. */
async function draft() {
    await page.click("#do-comment");
    return page.inputValue("dialog textarea");
}
const judged = () => one.world.requests.filter(r => r.method === "POST" && r.path.endsWith("/judgements")).map(r => JSON.parse(r.body));
const live = of => of.waitForSelector('.live[data-state="live"]');
const anotherTab = async where => {
    const tab = await page.context().newPage();
    tab.setDefaultTimeout(10000);
    await tab.goto(one.origin + where);
    await tab.waitForSelector("main h1");
    return tab;
};

test("eight tabs share one stream, all hear of changes, and another takes over when its tab is closed", async () => {
    await enter(page, one, "/alerts");
    await live(page);
    const tabs = [];
    for (let n = 0; n < 7; ++n) tabs.push(await anotherTab("/alerts"));
    for (const tab of tabs) await live(tab);
    assert.equal(one.world.streams.size, 1);
    one.alert({id: "90", title: "Told to all"});
    for (const tab of tabs) await tab.waitForSelector('.alert:has-text("Told to all")');
    await page.waitForSelector('.alert:has-text("Told to all")');
    // The first one leads.
    await page.goto("about:blank");
    await tabs[3].waitForTimeout(1500);
    assert.equal(one.world.streams.size, 1);
    one.alert({id: "91", title: "Told by another"});
    for (const tab of tabs) await tab.waitForSelector('.alert:has-text("Told by another")');
    await page.goto(`${one.origin}/alerts`);
    await live(page);
    assert.equal(one.world.streams.size, 1);
});

test("a connection over which nothing comes any more is told after 40 seconds, in every tab, and is made anew", async () => {
    await page.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await enter(page, one, "/visits");
    await live(page);
    const other = await page.context().newPage();
    await other.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await other.goto(`${one.origin}/visits`);
    await live(other);
    await page.clock.fastForward(30000);
    await page.waitForTimeout(300);
    assert.equal(await page.getAttribute(".live", "data-state"), "live");
    one.world.silent = true;
    await page.clock.fastForward(12000);
    await page.waitForSelector('.live[data-state="lost"]');
    assert.match(await text(".live"), /Not connected\. What you see is of 2026-03-15 09:00/);
    await other.waitForSelector('.live[data-state="lost"]');
    one.world.silent = false;
    for (let n = 0; n < 8 && (await page.getAttribute(".live", "data-state")) !== "live"; ++n) {
        await page.clock.fastForward(35000);
        await page.waitForTimeout(400);
    }
    await live(page);
    await live(other);
    assert.equal(one.world.streams.size, 1);
});

test("a tab whose leader fell silent takes the stream itself", async () => {
    await enter(page, one, "/visits");
    await live(page);
    const other = await page.context().newPage();
    await other.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await other.goto(`${one.origin}/visits`);
    await live(other);
    await page.evaluate(() => (BroadcastChannel.prototype.postMessage = () => {})); // as a tab that a browser stopped
    await other.clock.fastForward(60000); // nothing came from the leader in that time
    await other.waitForTimeout(1000);
    await live(other);
    await live(page);
    assert.equal(one.world.streams.size, 1);
    one.alert({id: "94"});
    await other.waitForFunction(() => document.querySelector(".badge > [aria-hidden]")?.textContent === "4");
    await page.waitForFunction(() => document.querySelector(".badge > [aria-hidden]")?.textContent === "4");
});

test("an answer that never comes ends after 30 seconds, and the page goes on", async () => {
    await page.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await enter(page, one, "/worklist");
    await page.waitForSelector(".grid-row");
    one.delay("GET /api/v1/visits", {after: new Promise(() => {})});
    await page.click('[data-view="visits"]');
    await page.waitForSelector(".waiting");
    await page.waitForTimeout(300);
    await page.clock.fastForward(31000);
    await page.waitForSelector('.failure:has-text("The server does not answer.")');
    await page.click('[data-view="alerts"]');
    await page.waitForSelector(".alert");
});

test("a comment whose answer got lost: said so, sent again with the same key, and saved once", async () => {
    await person("8f2e2d02");
    await comment("Only once");
    one.delay(`POST /api/v1/trials/${trial}/people/${subject("8f2e2d02")}/judgements`, {lost: true});
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog .wrong:not([hidden])");
    assert.match(await text("dialog .wrong"), /It is not known whether this was saved\. Try again: nothing is saved twice\./);
    assert.doesNotMatch(await text("dialog"), /Nothing was/);
    await accessible(page, "a dialog that does not know");
    await shot(page, "dialog-unsure");
    assert.equal(await text('dialog button[type="submit"]'), "Try again");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Only once")');
    const [first, second] = judged();
    assert.equal(first.key, second.key);
    assert.equal(one.world.judgements.filter(j => j.reason === "Only once").length, 1);
    await comment("Only once");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog", {state: "detached"});
    assert.notEqual(judged()[2].key, first.key, "the same words of another dialog are another comment");
});

test("closing a dialog that does not know loads the person anew, and the text is still there", async () => {
    await person("8f2e2d02");
    await comment("It was saved");
    one.delay(`POST /api/v1/trials/${trial}/people/${subject("8f2e2d02")}/judgements`, {lost: true});
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog .wrong:not([hidden])");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", {state: "detached"});
    await page.waitForSelector('.decisions:has-text("It was saved")');
    assert.equal(await draft(), "It was saved");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog", {state: "detached"});
    assert.equal(one.world.judgements.filter(j => j.reason === "It was saved").length, 1);
});

test("a browser that sends again by itself saves once", async () => {
    await person("8f2e2d02");
    await comment("Sent by the browser");
    one.delay(`POST /api/v1/trials/${trial}/people/${subject("8f2e2d02")}/judgements`, {dropped: true});
    await page.click('dialog button[type="submit"]');
    await page.waitForFunction(() => !document.querySelector("dialog") || document.querySelector("dialog .wrong:not([hidden])"));
    if ((await page.locator("dialog").count()) > 0) await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Sent by the browser")');
    assert.equal(one.world.judgements.filter(j => j.reason === "Sent by the browser").length, 1);
});

test("while something is on its way neither Cancel, Escape nor Back make the page believe that nothing happened", async () => {
    await enter(page, one);
    await page.click(`.grid-row[data-key="${subject("8f2e2d02")}"] .label`);
    await page.waitForSelector("#do-mark");
    await page.click("#do-mark");
    await page.check('dialog input[value="excluded"]');
    await page.fill("dialog textarea", "Slow line");
    let come;
    one.delay(`POST /api/v1/trials/${trial}/people/${subject("8f2e2d02")}/judgements`, {after: new Promise(done => (come = done))});
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('dialog:has-text("Sending …")');
    await page.click('dialog button:has-text("Cancel")');
    await page.waitForSelector('dialog:has-text("can no longer be cancelled")');
    for (let n = 0; n < 3; ++n) await page.keyboard.press("Escape");
    await page.evaluate(() => history.back());
    await page.evaluate(() => document.querySelector("dialog").close()); // as a phone's own Back does
    await page.waitForTimeout(400);
    assert.equal(await page.locator("dialog[open]").count(), 1);
    assert.ok(page.url().endsWith(subject("8f2e2d02")));
    come();
    await page.waitForSelector("dialog", {state: "detached"});
    await page.waitForSelector('.toast:has-text("8f2e2d02: Marked: Excluded.")');
    await page.waitForSelector('.person .tag.person:has-text("Excluded")');
});

test("a dialog names its person, and Back closes it or asks: it never stands over somebody else", async () => {
    await person("7281e310");
    await page.click(".person .back a");
    await page.waitForSelector(".grid-row");
    await page.click(`.grid-row[data-key="${subject("8f2e2d02")}"] .label`);
    await page.waitForSelector("#do-mark");
    for (const opener of ["#do-mark", "#do-comment", "#do-mapping", "#do-reveal", "#confirm-consent", "#code-0"]) {
        await page.click(opener);
        assert.match(await text("dialog h2"), /8f2e2d02/, opener);
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog", {state: "detached"});
    }
    await comment("Of this person");
    await page.goBack();
    await page.waitForSelector('dialog:has-text("Throw away what you typed?")');
    await accessible(page, "a dialog that asks");
    await shot(page, "dialog-discard");
    assert.equal(await text("h1"), "8f2e2d02");
    assert.ok(page.url().endsWith(subject("8f2e2d02")));
    await page.click('dialog button:has-text("Keep writing")');
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.toast:has-text("8f2e2d02: Comment saved.")');
    await page.click("#do-mark");
    await page.goBack();
    await page.waitForSelector(".grid-row");
    assert.equal(await page.locator("dialog").count(), 0);
    await page.goBack();
    await page.waitForSelector("#do-mark");
    assert.equal(await text("h1"), "7281e310");
    await page.goForward();
    await page.waitForSelector(".grid-row");
});

test("a text that was not sent outlives the end of the session, in this tab's memory alone", async () => {
    await person("8f2e2d02");
    await comment("A long thought");
    one.endSessions();
    await page.waitForSelector(".login");
    assert.equal(await page.locator("dialog").count(), 0);
    assert.doesNotMatch(await text("body"), /A long thought|8f2e2d02/);
    assert.match(await text(".login"), /What you typed and did not send is kept in this tab/);
    assert.equal(await page.getAttribute(".login a.primary", "target"), "_blank");
    const stored = await page.evaluate(() => JSON.stringify({...localStorage, ...sessionStorage}));
    assert.doesNotMatch(stored, /long thought/);
    // A new link is pasted into this very tab: nothing is loaded anew, its token goes out of the address.
    await page.evaluate(link => (location.href = link), one.once());
    await page.waitForSelector("#do-comment");
    assert.ok(page.url().endsWith(address("8f2e2d02")), "back to where they were");
    await page.waitForSelector('.toast:has-text("Comment on 8f2e2d02")');
    assert.equal(await draft(), "A long thought");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("A long thought")');
    assert.equal(await draft(), "");
});

test("a used link is followed by a new one in the same tab", async () => {
    const link = one.once();
    await page.goto(link);
    await page.waitForSelector(".grid-row");
    await page.click(".who summary");
    await page.click(".popup button");
    await page.waitForSelector(".login");
    await page.evaluate(used => (location.href = used), link);
    await page.waitForSelector('.login:has-text("“trialgate page” prints a new one")');
    assert.doesNotMatch(page.url(), /once/);
    await page.evaluate(fresh => (location.href = fresh), one.once());
    await page.waitForSelector(".grid-row");
    assert.doesNotMatch(page.url(), /once/);
});

test("whoever signs in with a hospital account comes back to where they were", async () => {
    await page.goto(one.origin + address("8f2e2d02"));
    await page.waitForSelector(".login");
    await page.goto("about:blank"); // the provider's pages
    await page.goto(`${one.origin}/#login=failed&why=refused`);
    await page.waitForSelector(".login .said");
    await page.goto(one.once()); // as the callback does: a session, and the page's root
    await page.waitForSelector("#do-comment");
    assert.ok(page.url().endsWith(address("8f2e2d02")));
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test("signing out in one tab: the others follow without losing what is typed, and come back by themselves", async () => {
    await person("8f2e2d02");
    await comment("In the first tab");
    const other = await anotherTab("/visits");
    await other.click(".who summary");
    await other.click(".popup button");
    await page.waitForSelector('.login:has-text("You signed out in another tab.")');
    await other.goto(one.once());
    await other.waitForSelector("main h1:not(.login h1)");
    await page.waitForSelector("#do-comment");
    assert.equal(await draft(), "In the first tab");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("In the first tab")');
});

test("somebody else who signs in sees nothing of what was typed before", async () => {
    await person("8f2e2d02");
    await comment("Not for others");
    one.endSessions();
    await page.waitForSelector(".login");
    one.world.user = "Another user";
    await page.evaluate(link => (location.href = link), one.once());
    await page.waitForSelector(".grid-row");
    await page.goto(one.origin + address("8f2e2d02"));
    assert.equal(await draft(), "");
});

test("whoever types is there: the server is told every five minutes, and of nothing that the page asks by itself", async () => {
    await page.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await person("8f2e2d02");
    await page.click("#do-comment");
    const before = one.world.requests.length;
    const byUser = () =>
        one.world.requests.slice(before).filter(r => !r.background && r.path !== "/api/v1/events" && !r.query.includes("since"));
    await page.type("dialog textarea", "a");
    await page.clock.fastForward(240000);
    await page.type("dialog textarea", "b");
    assert.equal(byUser().length, 0);
    await page.clock.fastForward(61000);
    await page.type("dialog textarea", "cdefgh");
    await page.waitForTimeout(300);
    assert.equal(byUser().length, 1);
    await page.clock.fastForward(600000);
    await page.waitForTimeout(300);
    assert.equal(byUser().length, 1, "nobody typed");
});

test("what the page asks by itself is marked, in every view, so that idle sessions end", async () => {
    await page.clock.install({time: new Date("2026-03-15T09:00:00Z")});
    await enter(page, one);
    for (const where of ["/visits", "/alerts", "/operations", "/audit", "/worklist", address("8f2e2d02")]) {
        await page.goto(one.origin + where);
        await page.waitForSelector("main h1");
        await live(page);
        await page.waitForTimeout(500);
        const before = one.world.requests.length;
        one.alert({id: `a${before}`});
        one.change(trial, subject("8f2e2d02"), {strip: before % 2 === 0 ? "++++?+??" : "+++++???"});
        ++one.world.operationStamp;
        one.tell();
        for (let n = 0; n < 4; ++n) {
            await page.waitForTimeout(150);
            await page.clock.fastForward(20000);
        }
        await page.waitForTimeout(300);
        const plain = one.world.requests
            .slice(before)
            .filter(r => !r.background && r.path !== "/api/v1/events" && !r.query.includes("since"));
        assert.deepEqual(
            plain.map(r => `${r.path}${r.query}`),
            [],
            where,
        );
    }
});

test("a text that is too long is counted and refused, never cut", async () => {
    await person("8f2e2d02");
    await page.click("#do-comment");
    const pasted = "ä".repeat(2013);
    await page.fill("dialog textarea", pasted);
    assert.equal(await text("dialog .counter"), "2013 of 2000 characters: 13 too many");
    await accessible(page, "a text that is too long");
    await shot(page, "dialog-long");
    await page.click('dialog button[type="submit"]');
    assert.match(await text("dialog .wrong"), /too long\. Nothing was sent/);
    assert.equal(judged().length, 0);
    assert.equal(await page.inputValue("dialog textarea"), pasted);
    await page.fill("dialog textarea", "ä".repeat(2000));
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog", {state: "detached"});
    assert.equal([...judged()[0].reason].length, 2000);
});

test("a study number asks for the day of screening; without one no day is shown; enrolment does not stand for it", async () => {
    await person("7281e310");
    await page.click("#do-mark");
    await page.check('dialog input[value="enrolled"]');
    assert.equal(await page.isVisible("dialog [name=on]"), false);
    await page.fill("dialog [name=number]", "S-009");
    assert.equal(await page.isVisible("dialog [name=on]"), true);
    assert.equal(await page.inputValue("dialog [name=on]"), "", "the day of enrolment is not taken for that of screening");
    assert.equal(await page.getByLabel("Day of screening (first screening visit)").count(), 1);
    assert.doesNotMatch(await page.textContent("dialog .asked"), /0/, "nothing but words");
    await shot(page, "dialog-mark-number");
    await page.fill("dialog textarea", "Signed");
    await page.click('dialog button[type="submit"]');
    assert.equal(judged().length, 0);
    await page.fill("dialog [name=on]", "2026-03-02");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.toast:has-text("7281e310: Marked: Enrolled.")');
    const {key, ...said} = judged()[0];
    assert.ok(key);
    assert.deepEqual(said, {kind: "mark", value: "enrolled", reason: "Signed", number: "S-009", on: "2026-03-02"});
    assert.equal(await page.locator(".toast button").count(), 0, "a participation is not taken back by one click");
    await page.click("#do-mark");
    await page.check('dialog input[value="screened"]');
    await page.fill("dialog textarea", "No number yet");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.toast:has-text("Marked: Screened.")');
    assert.equal("on" in judged()[1], false);
});

test("taking back: a mark says that the participation goes on, a comment has words of its own", async () => {
    await person("7281e310");
    await page.click("#do-mark");
    await page.check('dialog input[value="screened"]');
    await page.fill("dialog textarea", "Consented");
    await page.fill("dialog [name=number]", "S-009");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector(".decisions button");
    await page.click(".decisions button");
    assert.match(await text("dialog"), /7281e310: take this back\?.*The participation S-009 goes on.*trialgate subject withdraw/);
    await page.keyboard.press("Escape");
    await comment("Said something");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Said something")');
    await page.click('.decisions li:has-text("Said something") button');
    assert.match(await text("dialog"), /7281e310: take this comment back\?\s*It is struck through/);
    assert.doesNotMatch(await text("dialog"), /holds again/);
});
