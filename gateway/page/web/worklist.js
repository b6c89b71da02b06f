// Who looks promising in a trial, and what changed.
import {get, part, post} from "./api.js";
import {announce, calm, h, put, toast} from "./dom.js";
import {Grid} from "./grid.js";
import {listen} from "./live.js";
import {verdictMark} from "./marks.js";
import {go, paths} from "./router.js";
import {t, word} from "./text.js";
import {Worklist} from "./worklist_model.js";
import {controls} from "./worklist_controls.js";
import {drawRow} from "./worklist_row.js";

// What a user set and where they were, by trial; kept while the page is open.
const kept = new Map();
const narrow = matchMedia("(max-width: 800px)");
const criteriaOf = trial => trial.criteria.map(c => c.id).join(" ");
// How long what was marked as seen can be taken back, in milliseconds: as long as the sentence that offers it stands.
const takeBack = 12000;
export const wait = () => h("p.waiting", {role: "status"}, t("app.loading"));

export default async function open({root, params, fail}) {
    const asked = location.pathname;
    const {trials} = await get("/api/v1/trials");
    if (trials.length === 0) {
        put(root, h("h1", {tabindex: -1}, t("nav.worklist")), h("p.empty", t("worklist.noTrial")));
        return {title: t("nav.worklist")};
    }
    const trial = trials.find(one => one.id === params.trial) ?? usual(trials);
    // Whoever went on meanwhile is somewhere else.
    if (location.pathname === asked) localStorage.setItem("trial", trial.id);
    if (location.pathname === asked && params.trial !== trial.id) history.replaceState(null, "", paths.worklist(trial.id));
    const view = new WorklistView(root, trial, trials, fail);
    await view.start();
    return view;
}

/** The trial that was looked at last, else the one with most people. */
function usual(trials) {
    const listed = one => Object.entries(one.counts ?? {}).reduce((sum, [status, n]) => sum + (status === "not-listed" ? 0 : n), 0);
    return (
        trials.find(one => one.id === localStorage.getItem("trial")) ??
        trials.reduce((most, one) => (listed(one) > listed(most) ? one : most))
    );
}

class WorklistView {
    constructor(root, trial, trials, fail) {
        const before = kept.get(trial.id);
        this.trial = trial;
        this.fail = fail;
        this.title = `${t("nav.worklist")}: ${trial.title}`;
        this.model = before?.model ?? new Worklist(code => word("status", code));
        this.root = root;
        this.trials = trials;
        this.since = Infinity;
        if (before && before.criteria !== criteriaOf(trial)) this.model.filter.criterion = -1;
        this.place = before ?? {cursor: undefined, scrolled: 0};
        this.path = `/api/v1/trials/${part(trial.id)}`;
        this.keys = {
            "/": () => this.controls.search.focus(),
            j: () => this.grid.move(this.started()),
            k: () => this.grid.move(-this.started()),
            s: () => this.markSeen(),
            r: () => this.arrange(true),
            c: () => this.controls.toggleChanged(),
        };
        this.build();
    }
    // The first press of j puts the cursor on the row that has it; later ones move it.
    started() {
        return this.grid.body.contains(document.activeElement) ? 1 : 0;
    }

    build() {
        const {root, trials} = this;
        this.grid = new Grid({
            label: t("worklist.label", {trial: this.trial.title}),
            columns: this.columns(),
            draw: (key, element) => {
                const row = this.model.rows.get(key);
                if (row) drawRow(element, row, {trial: this.trial, today: this.model.today, news: this.model.isNews(row)});
            },
            open: key => go(paths.patient(this.trial.id, key)),
        });
        this.grid.element.style.setProperty("--strip", `${Math.max(4, this.trial.criteria.length) * 19 + 8}px`);
        this.controls = controls(this.model, this.trial, () => this.arrange(false));
        this.bar = h("div.update-bar", {hidden: true});
        this.newsBar = h("div.news-bar");
        this.subline = h("p.subline");
        this.empty = h("p.empty", {hidden: true});
        const chooser =
            trials.length > 1 &&
            h(
                "label.chooser",
                h("span", t("worklist.trial")),
                h(
                    "select",
                    {onchange: event => go(paths.worklist(event.target.value))},
                    trials.map(one => h("option", {value: one.id, selected: one.id === this.trial.id}, one.title)),
                ),
            );
        put(
            root,
            h("div.head", h("div", h("h1", {tabindex: -1}, this.trial.title), this.subline), chooser),
            this.controls.element,
            h("div.news-line", this.newsBar, this.bar),
            h("div.list-frame", this.grid.element, this.empty),
            this.legend(),
        );
        root.classList.add("fills");
    }

