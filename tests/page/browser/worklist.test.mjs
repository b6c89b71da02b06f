// The worklist in a browser: what it shows, filters, keys, and live changes that move nothing.
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, test} from "node:test";
import {mock} from "./mock.mjs";
import {calm, enter, finish, newPage, rows, shot, start, stop} from "./support.mjs";

const trial = "sle-uc-msc";
let one, page;
before(start);
after(stop);
beforeEach(async () => {
    one = await mock({people: 120});
    page = await newPage(one.origin);
    await enter(page, one);
    await page.waitForSelector(".grid-body .grid-row");
});
afterEach(async () => {
    await finish(page, one);
});

const boxes = () =>
    page.$$eval(".grid-body .grid-row", all =>
        Object.fromEntries(all.map(row => [row.dataset.key, Math.round(row.getBoundingClientRect().top)])),
    );
const subjects = () => [...one.world.rows.get(trial).keys()];
const bar = () => page.locator(".news-line .update-bar");
async function allSeen() {
    one.world.seen.set(trial, one.world.stamp);
    await page.reload();
    await page.waitForSelector(".grid-body .grid-row");
}
const status = key => page.textContent(`.grid-row[data-key="${key}"] .status`);

test("the first login lands in the worklist, and the token is gone from the address", async () => {
    assert.equal(page.url(), `${one.origin}/worklist/${trial}`);
    assert.match(await page.title(), /Worklist/);
    assert.equal(await page.getAttribute(".grid", "aria-rowcount"), "121");
    const first = (await rows(page))[0];
    assert.equal(await status(first), "Eligible");
    await shot(page, "worklist");
});

test("a row says in words what its marks show", async () => {
    const key = subjects().find(s => s.startsWith("7281e310"));
    await page.fill("input[type=search]", "7281e310");
    const row = page.locator(`.grid-row[data-key="${key}"]`);
    assert.equal((await row.locator(".c-missing").textContent()).trim(), "4 missing");
    const words = await row.locator(".strip").getAttribute("aria-label");
    assert.match(words, /^Met 4 of 8\. unknown: ANA of at least 1:160/);
    assert.doesNotMatch(words, /not met/);
    assert.equal(await row.locator('.strip [data-verdict="unknown"]').count(), 4);
});

test("a person's decision has another mark than the machine's", async () => {
    const key = subjects().find(s => s.startsWith("f005ba11"));
    await page.fill("input[type=search]", "f005ba11");
    const row = page.locator(`.grid-row[data-key="${key}"]`);
    assert.match(await row.locator(".strip").getAttribute("aria-label"), /Met 8 of 8/);
    assert.equal(await row.locator('.strip path[data-mark="met-person"]').count(), 2);
    assert.equal((await row.locator(".tag.study").textContent()).trim(), "S-001: in screening");
});

test("filters and search show only who fits, and all can be cleared at once", async () => {
    await page.click('.chip:has-text("Possible")');
    for (const key of await rows(page)) assert.equal(await status(key), "Possible");
    await page.click('.chip:has-text("Possible")');
    await page.selectOption('label:has-text("Criterion") select', "3");
    const shown = await page.$$eval(".grid-body .grid-row", all => all.map(row => row.querySelectorAll(".strip .mark")[3].dataset.verdict));
    assert.ok(shown.length > 0 && shown.every(v => v === "unknown"));
    await page.click('button:has-text("Clear filters")');
    assert.equal(await page.getAttribute(".grid", "aria-rowcount"), "121");
    await page.selectOption('label:has-text("Changes within") select', "30");
    const days = await page.$$eval(".grid-body .c-expires time", all => all.map(t => t.textContent));
    assert.ok(days.length > 0 && days.every(d => d <= "2026-04-14"));
    await page.click('button:has-text("Clear filters")');
    await page.selectOption('label:has-text("Decided by people") select', "screened");
    assert.equal((await rows(page)).length, 1);
    await page.click('button:has-text("Clear filters")');
    await page.fill("input[type=search]", "no such person");
    assert.equal(await page.textContent(".list-frame .empty"), "Nobody fits these filters.");
});

