// One person: what is shown, every decision and its way back, and that nothing of what a server says is ever run.
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, test} from "node:test";
import {mock} from "./mock.mjs";
import {enter, finish, newPage, shot, start, stop} from "./support.mjs";

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
async function person(prefix) {
    await enter(page, one, `/patient/${trial}/${subject(prefix)}`);
    await page.waitForSelector(".timeline svg");
}
const posted = suffix => {
    const {key, ...said} = JSON.parse(one.world.requests.findLast(r => r.method === "POST" && r.path.endsWith(suffix)).body);
    assert.match(key, /^[A-Za-z0-9-]{16,64}$/);
    return said;
};
const text = async selector => (await page.textContent(selector)).replace(/\s+/g, " ").trim();
const toast = words => page.waitForFunction(w => document.querySelector(".toast")?.textContent.includes(w), words);

test("who, status, why and what to do next", async () => {
    await person("7281e310");
    assert.equal(await text("h1"), "7281e310");
    assert.equal(await text(".person .status"), "Possible");
    const next = await page.$$eval(".todo li b", all => all.map(one => one.textContent));
    assert.deepEqual(next, [
        "ANA titer or anti-dsDNA since 2025-09-15",
        "a SLEDAI-2K total since 2026-02-13",
        "Has the patient given informed consent?",
        "Is the patient willing and able to attend all visits?",
    ]);
    assert.doesNotMatch(await text(".todo"), /not met|\bno\b(?! data)/);
    assert.match(await text(".person"), /Pseudonym [0-9a-f]{32}/);
    await shot(page, "patient", true);
});

test("a criterion has its verdict, explanation, evidence with date, reference and version, and what would decide it", async () => {
    await person("7281e310");
    const serology = page.locator('.criterion[data-id="serology"]');
    assert.equal(await serology.getAttribute("open"), "");
    const said = (await serology.textContent()).replace(/\s+/g, " ");
    assert.match(said, /unknown: too old/);
    assert.match(said, /ANA positive without a titer; anti-dsDNA of 2025-06-11 is older than 6 months/);
    assert.match(said, /What would decide it.*ANA titer or anti-dsDNA since 2025-09-15/);
    assert.deepEqual(await serology.locator("tbody td").allTextContents(), [
        "Antinuclear antibodies (ANA)",
        "positive",
        "2025-12-01",
        "Observation/bea-ana",
        "1",
    ]);
});

test("nested scores are a tree that opens level by level, by keys too", async () => {
    await person("8f2e2d02");
    const top = page.locator('.criterion[data-id="sle-classification"]').first();
    await top.locator("> summary").focus();
    await page.keyboard.press("Enter");
    const acr = top.locator('.criterion[data-id="acr-1997"]');
    assert.match(await acr.locator("> summary").textContent(), /6 of 11, at most 7/);
    await acr.locator("> summary").click();
    const unknown = acr.locator('.criterion[data-id="acr.seizures"]');
    assert.match(await unknown.textContent(), /Neurologic disorder unknown: no data/);
    assert.match(await acr.locator('[data-id="acr.serositis"]').textContent(), /not met/);
    await acr.locator('[data-id="acr.renal"] > summary').click();
    assert.match(
        await acr.locator('[data-id="acr.renal"]').textContent(),
        /Urine protein\/creatinine900 mg\/g.*2026-01-10.*Observation\/anna-upcr1/s,
    );
});

test("the timeline draws results, limits, windows, expiry and medication, and says the same as a table", async () => {
    await person("8f2e2d02");
    const drawn = name => page.locator(`div.timeline ${name}`).count();
    assert.ok((await drawn("circle.point")) > 15);
    assert.equal(await drawn("path.limit"), 4);
    assert.equal(await drawn("rect.window"), 4);
    assert.equal(await drawn("path.expires"), 4);
    assert.equal(await drawn("rect.medications"), 4);
    assert.equal(await drawn("path.today"), 1);
    await shot(page, "timeline-year", true);
    const inYear = await drawn("circle.point");
    await page.check('.spans input[value="all"]', {force: true});
    assert.ok((await drawn("circle.point")) > inYear);
    assert.equal(await drawn("path.unusable"), 2);
    await page.click(".as-table summary");
    const table = await text(".as-table table");
    assert.match(table, /eGFR \(CKD-EPI 2021\)/);
    assert.match(table, /2021-03-01 ?hydroxychloroquine ?200 mg, twice a day ?MedicationRequest\/anna-hcq ?4 ?ongoing/);
    assert.match(table, /undated ?|2025-08-01/);
    await shot(page, "timeline-all", true);
});

