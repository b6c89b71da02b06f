// What needs no browser: the worklist's order, and that every word has a text.
import assert from "node:assert/strict";
import {readdirSync, readFileSync} from "node:fs";
import path from "node:path";
import {test} from "node:test";
import {web} from "./mock.mjs";
import {dice, makeRows, trials} from "./people.mjs";

const {Worklist} = await import(path.join(web, "worklist_model.js"));
const texts = (await import(path.join(web, "texts/en.js"))).default;
const {resolve} = await import(path.join(web, "router.js"));

const row = (subject, status, strip, more = {}) => {
    const r = {
        subject,
        status,
        strip,
        changesOn: null,
        changed: 0,
        was: "",
        mark: "",
        human: "",
        comments: 0,
        stamp: 1,
        label: subject,
        contradiction: "",
        decided: more.mark ? "page" : "",
        number: "",
        state: "",
        said: false,
        ...more,
    };
    return Object.values(r);
};
const answer = (stamp, rows, more = {}) => ({stamp, today: "2026-03-15", seen: 0, rows, ...more});
function filled(...rows) {
    const list = new Worklist();
    list.load(answer(10, rows));
    return list;
}

test("promising first: status, then least missing, then what expires first", () => {
    const list = filled(
        row("a", "possible", "+?"),
        row("b", "likely", "+?"),
        row("c", "eligible", "++"),
        row("d", "possible", "??"),
        row("e", "possible", "+?", {changesOn: "2026-04-01"}),
    );
    assert.deepEqual(list.order, ["c", "b", "e", "a", "d"]);
});

test("whom people marked as done with comes last", () => {
    const list = filled(
        row("a", "eligible", "++", {mark: "excluded"}),
        row("b", "ineligible", "--"),
        row("c", "likely", "+?", {mark: "not-interested"}),
    );
    assert.deepEqual(list.order, ["b", "c", "a"]);
});

test("the word that holds decides the order; who is in the study is no candidate", () => {
    const list = filled(
        row("a", "eligible", "++", {number: "S-1", state: "on-study"}),
        row("b", "eligible", "++", {mark: "screened", human: "off-study", decided: "study"}),
        row("c", "eligible", "++", {mark: "excluded", human: "candidate", decided: "study"}),
        row("d", "ineligible", "--"),
    );
    assert.deepEqual(list.order, ["c", "d", "b", "a"]);
});

test("whom a new list does not name is no longer listed, and stays where they are", () => {
    const list = filled(row("a", "likely", "+?"), row("b", "possible", "??"));
    list.renew(answer(12, [row("b", "eligible", "+++", {stamp: 12})]));
    assert.deepEqual(list.order, ["a", "b"]);
    assert.equal(list.rows.get("a").status, "");
    assert.deepEqual(list.waiting(), {fresh: 0, moved: 2});
    list.arrange();
    assert.deepEqual(list.order, ["b"]);
});

test("what was marked as seen here stays so while the server does not know it yet", () => {
    const list = filled(row("a", "likely", "+?", {stamp: 9}));
    list.seen = list.seenHere = 10;
    list.update(answer(12, [row("b", "likely", "+?", {stamp: 12})]));
    assert.equal(list.news(), 1);
});

test("news is another decision than when the user looked, or what somebody else said; one's own mark or comment is none", () => {
    const list = new Worklist();
    const more = (stamp, was, said) => ({stamp, was, said});
    list.load(
        answer(
            20,
            [
                row("fell", "not-now", "-+", more(12, "likely|++", false)),
                row("new", "likely", "+?", more(13, "|", false)),
                row("commented", "likely", "+?", more(14, "", true)),
                row("mine", "likely", "+?", more(15, "", false)),
                row("old", "likely", "+?", more(9, "", false)),
            ],
            {seen: 10},
        ),
    );
    const news = () => [...list.rows.values()].filter(r => !r.gone && list.isNews(r)).map(r => r.subject);
    assert.deepEqual(news(), ["fell", "new", "commented"]);
    // What is marked as seen and then commented on tells the comment alone, also while the server does not know that it was seen.
    list.seen = list.seenHere = 20;
    assert.deepEqual(news(), []);
    list.update(answer(21, [row("fell", "not-now", "-+", more(21, "likely|++", true))], {seen: 10}));
    assert.deepEqual(news(), ["fell"]);
    assert.equal(list.rows.get("fell").was, "");
    list.update(
        answer(23, [row("fell", "ineligible", "--", more(22, "likely|++", true)), row("late", "likely", "+?", more(23, "|", false))], {
            seen: 10,
        }),
    );
    assert.equal(list.rows.get("fell").was, "not-now|-+");
    list.update(answer(24, [row("fell", "possible", "?-", more(24, "likely|++", true))], {seen: 10}));
    assert.equal(list.rows.get("fell").was, "not-now|-+");
    assert.equal(list.rows.get("late").was, "|");
    // With other criteria there is nothing to compare here.
    list.renew(answer(25, [row("fell", "likely", "+?+", more(25, "", false))], {seen: 10}));
    assert.deepEqual(news(), []);
    // Whoever has never looked finds everybody new.
    const first = filled(row("a", "likely", "+?"), row("b", "possible", "??"));
    assert.equal(first.news(), 2);
});