test("sorting by a column's head says so to assistive technology", async () => {
    await page.click('.grid-head button:has-text("Next change")');
    assert.equal(await page.getAttribute(".c-expires[role=columnheader]", "aria-sort"), "ascending");
    assert.equal(await page.getAttribute(".c-status[role=columnheader]", "aria-sort"), "none");
    const days = await page.$$eval(".grid-body .grid-row", all =>
        all
            .sort((a, b) => a.getAttribute("aria-rowindex") - b.getAttribute("aria-rowindex"))
            .map(r => r.querySelector(".c-expires time")?.textContent ?? "9999"),
    );
    assert.deepEqual(days, [...days].sort());
});

test("what changed since the last look has a dot and says from what to what, until it is marked as seen", async () => {
    await allSeen();
    const key = subjects()[0];
    await page.fill("input[type=search]", key.slice(0, 8));
    one.change(trial, key, {strip: "+++?++??"});
    await page.waitForFunction(k => document.querySelector(`[data-key="${k}"] .status`).textContent === "Possible", key);
    const row = page.locator(`.grid-row[data-key="${key}"]`);
    assert.match(
        await row.locator(".c-changed").textContent(),
        /^Likely → Possible, 4: met → unknownLikely to Possible, 4: met to unknown just now$/,
    );
    assert.equal(await row.locator(".dot").getAttribute("aria-label"), "Changed since you last looked");
    assert.equal(await row.locator(".strip .fresh").count(), 1);
    await page.click('button:has-text("Mark all as seen")');
    await page.waitForSelector(".grid-row.news", {state: "detached"});
    assert.equal(await page.textContent(".news-bar"), "0 people changed since you last looked");
    assert.equal(one.world.requests.filter(r => r.path.endsWith("/seen")).length, 0, "it can be taken back yet");
    await page.reload();
    await page.waitForSelector(".grid-row");
    assert.equal(await page.locator(".grid-row.news").count(), 0);
    assert.deepEqual(JSON.parse(one.world.requests.find(r => r.path.endsWith("/seen")).body), {stamp: one.world.stamp});
});

test("what was marked as seen by a slip of the finger is taken back, and says how many, also of those out of sight", async () => {
    const news = () => page.textContent(".news-bar");
    await allSeen();
    for (const key of subjects().slice(0, 9)) one.change(trial, key, {comments: 9});
    await page.waitForFunction(() => /^9 people/.test(document.querySelector(".news-bar").textContent));
    await page.fill("input[type=search]", "8f2e2d02");
    await page.keyboard.press("Escape");
    await page.keyboard.press("s");
    assert.match(await page.textContent(".toast"), /9 people marked as seen\. 8 of them are hidden by filters\./);
    await page.waitForFunction(() => /^0 people/.test(document.querySelector(".news-bar").textContent));
    one.change(trial, subjects()[20], {comments: 3});
    await page.waitForFunction(() => /^1 person/.test(document.querySelector(".news-bar").textContent));
    await page.click(".toast button");
    await page.waitForFunction(() => /^10 people/.test(document.querySelector(".news-bar").textContent));
    await page.click('#top nav a[data-view="visits"]');
    await page.waitForSelector(".calendar");
    assert.equal(one.world.requests.filter(r => r.path.endsWith("/seen")).length, 0);
    await page.goBack();
    await page.waitForSelector(".grid-row");
    assert.match(await news(), /^10 people/);
    await page.click('button:has-text("Mark all as seen")');
    await page.click('#top nav a[data-view="visits"]');
    await page.waitForSelector(".calendar");
    assert.equal(one.world.requests.filter(r => r.path.endsWith("/seen")).length, 1, "sent when the view is left");
});