test("the timeline draws nothing as so that was refuted, is over or is not sure, and says it in words", async () => {
    await person("8f2e2d02");
    const today = Number((await page.getAttribute("div.timeline path.today", "d")).match(/^M([\d.]+)/)[1]);
    const bars = Object.fromEntries(
        await page.$$eval("div.timeline g.row:has(rect[data-open])", all =>
            all.map(row => {
                const rect = row.querySelector("rect");
                return [
                    row.querySelector("rect title").textContent.split(":")[0],
                    {
                        end: Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")),
                        hollow: rect.classList.contains("hollow"),
                        arrow: row.querySelector("path") !== null,
                        title: row.querySelector("rect title").textContent,
                        said: row.querySelector(".said")?.textContent ?? "",
                    },
                ];
            }),
        ),
    );
    assert.equal(bars.Epilepsy, undefined, "refuted");
    const at = name => bars[name];
    assert.ok(at("Lupus nephritis").arrow && !at("Lupus nephritis").hollow && Math.abs(at("Lupus nephritis").end - today) < 1);
    assert.ok(at("Breast cancer").end < today - 20 && at("Breast cancer").hollow && !at("Breast cancer").arrow);
    assert.equal(at("Breast cancer").said, "ended, day unknown");
    assert.doesNotMatch(at("Breast cancer").title, /ongoing/);
    assert.ok(at("Pericarditis").end < today - 20 && !at("Pericarditis").arrow);
    assert.match(at("Pericarditis").title, /until 2025-10-20/);
    assert.ok(at("Antiphospholipid syndrome").hollow && !at("Antiphospholipid syndrome").arrow);
    assert.equal(at("Antiphospholipid syndrome").said, "not confirmed");
    assert.equal(at("azathioprine").said, "on hold");
    await page.click(".as-table summary");
    const notes = Object.fromEntries(
        await page.$$eval(".as-table tbody tr", all => all.map(row => [row.children[1].textContent, row.lastChild.textContent])),
    );
    assert.equal(notes["Breast cancer"], "ended, day unknown");
    assert.equal(notes.Epilepsy, "refuted");
    assert.equal(notes["Antiphospholipid syndrome"], "not confirmed, ongoing");
    assert.equal(notes.azathioprine, "on hold");
    const whens = Object.fromEntries(
        await page.$$eval(".as-table tbody tr", all => all.map(row => [row.children[1].textContent, row.children[0].textContent])),
    );
    assert.equal(whens.azathioprine, "2025-09", "as it was reported");
    assert.equal(whens["Systemic lupus erythematosus"], "2019-05");
    assert.match(at("azathioprine").title, /: 2025-09, on hold\. /);
});

test("the timeline fills only what counts, dates the latest result, and puts what cannot be used at the foot", async () => {
    await person("8f2e2d02");
    const row = name => page.locator("div.timeline g.row", {has: page.locator(`text.lab:has-text("${name}")`)});
    assert.equal(await row("ANA").locator("path.worded.old").count(), 2, "a word of before the window, and one of a day to come");
    assert.equal(await row("ANA").locator("path.worded.may").count(), 1, "a month that lies partly in the window");
    assert.equal(await row("ANA").locator("path.worded:not(.old, .may)").count(), 1);
    assert.equal(await row("ANA").locator("text.day").textContent(), "2025-12-01", "not the one in the future");
    assert.ok((await row("eGFR").locator("path.point.old").count()) >= 1, "a comparator of before the window");
    assert.equal(await row("eGFR").locator("path.point:not(.old)").count(), 0);
    assert.equal(await row("eGFR").locator("text.day").textContent(), "2026-02-18");
    assert.equal(await row("Hepatitis B").locator("text.day").textContent(), "2022, older than shown");
    const heights = await page.$$eval("div.timeline path.unusable", all => all.map(p => p.getBBox().y));
    const rule = await row("White cells")
        .locator(".rule")
        .evaluate(p => p.getBBox().y);
    for (const y of heights) assert.ok(y > rule - 40 && y < rule, `${y} in the row that ends at ${rule}`);
    await page.click(".as-table summary");
    assert.match(await text(".as-table table"), /2022 ?Hepatitis B surface antigen/);
    assert.match(await text(".as-table table"), /2025-05 ?ANA ?negative.*outside its window: does not count/);
    const noted = await page.$$eval(".as-table tbody tr", all =>
        all.filter(r => r.children[1].textContent === "ANA").map(r => `${r.children[0].textContent}: ${r.lastChild.textContent}`),
    );
    assert.deepEqual(noted, [
        "2026-05-01: in the future: does not count",
        "2025-12-01: Next change 2026-06-02",
        "2025-09: day not known exactly: may count",
        "2025-05: outside its window: does not count",
        "2024: outside its window: does not count",
    ]);
    await page.click(".askers summary");
    assert.match(
        await text(".asking"),
        /Hepatitis B surface antigen is drawn for “ANA of at least 1:160.*”: < 1\. Also asked by “eGFR of .*”: < 5, within 30 days, next change 2026-03-22\./,
    );
});

