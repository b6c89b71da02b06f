// Inbox of alerts: the most urgent first, each with grade, baseline and trend.
import {get, may, part, post} from "./api.js";
import {ask} from "./dialog.js";
import {announce, calm, h, pointedAt, put, toast} from "./dom.js";
import {d3, sparkline} from "./charts.js";
import {evidenceTable} from "./criteria.js";
import {listen} from "./live.js";
import {shape} from "./marks.js";
import {paths} from "./router.js";
import {ago, moment, now as clock, t, word} from "./text.js";

let closed = false;

export default async function open({root, fail}) {
    const view = new AlertsView(root, fail);
    await view.load();
    return view;
}

/** How long a card that was dealt with stays where it is when no mouse points at the list. */
const still = 4000;

class AlertsView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.alerts"), turn: 0, ended: [], older: null});
        this.list = h("div.alerts");
        this.note = h("p.subline");
        this.bar = h(
            "div.update-bar",
            {hidden: true},
            h(
                "button",
                {type: "button", onclick: () => this.load({asked: true}).catch(fail)},
                h("span", t("alerts.changed")),
                " ",
                h("strong", t("patient.show")),
            ),
        );
        const box = h(
            "label.choice",
            h("input", {
                type: "checkbox",
                checked: closed,
                onchange: e => {
                    closed = e.target.checked;
                    this.load().catch(fail);
                },
            }),
            h("span", t("alerts.closed")),
        );
        put(root, h("div.head", h("div", h("h1", {tabindex: -1}, t("nav.alerts")), this.note), box), this.bar, this.list);
        const later = calm(() => this.heard(), 300);
        this.stop = listen(event => {
            if (this.answer && event.alerts > this.answer.stamp) later();
        });
        // What waited for the pointer or the focus to go comes when they go.
        this.list.addEventListener("pointerleave", event => {
            if (event.pointerType === "mouse") this.settle(200);
        });
        this.list.addEventListener("focusout", () => this.settle(still));
    }

    close() {
        this.closed = true;
        this.stop();
        clearTimeout(this.settling);
        clearTimeout(this.waking);
    }

    inUse() {
        return pointedAt(this.list);
    }

    async heard() {
        if (this.closed) return;
        if (this.inUse() || this.held) {
            if (this.bar.hidden && !this.held) announce(t("alerts.changed"));
            this.bar.hidden = false;
        } else {
            await this.quietly();
        }
    }

    quietly() {
        return this.load({background: true}).catch(refused => refused.status === 0 || this.fail(refused));
    }

    /** Shows in `ms` what changed, unless somebody is in the list then; whoever leaves it asks again. */
    settle(ms) {
        clearTimeout(this.settling);
        this.settling = setTimeout(() => {
            if (this.closed || this.bar.hidden || document.querySelector("dialog[open]")) return;
            if (!this.inUse()) this.quietly();
        }, ms);
    }

    /** An alert whose snooze ends comes back by itself. */
    wake() {
        clearTimeout(this.waking);
        const ends = this.answer.alerts
            .filter(a => a.open && !a.acknowledged && a.snoozedUntil)
            .map(a => new Date(a.snoozedUntil).getTime() - clock())
            .filter(ms => ms > 0);
        if (ends.length > 0) this.waking = setTimeout(() => this.heard(), Math.min(Math.min(...ends) + 500, 0x7fffffff));
    }

    async load({asked = false, background = false} = {}) {
        const mine = ++this.turn;
        const [lib, answer, over] = await Promise.all([
            d3(),
            get("/api/v1/alerts", {background}),
            closed ? get("/api/v1/alerts?closed=1", {background}) : null,
        ]);
        if (this.closed || mine !== this.turn) return; // asked again meanwhile
        Object.assign(this, {lib, answer, ended: over?.alerts ?? [], older: over?.older ?? null, held: false});
        this.bar.hidden = true;
        this.wake();
        this.draw();
        if (asked) this.root.querySelector("h1").focus();
    }

    /** Those that were over before. */
    async further() {
        const mine = this.turn;
        const answer = await get(`/api/v1/alerts?closed=1&before=${this.older}`);
        if (this.closed || mine !== this.turn) return;
        const at = this.ended.length;
        this.ended = this.ended.concat(answer.alerts);
        this.older = answer.older ?? null;
        this.draw();
        this.list.querySelectorAll("section[aria-labelledby=h-over] li")[at]?.querySelector("h3")?.focus();
    }

    draw() {
        const now = clock();
        const all = this.answer.alerts.filter(a => a.open).concat(this.ended.filter(a => !a.open));
        const snoozed = a => a.snoozedUntil && new Date(a.snoozedUntil).getTime() > now;
        const waiting = all.filter(a => a.open && !a.acknowledged && !snoozed(a));
        const groups = [1, 2, 3]
            .map(n => [`tier${n}`, waiting.filter(a => a.tier === n)])
            .concat([
                ["snoozed", all.filter(a => a.open && !a.acknowledged && snoozed(a))],
                ["acknowledged", all.filter(a => a.open && a.acknowledged)],
                ["over", all.filter(a => !a.open)],
            ])
            .filter(([, list]) => list.length > 0);
        this.note.textContent = t("alerts.waiting", {n: waiting.length});
        const more =
            this.older !== null && h("p", h("button", {type: "button", onclick: () => this.further().catch(this.fail)}, t("alerts.more")));
        const group = ([name, list]) =>
            h(
                "section",
                {"aria-labelledby": `h-${name}`},
                h("h2", {id: `h-${name}`}, t(`alerts.${name}`), h("span.count", list.length)),
                h(
                    "ul.plain",
                    list.map(a => h("li", this.card(a))),
                ),
            );
        put(this.list, groups.length === 0 ? h("p.empty", t("alerts.none")) : groups.map(group), more);
    }

    card(a) {
        const facts = a.detail?.details ?? a.detail ?? {};
        const grade = facts.grade;
        const trend =
            (a.trend ?? []).length > 1
                ? sparkline(
                      this.lib,
                      a.trend,
                      Number.isFinite(Number(facts.upperLimit)) && facts.upperLimit ? Number(facts.upperLimit) : null,
                      t("alerts.trend", {points: a.trend.map(p => `${p.date} ${p.text ?? p.value}`).join("; ")}),
                  )
                : null;
        const told = Boolean(a.detail?.text); // it names window, missing and note itself
        const rows = [
            ["value", facts.value],
            ["date", facts.date],
            ["baseline", facts.baseline && `${facts.baseline}${facts.baselineDate ? ` (${facts.baselineDate})` : ""}`],
            ["baselineGrade", facts.baselineGrade && word("grade", facts.baselineGrade)],
            ["limits", [facts.lowerLimit, facts.upperLimit].filter(Boolean).join(" – ")],
            ["window", !told && a.detail?.earliest && `${a.detail.earliest} – ${a.detail.latest}`],
            ["missing", !told && (a.detail?.missing ?? []).join("; ")],
            ["note", !told && facts.note],
        ].filter(([, v]) => v);
        const link =
            a.subject && a.page !== false ? h("a", {href: paths.patient(a.trial, a.subject)}, a.participant) : h("span", a.participant);
        return h(
            `article.alert`,
            {"data-tier": a.tier, "data-open": a.open, "aria-labelledby": `a-${a.id}`},
            h(
                "div.what",
                h("h3", {id: `a-${a.id}`, tabindex: -1}, shape(a.tier === 1 ? "i-alert" : a.tier === 2 ? "i-flag" : "i-clock"), a.title),
                h(
                    "p.muted",
                    link,
                    ` · ${a.trial} · ${word("alert", a.kind)} · `,
                    h("time", {datetime: a.raised, title: moment(a.raised)}, t("alerts.raised", {ago: ago(a.raised)})),
                    a.escalated && ` · ${t("alerts.escalated", {at: moment(a.escalated)})}`,
                ),
                a.detail?.text && h("p", a.detail.text),
                rows.length > 0 &&
                    h(
                        "dl.facts",
                        rows.map(([name, value]) => h("div", h("dt", t(`alerts.${name}`)), h("dd", value))),
                    ),
                (a.detail?.evidence ?? []).length > 0 &&
                    h("details", h("summary", t("alerts.evidence", {n: a.detail.evidence.length})), evidenceTable(a.detail.evidence, null)),
                !a.open && a.withdrawn && h("p.muted", t("alerts.withdrawn", {at: moment(a.withdrawn)})),
                a.acknowledged && h("p.confirmed", t("alerts.acknowledgedBy", {by: a.acknowledgedBy ?? "", at: moment(a.acknowledged)})),
                a.snoozedUntil && !a.acknowledged && h("p.muted", t("alerts.snoozedUntil", {at: moment(a.snoozedUntil)})),
            ),
            h("div.beside", grade && h("p.grade", {"data-grade": grade}, t("alerts.grade", {grade: word("grade", grade)})), trend),
            a.open &&
                may("judge", a.trial) &&
                h(
                    "div.buttons",
                    !a.acknowledged &&
                        h(
                            "button.primary",
                            {
                                type: "button",
                                "aria-describedby": `a-${a.id}`,
                                onclick: event => this.acknowledge(a, event.target.closest(".alert")),
                            },
                            t("alerts.acknowledge"),
                        ),
                    !a.acknowledged &&
                        h("button", {type: "button", "aria-describedby": `a-${a.id}`, onclick: () => this.snooze(a)}, t("alerts.snooze")),
                ),
        );
    }

    /** The card stays where it is, so that a second click hits nothing else; the list is made anew when the pointer has left it. */
    async acknowledge(a, card) {
        const buttons = [...card.querySelectorAll(".buttons button")];
        const pressed = buttons.includes(document.activeElement);
        for (const button of buttons) button.disabled = true;
        card.dataset.done = "true";
        this.held = true;
        if (pressed) card.querySelector("h3").focus({preventScroll: true});
        try {
            await post(`/api/v1/alerts/${part(a.id)}/acknowledge`, {});
            toast(`${a.participant}: ${t("alerts.done")}`);
            card.querySelector(".buttons").append(h("span.muted", t("alerts.done")));
            this.bar.hidden = false;
            this.settle(still);
        } catch (refused) {
            this.fail(refused);
            await this.load().catch(this.fail);
        }
    }

    async snooze(a) {
        const answer = await ask({
            title: t("alerts.snoozeTitle"),
            text: `${a.participant}: ${a.title}`,
            yes: t("alerts.snooze"),
            fields: [
                {
                    name: "hours",
                    label: t("alerts.hours"),
                    kind: "select",
                    value: "24",
                    options: [
                        [4, "4h"],
                        [24, "1d"],
                        [72, "3d"],
                        [168, "7d"],
                        [336, "14d"],
                    ].map(([n, key]) => [String(n), t(`alerts.for${key}`)]),
                },
            ],
            act: v => post(`/api/v1/alerts/${part(a.id)}/snooze`, {hours: Number(v.hours)}),
        });
        if (answer === null) return;
        if (!answer.unsure) toast(`${a.participant}: ${t("alerts.snoozed1")}`);
        await this.load({asked: true}).catch(this.fail);
    }
}