test("only who is no longer listed is struck through; what was seen stays as it is until the list is arranged", async () => {
    await allSeen();
    const [first, second] = subjects();
    for (const key of [first, second]) one.change(trial, key, {comments: 9});
    await page.waitForFunction(() => /^2 people/.test(document.querySelector(".news-bar").textContent));
    await page.click('.chip:has-text("Changed since last look")');
    await page.click('button:has-text("Mark all as seen")');
    await page.waitForSelector(".grid-row.news", {state: "detached"});
    assert.equal((await rows(page)).length, 2);
    assert.equal(await page.locator(".grid-row.gone").count(), 0);
    one.change(trial, first, {status: "", strip: ""});
    await page.waitForSelector(`.grid-row.gone[data-key="${first}"]`);
    assert.equal(await page.locator(".grid-row.gone").count(), 1);
    assert.equal(await status(first), "Not listed");
});

test("a fall since the last look is told whatever follows; a comment by somebody else is told as such, one's own is no news", async () => {
    await allSeen();
    const [fell, other, mine, late] = subjects();
    const changed = key => page.locator(`.grid-row[data-key="${key}"] .c-changed .was`);
    const find = async key => {
        await page.fill("input[type=search]", key.slice(0, 8));
        await page.waitForSelector(`.grid-row[data-key="${key}"]`);
    };
    one.change(trial, fell, {strip: "+++-++??"});
    one.change(trial, fell, {strip: "++?-++?M"});
    one.change(trial, other, {comments: 3});
    await page.waitForFunction(() => /^2 people/.test(document.querySelector(".news-bar").textContent));
    await find(fell);
    assert.equal(await changed(fell).textContent(), "Likely → Not now, 3: met → unknown, 4: met → not met, 8: unknown → met");
    assert.equal(await page.locator(`.grid-row[data-key="${fell}"] .strip .fresh`).count(), 3);
    await find(other);
    assert.equal(await changed(other).textContent(), "A decision or comment by somebody else");
    await page.evaluate(
        async ([address, key]) => {
            const {post} = await import("/assets/api.js");
            await post(address, {kind: "comment", reason: "Called", key});
        },
        [`/api/v1/trials/${trial}/people/${mine}/judgements`, "0".repeat(16)],
    );
    one.add(trial, "e".repeat(32), "++++++??");
    await page.waitForFunction(() => /^3 people/.test(document.querySelector(".news-bar").textContent));
    await page.keyboard.press("Escape");
    await page.keyboard.press("r");
    await find("e".repeat(32));
    assert.equal(await changed("e".repeat(32)).textContent(), "New in the list");
    await find(mine);
    assert.equal(await page.locator(`.grid-row[data-key="${mine}"].news`).count(), 0);
    assert.match(await page.textContent(`.grid-row[data-key="${mine}"] .c-person`), /1 comment/);
    // Seen, then commented on: the fall was seen, the comment was not; the server is asked again once it knows.
    await page.click('button:has-text("Mark all as seen")');
    one.change(trial, fell, {comments: 5});
    await page.waitForFunction(() => /^1 person/.test(document.querySelector(".news-bar").textContent));
    await find(fell);
    assert.equal(await changed(fell).textContent(), "A decision or comment by somebody else");
    one.change(trial, late, {strip: "+++?????"});
    await page.click(".toast button");
    await page.waitForFunction(() => /^4 people/.test(document.querySelector(".news-bar").textContent));
    assert.match(await changed(fell).textContent(), /^Likely → Not now/, "what was taken back is told again, whole");
    // Once the server knows what was seen, it is asked again for what came since.
    await page.click('button:has-text("Mark all as seen")');
    const {stamp} = one.world;
    one.change(trial, fell, {comments: 6});
    await page.waitForFunction(() => /^1 person/.test(document.querySelector(".news-bar").textContent));
    await page.click('button:has-text("Mark all as seen")');
    await page.waitForFunction(() => /^0 people/.test(document.querySelector(".news-bar").textContent));
    const asked = () => one.world.requests.slice(one.world.requests.findIndex(r => r.path.endsWith("/seen")));
    for (let n = 0; n < 50 && !asked().some(r => r.query === `?since=${stamp}`); ++n) await page.waitForTimeout(50);
    assert.deepEqual(
        asked().map(r => r.body || r.query),
        [JSON.stringify({stamp}), `?since=${stamp}`],
    );
});