test("the day on which a result expires is apart from the words of its limit", async () => {
    await page.setViewportSize({width: 400, height: 900});
    await person("8f2e2d02");
    const near = await page.$$eval("div.timeline g.row", all =>
        all
            .map(row => [row.querySelector("text.limit"), row.querySelector("text.expires"), row.querySelector("path.limit")])
            .filter(([limit, expires]) => limit && expires)
            .map(([limit, expires, line]) => {
                const a = limit.getBBox(),
                    b = expires.getBBox(),
                    y = line.getBBox().y;
                return {
                    over: a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
                    crossed: y > b.y && y < b.y + b.height,
                };
            }),
    );
    assert.ok(near.length > 1);
    assert.ok(
        near.every(one => !one.over && !one.crossed),
        JSON.stringify(near),
    );
});

test("the day on which a result expires is written over no result, wherever that lies, on a phone and on a screen", async () => {
    let shown = [200, "2026-03-10", "2026-03-20"];
    await person("8f2e2d02");
    await page.route("**/timeline", async route => {
        const answer = await route.fetch();
        const line = await answer.json();
        const lab = line.labs.find(one => one.concept === "c3");
        const [value, on, expires] = shown;
        lab.points.push({...lab.points.at(-1), on, last: on, when: on, value, text: `${value} mg/dL`});
        lab.expires = expires;
        await route.fulfill({response: answer, json: line});
    });
    for (const width of [390, 1200])
        for (shown of [
            [200, "2026-03-10", "2026-03-20"],
            [200, "2026-03-14", "2026-06-20"],
            [1, "2026-03-10", "2026-03-20"],
            [200, "2026-02-25", "2026-03-16"],
        ]) {
            await page.setViewportSize({width, height: 900});
            await page.reload();
            await page.waitForSelector(".timeline svg");
            const over = await page.$$eval("div.timeline g.row", all =>
                all.flatMap(row => {
                    const label = row.querySelector("text.expires");
                    if (!label) return [];
                    const a = label.getBBox();
                    return [...row.querySelectorAll(".point, .worded, .unusable")]
                        .map(one => one.getBBox())
                        .filter(b => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height)
                        .map(b => `${label.textContent} over ${b.x} ${b.y}`);
                }),
            );
            assert.deepEqual(over, [], `${width}: ${shown}`);
        }
    await shot(page, "timeline-expiry", true);
});

test("deciding a criterion: asked for a reason, shown as a person's, and taken back", async () => {
    await person("8f2e2d02");
    await page.click("#confirm-consent");
    await page.click('dialog button[type="submit"]');
    assert.equal(one.world.judgements.length, 1, "nothing is sent without verdict and reason");
    await page.check('dialog input[value="met"]');
    await page.fill("dialog textarea", "   ");
    await page.click('dialog button[type="submit"]');
    assert.equal(await text("dialog .wrong"), "Please fill in what is required.");
    await page.fill("dialog textarea", "Signed on paper today");
    await shot(page, "dialog-confirm");
    await page.click('dialog button[type="submit"]');
    await toast("Decided.");
    assert.deepEqual(posted("/judgements"), {kind: "criterion", what: "consent", value: "met", reason: "Signed on paper today"});
    await page.waitForSelector('.criterion[data-id="consent"][data-verdict="met"]');
    assert.match(await text('.criterion[data-id="consent"]'), /met \(by a person\)/);
    assert.equal(await page.locator('.criterion[data-id="consent"] path[data-mark="met-person"]').count(), 1);
    assert.match(await text(".decisions"), /informed consent: met.*Signed on paper today.*Undo/);
    await page.click(".toast button");
    await toast("Taken back.");
    await page.waitForSelector('.criterion[data-id="consent"][data-verdict="unknown"]');
    assert.match(await text(".decisions"), /Taken back by Local user/);
});