test("who is not listed stays while a contradiction stands or a participation runs, after all who are listed", () => {
    const list = filled(
        row("opted-out", "", "", {mark: "screened", contradiction: "not-listed"}),
        row("in-study", "", "", {number: "S-014", state: "on-study", label: "in-study"}),
        row("over", "", "", {number: "S-015", state: "completed"}),
        row("a", "ineligible", "--"),
        row("z", "eligible", "++", {number: "S-1", state: "on-study"}),
    );
    assert.deepEqual(list.order, ["a", "z", "opted-out", "in-study"]);
    for (const sort of ["missing", "expiry", "changed", "label"]) {
        list.sort = sort;
        list.arrange();
        assert.deepEqual(list.order.slice(2).toSorted(), ["in-study", "opted-out"], sort);
    }
    assert.deepEqual(list.counts(), {"": 2, ineligible: 1, eligible: 1});
    list.filter.statuses = new Set([""]);
    list.arrange();
    assert.deepEqual(list.order.toSorted(), ["in-study", "opted-out"]);
    list.filter.statuses = new Set();
    list.filter.text = "s-014";
    list.arrange();
    assert.deepEqual(list.order, ["in-study"]);
    list.filter.text = "";
    list.arrange();
    list.update(answer(12, [row("opted-out", "", "", {stamp: 12, mark: "screened"})]));
    list.arrange();
    assert.ok(!list.order.includes("opted-out"));
});

test("who took part and does no more is no candidate", () => {
    const list = filled(row("a", "eligible", "++", {number: "S-2", state: "screen-failure"}), row("b", "ineligible", "--"));
    assert.deepEqual(list.order, ["b", "a"]);
});

test("an unknown is never counted as against", () => {
    const list = filled(row("a", "possible", "?-NM+"));
    const a = list.rows.get("a");
    assert.equal(a.missing, 1);
    assert.equal(a.against, 2);
    list.filter.criterion = 0;
    list.filter.states = new Set(["not-met"]);
    list.arrange();
    assert.deepEqual(list.order, []);
});

test("an update changes rows where they stand; the order is made when it is asked for", () => {
    const list = filled(row("a", "likely", "+?"), row("b", "possible", "??"), row("c", "not-now", "-?"));
    const touched = list.update(answer(12, [row("c", "eligible", "++", {stamp: 11}), row("n", "likely", "+?", {stamp: 12})]));
    assert.deepEqual(touched, ["c", "n"]);
    assert.deepEqual(list.order, ["a", "b", "c"]);
    assert.equal(list.rows.get("c").status, "eligible");
    assert.deepEqual(list.waiting(), {fresh: 1, moved: 1});
    list.arrange();
    assert.deepEqual(list.order, ["c", "a", "n", "b"]);
    assert.deepEqual(list.waiting(), {fresh: 0, moved: 0});
});

test("who is no longer listed stays in sight until the list is arranged", () => {
    const list = filled(row("a", "likely", "+?"), row("b", "possible", "??"));
    list.update(answer(12, [row("a", "", "", {stamp: 12})]));
    assert.deepEqual(list.order, ["a", "b"]);
    assert.deepEqual(list.counts(), {possible: 1});
    list.arrange();
    assert.deepEqual(list.order, ["b"]);
});

test("an older row never replaces a newer one", () => {
    const list = filled(row("a", "likely", "+?", {stamp: 9}));
    list.update(answer(10, [row("a", "possible", "??", {stamp: 8})]));
    assert.equal(list.rows.get("a").status, "likely");
});

test("a change that concerns neither order nor filter asks for nothing", () => {
    const list = filled(row("a", "likely", "+?"), row("b", "possible", "??"));
    list.update(answer(12, [row("a", "likely", "+?", {stamp: 12, comments: 3})]));
    assert.deepEqual(list.waiting(), {fresh: 0, moved: 0});
});