    columns() {
        const names = ["news", "person", "status", "criteria", "missing", "expires", "changed"];
        const sorts = {person: "label", status: "promising", missing: "missing", expires: "expiry", changed: "changed"};
        return names.map((name, n) => {
            const numbers =
                name === "criteria" &&
                h(
                    "span.numbers",
                    {"aria-hidden": "true"},
                    this.trial.criteria.map((_, i) => h("i", i + 1)),
                );
            const text = numbers ? [h("span.hidden", t("worklist.column.criteria")), numbers] : t(`worklist.column.${name}`);
            const cell = h(
                `div.cell.c-${name}`,
                {role: "columnheader", "aria-colindex": n + 1, "data-sort": sorts[name] ?? null},
                sorts[name]
                    ? h("button.sort", {type: "button", onclick: () => this.controls.sortBy(sorts[name])}, text)
                    : name === "news"
                      ? h("span.hidden", text)
                      : text,
            );
            return cell;
        });
    }

    legend() {
        const sample = [
            ["met", false],
            ["unknown", false],
            ["not-met", false],
            ["met", true],
        ];
        return h(
            "details.legend",
            h(
                "summary",
                t("legend.title"),
                h(
                    "span.samples",
                    sample.map(([verdict, person]) =>
                        h("span", verdictMark(verdict, person, true), " ", person ? t("legend.person") : word("verdict", verdict)),
                    ),
                ),
            ),
            h(
                "ol",
                this.trial.criteria.map(c => h("li", h("span", c.text), " ", h("small", word("decidedBy", c.decidedBy)))),
            ),
        );
    }

    async start() {
        const {model} = this;
        const fresh = model.rows.size === 0;
        const answer = await get(`${this.path}/worklist`);
        // Whoever comes back finds the list newly arranged: nothing is under their pointer yet.
        model.load(answer);
        this.madeWith = answer.madeWith;
        this.show();
        if (!fresh) {
            this.grid.cursorKey = this.place.cursor;
            this.grid.scrolled = this.place.scrolled;
        }
        this.resized = () => this.show();
        narrow.addEventListener("change", this.resized);
        this.later = calm(() => this.update(), 60);
        this.stop = listen(event => {
            if ((event.worklist?.[this.trial.id] ?? 0) > model.stamp) this.later();
        });
        // "2 hours ago" and what is news go on without events.
        this.leaving = () => this.sendSeen({keepalive: true});
        addEventListener("pagehide", this.leaving);
        this.ticking = setInterval(() => this.grid.refresh(model.order), 60000);
    }

    close() {
        this.closed = true;
        this.stop?.();
        this.sendSeen();
        removeEventListener("pagehide", this.leaving);
        clearInterval(this.ticking);
        narrow.removeEventListener("change", this.resized);
        kept.set(this.trial.id, {
            model: this.model,
            criteria: criteriaOf(this.trial),
            cursor: this.grid.cursorKey,
            scrolled: this.grid.scrolled,
        });
        this.grid.close();
    }

    /** What changed since the last answer, or since a stamp before it. */
    async update(since = Infinity) {
        this.since = Math.min(this.since, since);
        if (this.asking) return void (this.again = true);
        this.asking = true;
        const from = Math.min(this.since, this.model.stamp);
        this.since = Infinity;
        try {
            const answer = await get(`${this.path}/worklist?since=${from}`, {background: true});
            if (this.closed) return;
            if (answer.madeWith !== this.madeWith) return await this.amended();
            const touched = this.model.update(answer);
            this.grid.refresh(touched);
            if (this.model.order.length === 0) this.arrange(false);
            this.summary();
        } catch (refused) {
            if (!this.closed) this.fail(refused);
        } finally {
            this.asking = false;
            if (this.again && !this.closed) {
                this.again = false;
                this.later();
            }
        }
    }

    /** The trial has other criteria now: strips mean others. Rows stay where they are. */
    async amended() {
        const background = {background: true};
        const [{trials}, answer] = await Promise.all([get("/api/v1/trials", background), get(`${this.path}/worklist`, background)]);
        const trial = trials.find(one => one.id === this.trial.id);
        if (this.closed || !trial) return;
        if (criteriaOf(trial) !== criteriaOf(this.trial)) this.model.filter.criterion = -1;
        Object.assign(this, {trial, trials, madeWith: answer.madeWith});
        this.model.renew(answer);
        const {cursorKey, scrolled} = this.grid;
        const focused = this.grid.body.contains(document.activeElement);
        this.grid.close();
        this.build();
        this.show();
        this.grid.cursorKey = cursorKey;
        this.grid.scrolled = scrolled;
        if (focused) this.grid.focus();
        announce(t("worklist.amended"));
    }