test("marking with a study number; a number that is taken is said in the dialog and nothing is lost", async () => {
    await person("7281e310");
    await page.click("#do-mark");
    assert.equal(await page.isVisible("dialog [name=number]"), false);
    await page.check('dialog input[value="screened"]');
    await page.fill("dialog textarea", "Consented");
    await page.fill("dialog [name=number]", "S-001");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector("dialog .wrong:not([hidden])");
    assert.equal(await text("dialog .wrong"), "S-001 is taken by somebody else.");
    assert.equal(await page.inputValue("dialog textarea"), "Consented");
    await page.fill("dialog [name=number]", "S-009");
    await page.click('dialog button[type="submit"]');
    await toast("Marked: Screened.");
    assert.deepEqual(posted("/judgements"), {kind: "mark", value: "screened", reason: "Consented", number: "S-009", on: "2026-03-15"});
    await page.waitForSelector(".person .tag.study");
    assert.equal(await text(".person .tag.study"), "S-009: in screening");
    assert.equal(await page.locator(".person .tag.person").count(), 0, "nothing is said twice");
    await page.click("#do-mark");
    await page.check('dialog input[value="excluded"]');
    await page.fill("dialog textarea", "Too ill");
    await page.click('dialog button[type="submit"]');
    await toast("Marked: Excluded.");
    assert.deepEqual(posted("/judgements"), {kind: "mark", value: "excluded", reason: "Too ill"});
});

test("a comment, taken back from the list", async () => {
    await person("8f2e2d02");
    await page.click("#do-comment");
    await page.fill("dialog textarea", "Prefers mornings");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("Prefers mornings")');
    await page.click(".decisions button");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions .undone:has-text("Prefers mornings")');
});

test("a mapping proposal: the code is chosen, the concept is found", async () => {
    await person("8f2e2d02");
    await page.click("#code-1");
    assert.equal(await text("dialog h2"), "8f2e2d02: what does “C3 nephelom.” mean?");
    await page.fill("dialog [name=find]", "complement c3");
    assert.equal(await page.inputValue("dialog [name=concept]"), "c3");
    await page.fill("dialog textarea", "Laboratory handbook, page 12");
    await page.click('dialog button[type="submit"]');
    await toast("Proposal saved.");
    assert.deepEqual(posted("/judgements"), {
        kind: "mapping",
        value: {system: "https://klinikum.example.de/labor", code: "C3N", display: "C3 nephelom.", concept: "c3"},
        reason: "Laboratory handbook, page 12",
    });
    await page.waitForSelector('.decisions:has-text("“C3 nephelom.” means c3 (proposal)")');
});

test("identity is revealed for a reason only, and then shown with a link", async () => {
    await person("8f2e2d02");
    await page.click("#do-reveal");
    await page.fill("dialog textarea", "Has to be called about a result");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector(".identity a");
    assert.equal(await text(".identity"), "Identity in ehr: Patient/p-8f2e");
    assert.equal(await page.getAttribute(".identity a", "rel"), "noreferrer noopener");
    assert.equal(await page.locator("#do-reveal").count(), 0);
    assert.doesNotMatch(page.url(), /Patient/);
});

test("Escape leaves a dialog without doing anything, and the focus returns", async () => {
    await person("8f2e2d02");
    await page.focus("#do-comment");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.type("Never mind");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assert.equal(await page.inputValue("dialog textarea"), "Never mind", "a text is not thrown away without asking");
    await page.keyboard.press("Escape");
    await page.click('dialog button:has-text("Throw away")');
    await page.waitForSelector("dialog", {state: "detached"});
    assert.equal(await page.evaluate(() => document.activeElement.id), "do-comment");
    assert.equal(one.world.judgements.length, 1);
});

