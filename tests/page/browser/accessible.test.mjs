// axe without findings: each view and each dialog, light, dark and on a phone; and what axe cannot see.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {mock} from "./mock.mjs";
import {accessible, dark, enter, finish, newPage, phone, shot, start, stop} from "./support.mjs";

before(start);
after(stop);
const looks = {light: {}, dark, phone, "dark-phone": {...phone, ...dark}};
const views = {
    worklist: ["/worklist/sle-uc-msc", ".grid-row[data-key]"],
    visits: ["/visits", ".calendar"],
    alerts: ["/alerts", ".alert"],
    operations: ["/operations", ".p-quarantine"],
    audit: ["/audit", ".audit tbody tr"],
};

for (const [look, options] of Object.entries(looks)) {
    test(`axe finds nothing in any view: ${look}`, async () => {
        const one = await mock({people: 60});
        const page = await newPage(one.origin, options);
        try {
            await enter(page, one);
            for (const [view, [address, ready]] of Object.entries(views)) {
                await page.goto(one.origin + address);
                await page.waitForSelector(ready);
                await accessible(page, `${view}, ${look}`);
                await shot(page, `${view}-${look}`, view !== "worklist");
            }
            const subjects = [...one.world.rows.get("sle-uc-msc").keys()];
            for (const n of [1, 6]) {
                await page.goto(`${one.origin}/patient/sle-uc-msc/${subjects[n]}`);
                await page.waitForSelector("div.timeline svg");
                await accessible(page, `patient ${n}, ${look}`);
                await page.evaluate(() =>
                    document.querySelectorAll("details.criterion, .as-table").forEach(d => {
                        d.open = true;
                    }),
                );
                await accessible(page, `patient ${n} opened, ${look}`);
                await shot(page, `patient${n}-${look}`, true);
            }
        } finally {
            await finish(page, one);
        }
    });

    test(`axe finds nothing in any dialog, nor when logged out: ${look}`, async () => {
        const one = await mock({people: 20});
        const page = await newPage(one.origin, options);
        try {
            const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
            await enter(page, one, `/patient/sle-uc-msc/${subject}`);
            await page.waitForSelector("div.timeline svg");
            for (const opener of ["#do-mark", "#do-comment", "#do-mapping", "#do-reveal", "#confirm-consent"]) {
                await page.click(opener);
                await page.waitForSelector("dialog[open]");
                if (opener === "#do-mark") await page.check('dialog input[value="enrolled"]');
                if (opener === "#do-comment") await page.fill("dialog textarea", " ");
                await page.click('dialog button[type="submit"]');
                await accessible(page, `${opener}, ${look}`);
                await shot(page, `dialog${opener.replace("#do", "").replace("#", "-")}-${look}`);
                await page.keyboard.press("Escape");
                await page.waitForSelector("dialog", {state: "detached"});
            }
            await page.click(".right button.icon");
            await accessible(page, `help, ${look}`);
            await shot(page, `help-${look}`);
            await page.keyboard.press("Escape");
            await page.click(".who summary");
            await accessible(page, `user, ${look}`);
            await page.click(".popup button");
            await page.waitForSelector(".login");
            await accessible(page, `login, ${look}`);
            await shot(page, `login-${look}`);
        } finally {
            await finish(page, one);
        }
    });
}

test("every control is at least 24 pixels in both directions, or has room around it", async () => {
    const one = await mock({people: 20});
    const page = await newPage(one.origin);
    try {
        const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
        await enter(page, one);
        for (const address of [...Object.values(views).map(v => v[0]), `/patient/sle-uc-msc/${subject}`]) {
            await page.goto(one.origin + address);
            await page.waitForSelector("main h1");
            await page.waitForTimeout(300);
            const small = await page.$$eval("button, select, input:not([type=radio], [type=checkbox]), summary, nav a, .button", all =>
                all
                    .filter(e => e.checkVisibility() && !e.closest(".hidden"))
                    .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
                    .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
                    .map(([html, r]) => `${html} ${r.width}x${r.height}`),
            );
            assert.deepEqual(small, [], address);
        }
    } finally {
        await finish(page, one);
    }
});

test("nothing is wider than a phone, also at 320 pixels", async () => {
    const one = await mock({people: 20});
    const page = await newPage(one.origin, {...phone, viewport: {width: 320, height: 640}});
    try {
        const subject = [...one.world.rows.get("sle-uc-msc").keys()][1];
        await enter(page, one);
        for (const address of [...Object.values(views).map(v => v[0]), `/patient/sle-uc-msc/${subject}`]) {
            await page.goto(one.origin + address);
            await page.waitForSelector("main h1");
            await page.waitForTimeout(500);
            const wide = await page.evaluate(() =>
                document.documentElement.scrollWidth > innerWidth + 1
                    ? [...document.querySelectorAll("main *")]
                          .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, .chips, nav"))
                          .slice(0, 5)
                          .map(e => e.outerHTML.slice(0, 100))
                    : [],
            );
            assert.deepEqual(wide, [], address);
            assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), `${address} scrolls sideways`);
        }
    } finally {
        await finish(page, one);
    }
});

test("the keyboard reaches everything, and what has the focus is seen", async () => {
    const one = await mock({people: 20});
    const page = await newPage(one.origin);
    try {
        const subject = [...one.world.rows.get("sle-uc-msc").keys()][1];
        await enter(page, one, `/patient/sle-uc-msc/${subject}`);
        await page.waitForSelector("div.timeline svg");
        const seen = new Set();
        await page.evaluate(() => document.activeElement.blur());
        for (let n = 0; n < 60; ++n) {
            await page.keyboard.press("Tab");
            const at = await page.evaluate(() => {
                const e = document.activeElement;
                const box = e.tagName === "INPUT" && e.type === "radio" ? e.nextElementSibling : e;
                return {
                    id: e.id || e.textContent.trim().slice(0, 20),
                    outline: getComputedStyle(box).outlineStyle,
                    body: e === document.body,
                };
            });
            if (at.body) break;
            assert.notEqual(at.outline, "none", at.id);
            seen.add(at.id);
        }
        for (const id of ["do-mark", "do-comment", "do-print", "confirm-consent", "code-0"]) assert.ok(seen.has(id), id);
        await page.keyboard.press("Home");
        await page.evaluate(() => document.activeElement.blur());
        await page.keyboard.press("Tab");
        assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    } finally {
        await finish(page, one);
    }
});

test("no colour stands alone: without colours each status and verdict has its own shape and word", async () => {
    const one = await mock({people: 60});
    const page = await newPage(one.origin, {forcedColors: "active"});
    try {
        await enter(page, one);
        await page.waitForSelector(".grid-row[data-key]");
        const chips = await page.$$eval(".chip .status", all => all.map(s => [s.querySelector("use").getAttribute("href"), s.textContent]));
        assert.equal(new Set(chips.map(([href]) => href)).size, 6);
        assert.ok(chips.every(([, words]) => words.length > 3));
        const marks = await page.$$eval(".strip .mark", all => [...new Set(all.map(m => `${m.dataset.verdict} ${m.dataset.mark}`))].sort());
        assert.ok(marks.includes("met met") && marks.includes("unknown unknown"));
        await shot(page, "worklist-forced-colors");
    } finally {
        await finish(page, one);
    }
});
