// Small, and quick by how it is made: what is transferred, how much of 10,000 rows is in the document, what a change touches. Times are printed, not asserted:
// other programs share the machine, and tests/bench/page_bench.py measures them.
import assert from "node:assert/strict";
import {after, before, test} from "node:test";
import {gzipSync} from "node:zlib";
import {mock} from "./mock.mjs";
import {enter, finish, newPage, rows, shot, start, stop} from "./support.mjs";

before(start);
after(stop);
test("all views together transfer less than 150 KB, compressed as they are served", async () => {
    const one = await mock({people: 20});
    const page = await newPage(one.origin);
    try {
        let plain = 0,
            packed = 0;
        const seen = new Set();
        page.on("response", async answer => {
            const path = new URL(answer.url()).pathname;
            if (path.startsWith("/api/") || seen.has(path) || answer.status() !== 200) return;
            seen.add(path);
            const bytes = await answer.body().catch(() => Buffer.alloc(0));
            plain += bytes.length;
            packed += gzipSync(bytes).length;
        });
        await enter(page, one);
        await page.waitForSelector(".grid-row");
        const first = plain;
        const subject = [...one.world.rows.get("sle-uc-msc").keys()][0];
        for (const address of [`/patient/sle-uc-msc/${subject}`, "/visits", "/alerts", "/operations", "/audit"]) {
            await page.goto(one.origin + address);
            await page.waitForSelector("main h1");
            await page.waitForTimeout(400);
        }
        console.log(`# transferred: ${first} bytes for the first view, ${plain} for all, ${packed} compressed`);
        assert.ok(packed < 150_000, `${packed} bytes compressed`);
    } finally {
        await finish(page, one);
    }
});

test("the first paint waits for no answer of the API", async () => {
    const one = await mock({people: 200});
    const page = await newPage(one.origin);
    try {
        await enter(page, one);
        const times = [];
        for (let n = 0; n < 5; ++n) {
            await page.route("**/api/**", async route => {
                await new Promise(done => setTimeout(done, 1500));
                await route.continue();
            });
            await page.goto(`${one.origin}/worklist/sle-uc-msc`);
            await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
            const [painted, answered] = await page.evaluate(() => [
                performance.getEntriesByName("first-contentful-paint")[0].startTime,
                performance.getEntriesByType("resource").filter(e => e.name.includes("/api/") && e.responseEnd > 0).length,
            ]);
            assert.equal(answered, 0, "painted after an answer of the API");
            times.push(painted);
            await page.unrouteAll({behavior: "ignoreErrors"});
        }
        times.sort((a, b) => a - b);
        console.log(`# first contentful paint: ${times.map(t => Math.round(t)).join(", ")} ms`);
    } finally {
        await finish(page, one);
    }
});

test("10,000 rows: few of them in the document, and scrolling through all of them keeps it so", async () => {
    const one = await mock({people: 10000});
    const page = await newPage(one.origin);
    try {
        await enter(page, one);
        await page.waitForSelector(".grid-row[data-key]");
        assert.equal(await page.getAttribute(".grid", "aria-rowcount"), "10001");
        const tasks = await page.evaluate(async () => {
            const long = [];
            new PerformanceObserver(list => long.push(...list.getEntries().map(e => e.duration))).observe({type: "longtask"});
            const grid = document.querySelector(".grid");
            const frames = [];
            let last = performance.now();
            let most = 0;
            for (let n = 0; n < 240; ++n) {
                grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * (n < 120 ? n / 120 : ((n * 7919) % 240) / 240);
                await new Promise(done => requestAnimationFrame(done));
                frames.push(performance.now() - last);
                last = performance.now();
                most = Math.max(most, document.querySelectorAll(".grid-body .grid-row").length);
            }
            return {long, frames: frames.sort((a, b) => a - b), rows: most};
        });
        console.log(
            `# scrolling: median frame ${tasks.frames[120].toFixed(1)} ms, 95th ${tasks.frames[228].toFixed(1)} ms, long tasks: ${tasks.long.map(Math.round).join(", ") || "none"}`,
        );
        assert.ok(tasks.rows < 60, `${tasks.rows} rows in the document`);
        await page.fill("input[type=search]", "likely");
        await page.keyboard.press("Escape");
        await page.keyboard.press("j");
        await page.keyboard.press("End");
        const last = await page.evaluate(() => [
            Number(document.activeElement.getAttribute("aria-rowindex")),
            Number(document.querySelector(".grid").getAttribute("aria-rowcount")),
        ]);
        assert.equal(last[0], last[1]);
        await shot(page, "worklist-10000");
    } finally {
        await finish(page, one);
    }
});

test("10,000 rows and 50 changes a second: nothing moves, no row is made anew", async () => {
    const one = await mock({people: 10000});
    const page = await newPage(one.origin);
    try {
        await enter(page, one);
        await page.waitForSelector(".grid-row[data-key]");
        const order = await rows(page);
        await page.hover(`.grid-row[data-key="${order[3]}"]`);
        await page.evaluate(() => {
            globalThis.long = [];
            new PerformanceObserver(list => globalThis.long.push(...list.getEntries().map(e => e.duration))).observe({type: "longtask"});
            globalThis.moved = 0;
            const isRow = node => node.nodeType === 1 && node.classList.contains("grid-row");
            new MutationObserver(changes => {
                for (const c of changes) globalThis.moved += [...c.addedNodes, ...c.removedNodes].filter(isRow).length;
            }).observe(document.querySelector(".grid-body"), {childList: true, subtree: true});
        });
        const all = [...one.world.rows.get("sle-uc-msc").keys()];
        for (let second = 0; second < 5; ++second) {
            for (let n = 0; n < 50; ++n) {
                const k = second * 50 + n;
                one.change("sle-uc-msc", k % 5 === 0 ? order[k % order.length] : all[(k * 97) % all.length], {
                    strip: ["++++++??", "?+++?+??", "-+++++??"][k % 3],
                });
                await new Promise(done => setTimeout(done, 18));
            }
            assert.deepEqual(await rows(page), order);
        }
        const long = await page.evaluate(() => globalThis.long);
        console.log(
            `# live: long tasks: ${long.map(Math.round).join(", ") || "none"}; ${one.world.requests.filter(r => r.query.startsWith("?since")).length} requests`,
        );
        assert.equal(await page.evaluate(() => globalThis.moved), 0, "rows were put in or taken out");
        // What came late asks once more.
        const bar = page.locator(".news-line .update-bar button");
        for (let n = 0; n < 20 && ((await bar.isVisible()) || n === 0); ++n) {
            if (await bar.isVisible()) await bar.click();
            await page.waitForTimeout(500);
        }
        assert.equal(await bar.isVisible(), false);
        assert.notDeepEqual(await rows(page), order);
    } finally {
        await finish(page, one);
    }
});