test("news about this person is told, not forced; about others it is not told", async () => {
    await person("8f2e2d02");
    await page.waitForTimeout(300);
    one.change(trial, subject("7281e310"), {strip: "????????"});
    one.change(trial, subject("8f2e2d02"), {strip: "++++?+??"});
    await page.waitForSelector(".root > .update-bar:not([hidden]) button");
    assert.equal(await text(".person .status"), "Likely");
    await page.click(".root > .update-bar button");
    await page.waitForFunction(() => document.querySelector(".person .status").textContent === "Possible");
    assert.equal(one.world.requests.filter(r => r.path.endsWith(subject("7281e310"))).length, 0);
});

test("contradictions and a person's stronger word are said", async () => {
    await person("ba5eba11");
    assert.match(await text(".person"), /Contradiction: the record says Likely, people here marked Not interested/);
});

test("whoever is in the study is no candidate: the number stands at the head, and nothing is asked for prescreening", async () => {
    one.change(trial, subject("7281e310"), {number: "S-014", state: "on-study"});
    await person("7281e310");
    assert.equal(await text(".person .tag.study"), "S-014: on study");
    assert.equal(await page.locator(".todo").count(), 0);
    assert.match(await text("section.next"), /In the study as S-014: nothing has to be found out for prescreening/);
    assert.doesNotMatch(await text("section.next"), /consent/);
    await shot(page, "patient-in-study");
    one.change(trial, subject("7281e310"), {number: "S-014", state: "screen-failure"});
    await page.reload();
    await page.waitForSelector("section.next");
    assert.equal(await text(".person .tag:not(.person)"), "S-014: screen failure");
    assert.match(await text("section.next"), /S-014: screen failure: nothing has to be found out/);
    assert.equal(await page.locator(".todo").count(), 0);
});

test("whose word holds is shown, and each contradiction says whose word it is against", async () => {
    const key = subject("7281e310");
    one.change(trial, key, {mark: "screened", human: "withdrawn", decided: "study", contradiction: ""});
    await person("7281e310");
    assert.equal(await text(".person .tag.person"), "Study: withdrawn");
    assert.match(await text(".person"), /Marked on this page before: Screened\. The later word of the study system holds\./);
    one.change(trial, key, {mark: "screened", human: "on-study", decided: "study", contradiction: "not-listed criterion:consent"});
    await page.reload();
    await page.waitForSelector(".person .wrong");
    assert.deepEqual(await page.$$eval(".person .wrong", all => all.map(one => one.textContent)), [
        "Contradiction: the record says Not listed, the study system says on study. Please look.",
        "Contradiction: somebody confirmed “informed consent”, the record now says the opposite. Please look.",
    ]);
    one.change(trial, key, {mark: "enrolled", human: "withdrawn", decided: "page", contradiction: "ineligible"});
    await page.reload();
    await page.waitForSelector(".person .wrong");
    assert.equal(await text(".person .tag.person"), "Enrolled");
    assert.match(await text(".person .wrong"), /the record says Ineligible, people here marked Enrolled/);
    assert.match(await text(".person"), /The study system said before: withdrawn\. The later mark on this page holds\./);
});

test("a name that belongs to another person now leads there", async () => {
    one.world.merged.set(subject("7281e310"), subject("8f2e2d02"));
    await person("7281e310");
    assert.match(await text(".merged"), /This name belongs to another person now/);
    await page.click(".merged a");
    await page.waitForURL(`**/${subject("8f2e2d02")}`);
    await page.waitForFunction(() => document.querySelector("h1")?.textContent === "8f2e2d02");
});

test("of a name that belongs to another person only the link is offered", async () => {
    const key = subject("7281e310");
    one.world.judgements.push({...one.world.judgements[0], id: 60, kind: "criterion", what: "consent", value: "met", mayUndo: true});
    one.change(trial, key, {status: "", mark: "screened", decided: "page", contradiction: "not-listed"});
    one.world.merged.set(key, subject("8f2e2d02"));
    await enter(page, one, `/patient/${trial}/${key}`);
    await page.waitForSelector(".merged a");
    assert.equal(
        await page.locator(".person .tag, .person .status, .person .wrong, .toolbar button, section.next, .decisions button").count(),
        0,
    );
    assert.match(await text(".decisions"), /informed consent: met/);
    await shot(page, "patient-merged", true);
});