test("whoever is not listed and in the study, or contradicts a mark, is in the list, after the others, and found by all filters", async () => {
    const [out, part, gone] = subjects();
    one.change(trial, out, {status: "", mark: "screened", decided: "page", contradiction: "not-listed"});
    one.change(trial, part, {status: "", number: "S-030", state: "on-study"});
    one.change(trial, gone, {status: ""});
    await page.reload();
    await page.waitForSelector(".grid-body .grid-row");
    assert.match(await page.textContent(".subline"), / 117 people /);
    await page.click('.chip:has-text("Not listed")');
    assert.equal((await page.textContent('.chip:has-text("Not listed")')).trim(), "Not listed 2");
    assert.deepEqual(await rows(page), [out, part]);
    const row = key => page.locator(`.grid-row[data-key="${key}"]`);
    assert.equal(await row(out).locator(".tag.person").textContent(), "Screened");
    assert.match(await row(out).locator(".tag.bad").getAttribute("title"), /the record says Not listed, people here marked Screened/);
    assert.equal(await row(part).locator(".tag.study").textContent(), "S-030: on study");
    assert.equal(await page.locator(".grid-row.gone").count(), 0);
    assert.equal(await row(out).locator(".strip, .expiry, .c-missing *").count(), 0);
    await shot(page, "worklist-not-listed");
    await page.click('button:has-text("Clear filters")');
    await page.fill("input[type=search]", "s-030");
    assert.deepEqual(await rows(page), [part]);
    await page.fill("input[type=search]", "");
    await page.keyboard.press("Escape");
    await page.focus(".grid-body .grid-row");
    await page.keyboard.press("End");
    assert.deepEqual((await rows(page)).slice(-2), [out, part]);
});

test("a mark is shown beside the participation unless it says the same, also when that has ended", async () => {
    const key = subjects()[0];
    await page.fill("input[type=search]", key.slice(0, 8));
    const tags = () => page.$$eval(`.grid-row[data-key="${key}"] .c-status .tag`, all => all.map(one => one.textContent));
    for (const [state, mark, shown] of [
        ["screening", "enrolled", ["S-1: in screening", "Enrolled"]],
        ["screening", "screened", ["S-1: in screening"]],
        ["on-study", "enrolled", ["S-1: on study"]],
        ["on-study", "excluded", ["S-1: on study", "Excluded"]],
        ["completed", "enrolled", ["S-1: completed", "Enrolled"]],
    ]) {
        one.change(trial, key, {number: "S-1", state, mark, decided: "page"});
        await page.waitForFunction(
            ([k, n]) => [...document.querySelectorAll(`[data-key="${k}"] .c-status .tag`)].map(one => one.textContent).join() === n,
            [key, shown.join()],
        );
        assert.deepEqual(await tags(), shown);
    }
    assert.equal(await page.locator(`.grid-row[data-key="${key}"] .tag.study`).count(), 0);
});

test("how much is missing and against, and the day of the last change, are read whole on a usual screen", async () => {
    const keys = (await rows(page)).slice(0, 4);
    for (const key of keys) one.change(trial, key, {strip: "-?-?-?N?", number: "S-0123", state: "on-study", comments: 12});
    for (const width of [1280, 1400, 1920]) {
        await page.setViewportSize({width, height: 900});
        const cut = await page.$$eval(".grid-body .grid-row", all =>
            all
                .flatMap(row => [...row.querySelectorAll(".c-missing, .c-missing > *, .c-changed time, .c-expires, .c-expires *")])
                .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)
                .map(e => `${e.className} ${e.textContent} ${e.scrollWidth} in ${e.clientWidth}`),
        );
        assert.deepEqual(cut, [], `${width}`);
        const days = await page.$$eval(".grid-body .grid-row", all =>
            all
                .filter(row => {
                    const cell = row.querySelector(".c-changed");
                    return row.querySelector(".c-changed time").getBoundingClientRect().right > cell.getBoundingClientRect().right + 1;
                })
                .map(row => row.querySelector(".c-changed").textContent),
        );
        assert.deepEqual(days, [], `${width}`);
        await shot(page, `worklist-${width}`);
    }
});

