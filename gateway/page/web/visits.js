// Visits of the next days: what is overdue first, each with its window drawn on one calendar.
import {get} from "./api.js";
import {announce, calm, h, pointedAt, put, s} from "./dom.js";
import {axis, d3, dayScale, dayTicks} from "./charts.js";
import {listen} from "./live.js";
import {paths} from "./router.js";
import {addDays, daysBetween, inDays, t, word} from "./text.js";

const chosen = {days: "28", trial: ""};
const late = ["overdue"];
/** How often other changes than those of alerts are looked after. */
const seldom = 30000;
const rank = state => ["overdue", "closing", "due", "missed", "done-incomplete", "out-of-window", "upcoming", "ahead"].indexOf(state);

export default async function open({root, fail}) {
    const view = new VisitsView(root, fail);
    await view.load();
    return view;
}

class VisitsView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.visits"), turn: 0, stamp: null, missedOpen: false});
        this.list = h("div.visits");
        this.note = h("p.subline");
        const days = h(
            "label.field",
            h("span", t("visits.days")),
            h(
                "select",
                {
                    onchange: e => {
                        chosen.days = e.target.value;
                        this.load().catch(fail);
                    },
                },
                [7, 14, 28, 56, 90].map(n => h("option", {value: n, selected: String(n) === chosen.days}, t("filter.days", {n}))),
            ),
        );
        this.trials = h(
            "label.field",
            h("span", t("worklist.trial")),
            h("select", {
                onchange: e => {
                    chosen.trial = e.target.value;
                    this.load().catch(fail);
                },
            }),
        );
        put(
            root,
            h("div.head", h("div", h("h1", {tabindex: -1}, t("nav.visits")), this.note), h("div.fields", this.trials, days)),
            this.bar(),
            this.list,
        );
        const soon = calm(() => this.quietly(), 1500),
            sometime = calm(() => this.quietly(), seldom);
        this.stop = listen(event => {
            if (this.stamp !== null) (event.alerts > this.stamp ? soon : sometime)();
            this.stamp = event.alerts;
        });
        // What waited for the pointer or the focus to go comes when they go.
        this.list.addEventListener("pointerleave", () => this.settle());
        this.list.addEventListener("focusout", () => this.settle());
        this.watcher = new ResizeObserver(entries => {
            const width = Math.floor(entries[0].contentRect.width);
            if (Math.abs(width - (this.width ?? 0)) <= 1) return;
            this.width = width;
            if (this.answer) this.draw();
        });
        this.watcher.observe(this.list);
    }

    close() {
        this.closed = true;
        this.stop();
        this.watcher.disconnect();
    }

    async load() {
        const mine = ++this.turn;
        const [lib, known] = await Promise.all([d3(), this.known ?? get("/api/v1/trials").then(answer => answer.trials)]);
        if (this.closed || mine !== this.turn) return;
        this.lib = lib;
        if (!this.known) {
            this.known = known;
            put(
                this.trials.lastChild,
                h("option", {value: ""}, t("visits.everyTrial")),
                this.known.map(one => h("option", {value: one.id, selected: one.id === chosen.trial}, one.title)),
            );
            this.trials.hidden = this.known.length < 2;
        }
        await this.ask({});
    }

    /** Nothing older is shown over what was asked for later. */
    async ask(options) {
        const mine = ++this.turn;
        const answer = await get(`/api/v1/visits?days=${chosen.days}&trial=${encodeURIComponent(chosen.trial)}`, options);
        if (this.closed || mine !== this.turn) return;
        const told = JSON.stringify(answer);
        if (told === this.told) return;
        if (options.background && pointedAt(this.list)) {
            this.waiting = answer;
            if (this.update.hidden) announce(t("visits.changed"));
            this.update.hidden = false;
            return;
        }
        this.show(answer);
    }

    show(answer) {
        this.answer = answer;
        this.told = JSON.stringify(answer);
        this.waiting = null;
        this.update.hidden = true;
        this.draw();
    }

    /** What came while somebody pointed at a row, now that nobody does. */
    settle() {
        setTimeout(() => {
            if (!this.closed && this.waiting && !pointedAt(this.list)) this.show(this.waiting);
        }, 200);
    }

    /** After an event. */
    async quietly() {
        if (this.closed) return;
        await this.ask({background: true}).catch(refused => refused.status === 0 || this.fail(refused));
    }

    bar() {
        return (this.update = h(
            "div.update-bar",
            {hidden: true},
            h(
                "button",
                {
                    type: "button",
                    onclick: () => {
                        this.show(this.waiting);
                        this.root.querySelector("h1").focus();
                    },
                },
                h("span", t("visits.changed")),
                " ",
                h("strong", t("patient.show")),
            ),
        ));
    }

    draw() {
        const {visits, today} = this.answer;
        const overdue = visits.filter(v => late.includes(v.state)).length;
        this.note.textContent = [
            t("visits.count", {n: visits.length}),
            overdue > 0 && t("visits.overdue", {n: overdue}),
            t("patient.asOf", {day: today}),
        ]
            .filter(Boolean)
            .join(" · ");
        if (visits.length === 0) return put(this.list, h("p.empty", t("visits.none")));
        const sorted = [...visits].sort(
            (a, b) =>
                late.includes(b.state) - late.includes(a.state) ||
                (a.latest ?? "").localeCompare(b.latest ?? "") ||
                rank(a.state) - rank(b.state),
        );
        const room = this.width || 1000;
        const width = Math.floor(room > 1060 ? room * 0.44 : Math.max(220, room - 24));
        const first = [...visits.map(v => v.earliest).filter(Boolean), today].sort()[0]; // of those that were missed long ago the words tell
        const from = daysBetween(first, today) > 35 ? addDays(today, -35) : addDays(first, -1);
        const time = dayScale(this.lib, from, addDays(today, Number(chosen.days) + 1), 4, width - 4);
        const groupOf = v =>
            late.includes(v.state)
                ? "late"
                : ["due", "closing", "done-incomplete", "out-of-window"].includes(v.state)
                  ? "now"
                  : v.state === "missed"
                    ? "missed"
                    : "ahead";
        const groups = ["late", "now", "ahead", "missed"]
            .map(name => [name, sorted.filter(v => groupOf(v) === name)])
            .filter(([, list]) => list.length > 0);
        const scale = s(
            "svg.cal",
            {width, height: 16, viewBox: `0 0 ${width} 16`, "aria-hidden": "true"},
            axis(dayTicks(time.scale, width), 16),
        );
        put(
            this.list,
            h(
                "table.calendar",
                h("caption.hidden", t("nav.visits")),
                h(
                    "thead",
                    h(
                        "tr",
                        h("th", {scope: "col"}, t("visits.participant")),
                        h("th", {scope: "col"}, t("visits.visit")),
                        h("th", {scope: "col"}, t("visits.state")),
                        h("th", {scope: "col"}, t("visits.window")),
                        h("th.drawn", {scope: "col"}, h("span.hidden", t("visits.drawn")), scale),
                    ),
                ),
                groups.map(([name, list]) => {
                    const rows = list.map(v => this.row(v, time, width, today));
                    const words = t(`visits.${name}`, {n: list.length});
                    const head = name === "missed" ? this.opener(words, rows) : words;
                    return h("tbody", h("tr.group", h("th", {colspan: 5, scope: "rowgroup"}, head)), rows);
                }),
            ),
            legend(),
        );
    }

    /** Shows or hides rows: what was missed long ago is not what is looked for first. */
    opener(words, rows) {
        const button = h(
            "button.quiet",
            {
                type: "button",
                onclick: () => {
                    this.missedOpen = !this.missedOpen;
                    set();
                },
            },
            words,
        );
        const set = () => {
            button.setAttribute("aria-expanded", this.missedOpen);
            for (const row of rows) row.hidden = !this.missedOpen;
        };
        set();
        return button;
    }

    row(v, time, width, today) {
        const n = v.latest ? daysBetween(today, v.latest) : null;
        const when = n === null || v.state === "ahead" ? "" : t(n < 0 ? "visits.endedDays" : "visits.endsDays", {when: inDays(n)});
        return h(
            "tr",
            {"data-state": v.state},
            h(
                "th",
                {scope: "row"},
                v.page === false ? v.participant : h("a", {href: paths.patient(v.trial, v.subject)}, v.participant),
                h("small", v.trial),
            ),
            h(
                "td",
                v.title,
                v.provisional && h("span.tag", t("visits.provisional")),
                v.note && h("small", v.note),
                v.missing.length > 0 && h("small.needs", t("visits.missing", {what: v.missing.join("; ")})),
            ),
            h(
                "td",
                h("span.visit-state", {"data-state": v.state}, h("i", {"aria-hidden": "true"}), word("visit", v.state)),
                when && h("small", when),
            ),
            h(
                "td",
                v.earliest &&
                    h(
                        "span.days",
                        h("time", {datetime: v.earliest}, v.earliest),
                        v.latest !== v.earliest && [" – ", h("time", {datetime: v.latest}, v.latest)],
                    ),
                h(
                    "small",
                    v.held
                        ? t("visits.held", {day: v.held})
                        : v.booked
                          ? t("visits.booked", {day: v.booked})
                          : v.proposed
                            ? t("visits.proposed", {day: v.proposed})
                            : "",
                ),
            ),
            h("td.drawn", this.window(v, time, width, today)),
        );
    }

    window(v, time, width, today) {
        const clamp = x => Math.max(2, Math.min(width - 2, x));
        const middle = day => time.at(day) + (time.at(addDays(day, 1)) - time.at(day)) / 2;
        const parts = [s("path.today", {d: `M${middle(today)} 0V26`})];
        if (v.earliest) {
            const x = clamp(time.at(v.earliest)),
                end = clamp(time.at(addDays(v.latest, 1)));
            parts.push(
                s("rect.window", {
                    x,
                    y: 7,
                    width: Math.max(4, end - x),
                    height: 12,
                    rx: 3,
                    "data-state": v.state,
                    "data-provisional": v.provisional ?? false,
                }),
            );
        }
        if (v.target && time.inside(v.target)) parts.push(s("path.target", {d: `M${middle(v.target)} 4V22`}));
        if (v.proposed && !v.held && time.inside(v.proposed)) parts.push(s("path.proposed", {d: `M${middle(v.proposed)} 8l5 5-5 5-5-5z`}));
        for (const [day, name] of [
            [v.booked, "booked"],
            [v.held, "held"],
        ])
            if (day && time.inside(day)) parts.push(s(`circle.${name}`, {cx: middle(day), cy: 13, r: 4.5}));
        return s("svg.cal", {width, height: 26, viewBox: `0 0 ${width} 26`, "aria-hidden": "true"}, parts);
    }
}

function legend() {
    const one = (draw, name) =>
        h("li", s("svg.cal", {width: 22, height: 26, viewBox: "0 0 22 26", "aria-hidden": "true"}, draw), t(`visits.${name}`));
    return h(
        "ul.key",
        one(s("rect.window", {x: 1, y: 7, width: 20, height: 12, rx: 3, "data-state": "due"}), "window"),
        one(s("path.target", {d: "M11 4V22"}), "target"),
        one(s("path.proposed", {d: "M11 8l5 5-5 5-5-5z"}), "keyProposed"),
        one(s("circle.booked", {cx: 11, cy: 13, r: 4.5}), "keyBooked"),
        one(s("circle.held", {cx: 11, cy: 13, r: 4.5}), "keyHeld"),
    );
}