test("whoever is not listed is not marked, decided or revealed, but one who takes part may be revealed", async () => {
    const key = subject("7281e310");
    one.change(trial, key, {status: "", contradiction: "not-listed", mark: "screened", decided: "page"});
    await enter(page, one, `/patient/${trial}/${key}`);
    await page.waitForSelector(".toolbar");
    assert.equal(await page.locator("#do-mark, #do-reveal, .confirm").count(), 0);
    assert.equal(await page.locator("#do-comment").count(), 1);
    assert.equal(await text(".person .status"), "Not listed");
    assert.equal(await text("ol.history"), "Not listed 2026-03-13 08:00The record changed");
    await shot(page, "patient-not-listed", true);
    one.change(trial, key, {number: "S-014", state: "on-study"});
    await page.reload();
    await page.waitForSelector("#do-reveal");
    assert.equal(await page.locator("#do-mark").count(), 0);
});

test("nothing is ordered for somebody whom people or the study turned down", async () => {
    const key = subject("7281e310");
    for (const [row, said] of [
        [{mark: "excluded", decided: "page"}, /^What to do nextExcluded: nothing has to be found out/],
        [{mark: "not-interested", decided: "page"}, /^What to do nextNot interested: nothing/],
        [{mark: "", human: "ineligible", decided: "study"}, /^What to do nextStudy: ineligible: nothing/],
        [{human: "withdrawn"}, /^What to do nextStudy: withdrawn: nothing/],
    ]) {
        one.change(trial, key, row);
        await person("7281e310");
        assert.match(await text("section.next"), said);
        assert.equal(await page.locator(".todo").count(), 0);
    }
    one.change(trial, key, {human: "candidate"});
    await person("7281e310");
    assert.equal(await page.locator(".todo li").count(), 4);
});

test("evidence says what was refuted", async () => {
    await person("8f2e2d02");
    await page.evaluate(() => document.querySelectorAll("details.criterion").forEach(d => (d.open = true)));
    const row = page.locator(".evidence tr", {hasText: "Condition/anna-dle"});
    assert.equal((await row.locator(".what").textContent()).replace(/\s+/g, " "), "Discoid lupus refuted");
    assert.equal(await page.locator(".evidence tr", {hasText: "Condition/anna-sle"}).first().locator(".tag").count(), 0);
});

test("of withheld people nothing is drawn, asked or made up", async () => {
    one.world.rows.get(trial).get(subject("7281e310")).withheld = true;
    await enter(page, one, `/patient/${trial}/${subject("7281e310")}`);
    await page.waitForSelector("section.timeline .empty");
    assert.match(await text("section.notes"), /refused the use of the record for research/);
    assert.equal(await page.locator("div.timeline, section.next, .criterion").count(), 0);
    assert.doesNotMatch(await text("main"), /Nothing is missing|null|female/);
});