test("the first j after sorting goes to the first row; a cursor that the user set stays on its row", async () => {
    const focused = () => page.evaluate(() => document.activeElement.dataset?.key);
    await page.click('.grid-head button:has-text("Person")');
    await page.keyboard.press("j");
    const [first, second] = await rows(page);
    assert.equal(await focused(), first);
    await page.keyboard.press("j");
    assert.equal(await focused(), second);
    await page.click('.grid-head button:has-text("Status")');
    await page.keyboard.press("j");
    assert.equal(await focused(), second);
});

test("on a phone tags have a line of their own, and marks keep their size", async () => {
    const key = subjects()[0];
    one.change(trial, key, {number: "S-0123", state: "screening", mark: "enrolled", decided: "page"});
    await page.setViewportSize({width: 390, height: 844});
    await page.reload();
    await page.fill("input[type=search]", key.slice(0, 8));
    await page.waitForSelector(`[data-key="${key}"] .tag.person`);
    const found = await page.$eval(`[data-key="${key}"]`, row => ({
        strip: row.querySelector(".strip").getBoundingClientRect().width,
        cut: [...row.querySelectorAll(".tag, .tag span:not(.hidden)")].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1)
            .length,
        beyond: [...row.querySelectorAll(".cell > *:not(.hidden)")].filter(e => {
            const [a, b] = [e.getBoundingClientRect(), row.getBoundingClientRect()];
            return a.top < b.top || a.bottom > b.bottom || a.right > b.right;
        }).length,
    }));
    assert.deepEqual(found, {strip: 152, cut: 0, beyond: 0});
    await page.click(`[data-key="${key}"] .label`);
    await page.waitForURL(`**/patient/${trial}/${key}`);
});

test("who is in the study comes after the candidates, and is found by the study number and a filter of its own", async () => {
    const key = subjects().find(s => s.startsWith("8f2e2d02"));
    one.change(trial, key, {number: "S-014", state: "on-study", status: "eligible"});
    await page.waitForSelector(".news-line .update-bar:not([hidden])");
    await page.keyboard.press("r");
    await page.fill("input[type=search]", "s-014");
    assert.deepEqual(await rows(page), [key]);
    assert.equal(await page.textContent(`[data-key="${key}"] .tag.study`), "S-014: on study");
    await page.click('button:has-text("Clear filters")');
    await page.selectOption('label:has-text("Decided by people") select', "in-study");
    assert.deepEqual((await rows(page)).toSorted(), [key, subjects().find(s => s.startsWith("f005ba11"))].toSorted());
    await page.selectOption('label:has-text("Decided by people") select', "none");
    assert.ok(!(await rows(page)).includes(key));
    await page.click('button:has-text("Clear filters")');
    await page.keyboard.press("Escape");
    await page.focus(".grid-body .grid-row");
    await page.keyboard.press("End");
    assert.ok([key, subjects().find(s => s.startsWith("f005ba11"))].includes((await rows(page)).at(-1)));
    await shot(page, "worklist-in-study");
});

test("the word that holds is shown, not one that was said before, and each contradiction in its own words", async () => {
    const [a, b] = subjects();
    one.change(trial, a, {mark: "screened", human: "withdrawn", decided: "study"});
    one.change(trial, b, {mark: "not-interested", decided: "page", contradiction: "criterion:serology"});
    const row = key => page.locator(`.grid-row[data-key="${key}"]`);
    await page.fill("input[type=search]", a.slice(0, 8));
    await row(a).locator(".tag.person").waitFor();
    assert.equal((await row(a).locator(".tag.person").textContent()).trim(), "Study: withdrawn");
    await page.fill("input[type=search]", b.slice(0, 8));
    assert.equal((await row(b).locator(".tag.person").textContent()).trim(), "Not interested");
    assert.match(
        await row(b).locator(".tag.bad").getAttribute("title"),
        /somebody confirmed “ANA of at least 1:160.*the record now says the opposite/,
    );
    await page.click('button:has-text("Clear filters")');
    await page.selectOption('label:has-text("Decided by people") select', "study");
    assert.deepEqual(await rows(page), [a]);
    await page.selectOption('label:has-text("Decided by people") select', "screened");
    assert.ok(!(await rows(page)).includes(a));
});