    arrange(asked) {
        this.model.arrange();
        this.show();
        if (asked) announce(t("worklist.arranged", {n: this.model.order.length}));
    }

    show() {
        const {order, sort} = this.model;
        this.grid.show(order, narrow.matches ? 130 : 40);
        for (const cell of this.grid.head.querySelectorAll("[data-sort]"))
            cell.setAttribute("aria-sort", cell.dataset.sort !== sort ? "none" : sort === "changed" ? "descending" : "ascending");
        this.summary();
    }

    summary() {
        const {model} = this;
        const counts = model.counts();
        const listed = Object.entries(counts).reduce((sum, [status, n]) => sum + (status === "" ? 0 : n), 0);
        this.subline.textContent = t("worklist.subline", {version: this.trial.version, n: listed, today: model.today});
        this.empty.hidden = model.order.length > 0;
        this.empty.textContent = listed === 0 ? t("worklist.nobody") : t("worklist.filtered");
        this.grid.element.classList.toggle("none", model.order.length === 0);
        this.controls.counts(counts);
        this.showNews();
        this.showWaiting();
    }

    showNews() {
        const n = this.model.news();
        if (this.newsBar.dataset.n === String(n)) return;
        this.newsBar.dataset.n = n;
        put(
            this.newsBar,
            h("span.dot", {"data-on": n > 0, "aria-hidden": "true"}),
            h("span", t("worklist.news", {n})),
            n > 0 && h("button.quiet", {type: "button", onclick: () => this.markSeen()}, t("worklist.markSeen")),
        );
    }

    showWaiting() {
        const {fresh, moved} = this.model.waiting();
        const said =
            fresh + moved === 0
                ? ""
                : [fresh > 0 && t("worklist.fresh", {n: fresh}), moved > 0 && t("worklist.moved", {n: moved})].filter(Boolean).join(", ");
        this.bar.hidden = said === "";
        if (this.bar.dataset.said === said) return;
        this.bar.dataset.said = said;
        if (this.bar.firstChild) this.bar.firstChild.firstChild.textContent = `${said}: `;
        else
            put(
                this.bar,
                h(
                    "button",
                    {type: "button", onclick: () => this.arrange(true)},
                    h("span", `${said}: `),
                    h("strong", t("worklist.arrange")),
                ),
            );
        if (said !== "" && Date.now() - (this.announced ?? 0) > 20000) {
            this.announced = Date.now();
            announce(said);
        }
    }

    /** The server is told when it cannot be taken back any more: there, what was seen stays seen. */
    markSeen() {
        const {model} = this;
        const n = model.news();
        if (n === 0) return;
        this.sendSeen();
        const before = model.seen;
        const hidden = [...model.rows.values()].filter(row => !row.gone && model.isNews(row) && !model.matches(row)).length;
        const set = (seen, here) => {
            Object.assign(model, {seen, seenHere: here});
            this.grid.refresh(model.order);
            this.summary();
        };
        set(model.stamp, model.stamp);
        this.unsent = {stamp: model.stamp, before, timer: setTimeout(() => this.sendSeen(), takeBack)};
        const mine = this.unsent;
        toast([t("worklist.seen", {n}), hidden > 0 && t("worklist.seenHidden", {n: hidden})].filter(Boolean).join(" "), {
            label: t("decision.undo"),
            act: () => {
                if (this.unsent !== mine) return;
                clearTimeout(mine.timer);
                this.unsent = null;
                set(before, 0);
                this.sinceSeen(mine.stamp);
                announce(t("decision.taken"));
            },
        });
    }

    async sendSeen(options) {
        if (!this.unsent) return;
        const {stamp, before, timer} = this.unsent;
        clearTimeout(timer);
        this.unsent = null;
        try {
            await post(`${this.path}/seen`, {stamp}, options);
        } catch (refused) {
            Object.assign(this.model, {seen: before, seenHere: 0});
            if (!this.closed) this.fail(refused);
        }
        this.sinceSeen(stamp);
    }

    /** What rows were when the user looked last is the server's to say, once it knows when that was. */
    sinceSeen(stamp) {
        if (!this.closed && this.model.stamp > stamp) this.update(stamp);
    }
}