test("law: whatever the updates, the order stands still, and arranging gives what loading gives", () => {
    for (let seed = 1; seed <= 30; ++seed) {
        const roll = dice(seed);
        const all = [...makeRows(40, trials[0], seed).values()].map(({log, told, ...r}) => ({...r, was: ""}));
        const list = new Worklist();
        list.sort = ["promising", "missing", "expiry", "changed", "label"][seed % 5];
        const wire = r => row(r.subject, r.status, r.strip, r);
        list.load(answer(100, all.map(wire)));
        const before = [...list.order];
        for (let n = 1; n <= 50; ++n) {
            const one = all[Math.floor(roll() * all.length)];
            one.strip = [...one.strip].map(c => (roll() < 0.2 ? "+?-"[Math.floor(roll() * 3)] : c)).join("");
            one.status = ["eligible", "likely", "possible", "not-now", "ineligible", ""][Math.floor(roll() * 6)];
            one.stamp = 100 + n;
            list.update(answer(100 + n, [wire(one)]));
            assert.deepEqual(list.order, before, `seed ${seed}`);
        }
        list.arrange();
        const fresh = new Worklist();
        fresh.sort = list.sort;
        // As the server tells a list: who is not listed only while something stands or runs.
        fresh.load(answer(150, all.filter(r => r.status !== "" || r.contradiction !== "" || r.state === "screening").map(wire)));
        assert.deepEqual(list.order, fresh.order, `seed ${seed}`);
    }
});

test("filters: changed, expiring, marked, found", () => {
    const list = filled(
        row("aaa", "likely", "+?", {stamp: 5, said: true}),
        row("bbb", "possible", "??", {stamp: 3, changesOn: "2026-03-20"}),
        row("ccc", "likely", "+?", {stamp: 2, mark: "screened", changesOn: "2026-09-01"}),
    );
    const only = set => {
        list.filter = {...list.filter, statuses: new Set(), changed: false, within: null, mark: "any", text: "", ...set};
        list.arrange();
        return list.order;
    };
    list.seen = 4;
    assert.deepEqual(only({changed: true}), ["aaa"]);
    assert.deepEqual(only({within: 7}), ["bbb"]);
    assert.deepEqual(only({mark: "screened"}), ["ccc"]);
    assert.deepEqual(only({mark: "none"}), ["aaa", "bbb"]);
    assert.deepEqual(only({text: "BB"}), ["bbb"]);
    assert.deepEqual(only({text: "possible"}), ["bbb"]);
    assert.deepEqual(only({statuses: new Set(["likely"])}), ["aaa", "ccc"]);
});

test("addresses carry a trial and a pseudonym, and what is broken is a page that does not exist", () => {
    assert.deepEqual(resolve("/patient/sle-uc-msc/abc"), {view: "patient", params: {trial: "sle-uc-msc", subject: "abc"}});
    assert.equal(resolve("/patient/%E0%A4%A/abc").view, "missing");
    assert.equal(resolve("/worklist").view, "worklist");
    assert.equal(resolve("/nowhere").view, "missing");
});

test("every text that the page asks for is there", () => {
    const look = key => key.split(".").reduce((at, name) => at?.[name], texts);
    const missing = [];
    for (const name of readdirSync(web).filter(one => one.endsWith(".js"))) {
        const source = readFileSync(path.join(web, name), "utf8");
        for (const [, key] of source.matchAll(/\bt\(\s*"([\w.-]+)"/g))
            if (look(key) === undefined || (typeof look(key) === "object" && typeof look(key).other !== "string"))
                missing.push(`${name}: ${key}`);
        for (const [, first, second] of source.matchAll(/\bt\([^"()]*\?\s*"([\w.-]+)"\s*:\s*"([\w.-]+)"/g))
            for (const key of [first, second]) if (look(key) === undefined) missing.push(`${name}: ${key}`);
        for (const [, group] of source.matchAll(/\bword\("(\w+)"/g))
            if (typeof look(`codes.${group}`) !== "object") missing.push(`${name}: codes.${group}`);
    }
    assert.deepEqual(missing, []);
});

test("no visible words, inline styles or markup stand in the page's programs", () => {
    for (const name of readdirSync(web).filter(one => one.endsWith(".js"))) {
        const source = readFileSync(path.join(web, name), "utf8");
        assert.doesNotMatch(
            source,
            /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\("style"|\bstyle:/,
            name,
        );
    }
    const html = readFileSync(path.join(web, "index.html"), "utf8");
    assert.doesNotMatch(html, /<style|style=|\son\w+=|<script>|https?:/);
});