test("new criteria of a trial reach an open list: names and columns are theirs, and no row moves", async () => {
    const before = await rows(page);
    const {world} = one;
    world.trials = world.trials.map(t =>
        t.id === trial ? {...t, criteria: [...t.criteria, {id: "weight", text: "at least 40 kg", decidedBy: "record"}]} : t,
    );
    world.madeWith = "m2";
    await page.selectOption('label:has-text("Criterion") select', "3");
    await page.click('button:has-text("Clear filters")');
    for (const [key, row] of world.rows.get(trial)) one.change(trial, key, {strip: `${row.strip}?`, status: row.status});
    await page.waitForFunction(() => document.querySelectorAll(".numbers i").length === 9);
    await page.waitForFunction(() => document.querySelector(".grid-row .strip").getAttribute("aria-label").includes("at least 40 kg"));
    assert.deepEqual(await rows(page), before);
    assert.match(await page.textContent(".legend ol"), /at least 40 kg/);
    // Nothing is compared with other criteria but the status.
    await page.waitForFunction(() => document.querySelectorAll(".strip .fresh").length === 0);
    one.change(trial, before[0], {strip: "-????????"});
    await page.waitForFunction(k => document.querySelector(`[data-key="${k}"] .was`)?.textContent === "Eligible → Ineligible", before[0]);
});

test("a change that lies years ahead is no news; on a phone the day says what it is", async () => {
    const [a, b] = await rows(page);
    one.change(trial, a, {changesOn: "2044-01-01"});
    one.change(trial, b, {changesOn: "2026-03-20", status: "not-now"});
    const expiry = key => page.locator(`[data-key="${key}"] .expiry`);
    await page.waitForFunction(k => document.querySelector(`[data-key="${k}"] time`)?.textContent === "2026-03-20", b);
    assert.match(await expiry(a).getAttribute("class"), /muted/);
    assert.doesNotMatch(await expiry(b).getAttribute("class"), /soon/, "to be cured by time is nothing to fear");
    assert.equal(await expiry(b).locator(".narrow").isVisible(), false);
    await page.setViewportSize({width: 360, height: 800});
    assert.equal(await expiry(b).locator(".narrow").isVisible(), true);
    assert.match(await expiry(b).textContent(), /Next change 2026-03-20 in 5 days/);
    await shot(page, "worklist-360");
});

