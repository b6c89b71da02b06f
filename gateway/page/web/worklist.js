// Who looks promising in a trial, and what changed.
import {get, part, post} from "./api.js";
import {announce, calm, h, put, toast} from "./dom.js";
import {Grid} from "./grid.js";
import {listen} from "./live.js";
import {shape, statusMark, strip, verdictMark} from "./marks.js";
import {go, paths} from "./router.js";
import {ago, daysBetween, inDays, moment, t, word} from "./text.js";
import {Worklist} from "./worklist_model.js";
import {controls} from "./worklist_controls.js";

// What a user set and where they were, by trial; kept while the page is open.
const kept = new Map();
const narrow = matchMedia("(max-width: 800px)");
export const wait = () => h("p.waiting", {role: "status"}, t("app.loading"));

export default async function open({root, params, fail}) {
    const {trials} = await get("/api/v1/trials");
    if (trials.length === 0) {
        put(root, h("h1", {tabindex: -1}, t("nav.worklist")), h("p.empty", t("worklist.noTrial")));
        return {title: t("nav.worklist")};
    }
    const trial = trials.find(one => one.id === params.trial) ?? usual(trials);
    localStorage.setItem("trial", trial.id);
    if (params.trial !== trial.id) history.replaceState(null, "", paths.worklist(trial.id));
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
        this.build(root, trials);
    }
    // The first press of j puts the cursor on the row that has it; later ones move it.
    started() {
        return this.grid.body.contains(document.activeElement) ? 1 : 0;
    }

    build(root, trials) {
        this.grid = new Grid({
            label: t("worklist.label", {trial: this.trial.title}),
            columns: this.columns(),
            draw: (key, row) => this.draw(key, row),
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
        this.ticking = setInterval(() => this.grid.refresh(model.order), 60000);
    }

    close() {
        this.stop?.();
        clearInterval(this.ticking);
        narrow.removeEventListener("change", this.resized);
        kept.set(this.trial.id, {model: this.model, cursor: this.grid.cursorKey, scrolled: this.grid.scrolled});
        this.grid.close();
    }

    async update() {
        if (this.asking) return void (this.again = true);
        this.asking = true;
        try {
            const touched = this.model.update(await get(`${this.path}/worklist?since=${this.model.stamp}`));
            this.grid.refresh(touched);
            if (this.model.order.length === 0) this.arrange(false);
            this.summary();
        } catch (refused) {
            this.fail(refused);
        } finally {
            this.asking = false;
            if (this.again) {
                this.again = false;
                this.later();
            }
        }
    }

    arrange(asked) {
        this.model.arrange();
        this.show();
        if (asked) announce(t("worklist.arranged", {n: this.model.order.length}));
    }

    show() {
        const {order, sort} = this.model;
        this.grid.show(order, narrow.matches ? 92 : 40);
        for (const cell of this.grid.head.querySelectorAll("[data-sort]"))
            cell.setAttribute("aria-sort", cell.dataset.sort !== sort ? "none" : sort === "changed" ? "descending" : "ascending");
        this.summary();
    }

    summary() {
        const {model} = this;
        const listed = [...Object.values(model.counts())].reduce((a, b) => a + b, 0);
        this.subline.textContent = t("worklist.subline", {version: this.trial.version, n: listed, today: model.today});
        this.empty.hidden = model.order.length > 0;
        this.empty.textContent = listed === 0 ? t("worklist.nobody") : t("worklist.filtered");
        this.grid.element.classList.toggle("none", model.order.length === 0);
        this.controls.counts(model.counts());
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

    async markSeen() {
        const {model} = this;
        try {
            await post(`${this.path}/seen`, {stamp: model.stamp});
            model.seen = model.stamp;
            this.grid.refresh(model.order);
            this.summary();
            toast(t("worklist.seen"));
        } catch (refused) {
            this.fail(refused);
        }
    }

    draw(key, element) {
        const row = this.model.rows.get(key);
        if (!row) return;
        const news = this.model.isNews(row);
        element.classList.toggle("news", news);
        element.classList.toggle("gone", !this.model.matches(row));
        const [wasStatus, wasStrip] = row.was === "" ? [null, null] : row.was.split("|");
        const link = h("a.label", {href: paths.patient(this.trial.id, key), tabindex: -1}, row.label);
        const cells = {
            news: news && h("span.dot", {"data-on": true, role: "img", "aria-label": t("worklist.isNews")}),
            person: [
                link,
                row.comments > 0 &&
                    h(
                        "span.count",
                        {title: t("worklist.comments", {n: row.comments})},
                        shape("i-note"),
                        row.comments,
                        h("span.hidden", ` ${t("worklist.comments", {n: row.comments})}`),
                    ),
            ],
            status: [
                statusMark(row.status),
                row.mark && h("span.tag.person", shape("i-person"), word("mark", row.mark)),
                row.contradiction && h("span.tag.bad", {title: t("worklist.contradiction")}, shape("i-alert"), t("worklist.contradicts")),
            ],
            criteria: strip(row.strip, this.trial.criteria, news ? wasStrip : null),
            missing:
                row.status === ""
                    ? null
                    : row.missing > 0 || row.against > 0
                      ? [
                            row.missing > 0 && h("span", t("worklist.missing", {n: row.missing})),
                            row.against > 0 && h("span.against", t("worklist.against", {n: row.against})),
                        ]
                      : h("span.muted", t("worklist.complete")),
            expires:
                row.status === "" ? null : row.changesOn ? this.expiry(row) : h("span.muted", h("span.hidden", t("worklist.neverExpires"))),
            changed: this.change(row, wasStatus, wasStrip),
        };
        put(
            element,
            Object.entries(cells).map(([name, content], n) => h(`div.cell.c-${name}`, {role: "gridcell", "aria-colindex": n + 1}, content)),
        );
    }

    expiry(row) {
        const days = daysBetween(this.model.today, row.changesOn);
        return h(
            `span.expiry${days <= 14 ? ".soon" : ""}`,
            h("time", {datetime: row.changesOn}, row.changesOn),
            " ",
            h("small", inDays(days)),
        );
    }

    change(row, wasStatus, wasStrip) {
        const when = h("time.muted", {datetime: new Date(row.changed).toISOString(), title: moment(row.changed)}, ago(row.changed));
        if (wasStatus === null) return [h("span.was", t("worklist.isNew")), " ", when];
        if (wasStatus !== row.status)
            return [
                h(
                    "span.was",
                    word("status", wasStatus) || t("status.notListed"),
                    h("span", {"aria-hidden": "true"}, " → "),
                    h("span.hidden", ` ${t("worklist.to")} `),
                    word("status", row.status) || t("status.notListed"),
                ),
                " ",
                when,
            ];
        const first = [...row.strip].findIndex((c, n) => c !== wasStrip?.[n]);
        const words = c => ({"+": "met", M: "met", "-": "not-met", N: "not-met"})[c] ?? "unknown";
        return [
            first >= 0 &&
                wasStrip?.[first] !== undefined &&
                h("span.was", `${first + 1}: ${word("verdict", words(wasStrip[first]))} → ` + word("verdict", words(row.strip[first]))),
            " ",
            when,
        ];
    }
}