test("what was said with other criteria names none of today's", async () => {
    one.world.amended = true;
    await person("8f2e2d02");
    const said = await page.$$eval(".history > li", all => all.map(one => one.textContent));
    assert.match(said[0], /18 to 75 years at screening: unknown/);
    assert.match(said[1], /The criteria were others before; what changed cannot be told apart\./);
    assert.match(said[2], /Said with other criteria than today's\./);
    assert.doesNotMatch(said[1] + said[2], /ANA|SLEDAI|eGFR of/);
});

test("a person that is not found leaves no listener behind, and an event before the answer breaks nothing", async () => {
    const asked = () => one.world.requests.filter(r => r.path.endsWith("/worklist")).length;
    await enter(page, one, `/patient/${trial}/${"0".repeat(32)}`);
    await page.waitForSelector(".failure");
    await page.waitForTimeout(300);
    const before = asked();
    for (let n = 0; n < 3; ++n) {
        one.change(trial, subject("8f2e2d02"), {comments: n});
        await page.waitForTimeout(300);
    }
    assert.equal(asked(), before);
    await page.goto(`${one.origin}/visits`);
    await page.waitForSelector(".calendar");
    let go;
    const held = new Promise(done => (go = done));
    const address = `/patient/${trial}/${subject("8f2e2d02")}`;
    let asking;
    const isAsked = new Promise(done => (asking = done));
    await page.route(`**/people/${subject("8f2e2d02")}`, async route => {
        asking();
        await held;
        await route.continue();
    });
    await page.evaluate(to => {
        history.pushState(null, "", to);
        dispatchEvent(new PopStateEvent("popstate"));
    }, address);
    await isAsked;
    one.change(trial, subject("8f2e2d02"), {comments: 7});
    await page.waitForTimeout(500);
    go();
    await page.waitForSelector(".timeline svg");
    await page.waitForSelector(".root > .update-bar:not([hidden]) button");
    assert.equal(await page.locator(".failure").count(), 0);
    assert.ok(
        one.world.requests.filter(r => r.path.endsWith("/worklist") && r.query !== "").every(r => r.background),
        "asked by the page itself",
    );
});

test("an answer that comes late never replaces a newer one", async () => {
    await person("8f2e2d02");
    let go;
    const held = new Promise(done => (go = done));
    let n = 0;
    await page.route(`**/people/${subject("8f2e2d02")}`, async route => {
        const answer = await route.fetch();
        if (++n === 1) await held;
        await route.fulfill({response: answer});
    });
    one.change(trial, subject("8f2e2d02"), {strip: "++++?+??"});
    await page.waitForSelector(".root > .update-bar:not([hidden]) button");
    await page.click(".root > .update-bar button");
    await page.waitForTimeout(200);
    one.change(trial, subject("8f2e2d02"), {strip: "-+++++??"});
    await page.click(".root > .update-bar button");
    await page.waitForFunction(() => document.querySelector(".person .status").textContent === "Ineligible");
    go();
    await page.waitForTimeout(400);
    assert.equal(await text(".person .status"), "Ineligible");
});

test("evidence has no scroll bar of its own and is read whole on a phone", async () => {
    await page.setViewportSize({width: 360, height: 800});
    await person("7281e310");
    for (const box of await page.$$(".criterion:not([open]) > summary")) await box.click();
    const wide = await page.$$eval(
        ".evidence-box",
        all => all.filter(e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > 361).length,
    );
    assert.ok((await page.locator(".evidence-box:visible").count()) > 3);
    assert.equal(wide, 0);
    await shot(page, "patient-360", true);
});

test("hostile words in records, comments and codes are shown as words", async () => {
    await page.context().close();
    await one.close();
    one = await mock({people: 20, nasty: true});
    page = await newPage(one.origin);
    await person("7281e310");
    await page.click(".as-table summary");
    for (const box of await page.$$(".criterion:not([open]) > summary")) await box.click();
    assert.ok((await page.textContent("main")).split("<script>globalThis.hacked = 1</script>").length > 8);
    assert.equal(await page.locator("main script, main img, main iframe").count(), 0);
    await page.click("#code-0");
    assert.match(await page.textContent("dialog"), /<img src=x onerror=/);
    await page.keyboard.press("Escape");
    await page.click("#do-comment");
    await page.fill("dialog textarea", "<img src=x onerror=alert(1)>");
    await page.click('dialog button[type="submit"]');
    await page.waitForSelector('.decisions:has-text("<img src=x onerror=alert(1)>")');
    await shot(page, "patient-hostile", true);
});

test("on paper: everything is open, no buttons, whose page it is and its number, a place to sign", async () => {
    await person("8f2e2d02");
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({media: "print"});
    assert.equal(await page.locator(".criterion:is(details):not([open])").count(), 0);
    for (const gone of ["#top", ".toolbar", ".confirm", ".spans"]) assert.equal(await page.locator(gone).first().isVisible(), false, gone);
    assert.equal(await page.locator(".signatures").isVisible(), true);
    assert.match(await text(".signatures"), /Printed 2026-03-15 09:0\d by Local user/);
    const rule = await page.evaluate(
        () =>
            [...document.styleSheets].find(sheet => sheet.href.endsWith("print.css")).cssRules[
                document.styleSheets.length
                    ? [...document.styleSheets].find(sheet => sheet.href.endsWith("print.css")).cssRules.length - 1
                    : 0
            ].cssText,
    );
    assert.match(rule, /@page.*8f2e2d02.*LK-23-01.*2026-03-15/s);
    await page.emulateMedia({media: null});
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.ok((await page.locator(".criterion:is(details):not([open])").count()) > 0);
    const pdf = await page.pdf({preferCSSPageSize: true, ...(process.env.SHOTS ? {path: `${process.env.SHOTS}/patient.pdf`} : {})});
    assert.ok(pdf.length > 10000);
});