test("keys: j and k and arrows move, Enter opens, u and Back return to the same row, / searches, ? helps", async () => {
    await page.keyboard.press("j");
    const [first, second, third] = await rows(page);
    const focused = () => page.evaluate(() => document.activeElement.dataset?.key);
    assert.equal(await focused(), first);
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), third);
    await page.keyboard.press("k");
    assert.equal(await focused(), second);
    await page.keyboard.press("End");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-rowindex")), "121");
    await page.keyboard.press("Home");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/patient/${trial}/${second}`);
    await page.waitForSelector(".criteria");
    await page.keyboard.press("u");
    await page.waitForSelector(".grid-row");
    await page.keyboard.press("j");
    assert.equal(await focused(), second);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.type), "search");
    await page.keyboard.type("jks");
    assert.equal(await page.inputValue("input[type=search]"), "jks");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.uncheck("dialog input[type=checkbox]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", {state: "detached"});
    await page.keyboard.press("?");
    assert.equal(await page.locator("dialog").count(), 0, "single keys can be turned off");
});

test("live: hundreds of changes move no row under the pointer, nor any other, until the user asks", async () => {
    const key = (await rows(page))[4];
    await page.hover(`.grid-row[data-key="${key}"]`);
    const before = await boxes();
    const listed = await rows(page);
    for (let n = 0; n < 300; ++n) {
        const all = subjects();
        const subject = n % 3 === 0 ? listed[n % listed.length] : all[(n * 37) % all.length];
        one.change(
            trial,
            subject,
            n % 11 === 0 ? {status: "", strip: ""} : {strip: ["++++++??", "????????", "-+++++??", "++++++MM"][n % 4]},
        );
        if (n % 10 === 0) one.add(trial, n.toString(16).padStart(32, "e"), "++++++MM");
        if (n % 25 === 0) assert.deepEqual(await boxes(), before);
    }
    one.change(trial, key, {strip: "-+++++??"});
    await page.waitForFunction(k => document.querySelector(`[data-key="${k}"] .status`).textContent === "Ineligible", key);
    assert.deepEqual(await boxes(), before);
    assert.match(await bar().textContent(), /^\d+ new people, \d+ changes of order: sort again$/);
    await shot(page, "worklist-live");
    await bar().locator("button").click();
    await page.waitForFunction(k => !document.querySelector(`[data-key="${k}"]`), key);
    assert.equal(await bar().isVisible(), false);
    assert.equal(await status((await rows(page))[0]), "Eligible");
});

test("live: the focused row keeps its focus and place, also when it is no longer listed", async () => {
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const [first, second] = await rows(page);
    one.change(trial, second, {status: "", strip: ""});
    one.change(trial, first, {strip: "????????"});
    await page.waitForSelector(`.grid-row.gone[data-key="${second}"]`);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.key), second);
    assert.deepEqual((await rows(page)).slice(0, 2), [first, second]);
    await page.keyboard.press("r");
    await page.waitForSelector(`.grid-row[data-key="${second}"]`, {state: "detached"});
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains("grid-row")), "the focus stays in the list");
});

test("live: an empty list fills by itself", async () => {
    const empty = await mock({people: 0});
    const other = await newPage(empty.origin);
    await enter(other, empty);
    assert.equal(await other.textContent(".list-frame .empty"), "Nobody is listed yet. People appear here by themselves.");
    empty.add(trial, "a".repeat(32), "++++++??");
    await other.waitForSelector(".grid-row[data-key]");
    await calm(other);
    await other.context().close();
    await empty.close();
});

test("live: a lost connection is said, and what was missed is fetched when it is back", async () => {
    const key = (await rows(page))[0];
    one.world.streams.forEach(stream => stream.destroy());
    one.fail("GET /api/v1/events", 503, "Busy.", 1);
    await page.waitForSelector('.live[data-state="lost"]');
    assert.match(await page.textContent(".live"), /Not connected\. What you see is of 2026-03-15/);
    one.change(trial, key, {strip: "????????"});
    await page.waitForSelector('.live[data-state="live"]');
    await page.waitForFunction(k => document.querySelector(`[data-key="${k}"] .status`).textContent === "Possible", key);
});

test("another trial is one choice away, and its list is its own", async () => {
    await page.selectOption(".chooser select", "dapa-hf");
    await page.waitForURL("**/worklist/dapa-hf");
    await page.waitForFunction(() => document.querySelector(".grid")?.getAttribute("aria-rowcount") === "13");
    assert.equal(await page.locator(".numbers i").count(), 6);
    await page.goBack();
    await page.waitForFunction(() => document.querySelector(".grid")?.getAttribute("aria-rowcount") === "121");
});

test("a click opens the person, a click with a modifier is left to the browser", async () => {
    const key = (await rows(page))[2];
    const [popup] = await Promise.all([
        page.context().waitForEvent("page"),
        page.click(`.grid-row[data-key="${key}"] .label`, {modifiers: ["Control"]}),
    ]);
    await popup.close();
    assert.match(page.url(), /worklist/);
    await page.click(`.grid-row[data-key="${key}"] .c-changed`);
    await page.waitForURL(`**/patient/${trial}/${key}`);
});
