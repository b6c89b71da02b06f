// Inbox of alerts: the most urgent first, each with grade, baseline and trend.
import {get, may, part, post} from "./api.js";
import {ask} from "./dialog.js";
import {announce, calm, h, put, toast} from "./dom.js";
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

class AlertsView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.alerts")});
        this.list = h("div.alerts");
        this.note = h("p.subline");
        this.bar = h(
            "div.update-bar",
            {hidden: true},
            h(
                "button",
                {type: "button", onclick: () => this.load(true).catch(fail)},
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
    }

    close() {
        this.closed = true;
        this.stop();
    }

    async heard() {
        if (this.closed) return;
        // Nothing moves under a pointer or away from the focus.
        if (this.list.matches(":hover") || this.list.contains(document.activeElement)) {
            if (this.bar.hidden) announce(t("alerts.changed"));
            this.bar.hidden = false;
        } else {
            await this.load().catch(this.fail);
        }
    }

    async load(asked = false) {
        [this.lib, this.answer] = await Promise.all([d3(), get(`/api/v1/alerts${closed ? "?closed=1" : ""}`)]);
        this.bar.hidden = true;
        const now = clock();
        const all = this.answer.alerts;
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
        if (groups.length === 0) put(this.list, h("p.empty", t("alerts.none")));
        else
            put(
                this.list,
                groups.map(([name, list]) =>
                    h(
                        "section",
                        {"aria-labelledby": `h-${name}`},
                        h("h2", {id: `h-${name}`}, t(`alerts.${name}`), h("span.count", list.length)),
                        h(
                            "ul.plain",
                            list.map(a => h("li", this.card(a))),
                        ),
                    ),
                ),
            );
        if (asked) this.root.querySelector("h1").focus();
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
        const link = a.subject ? h("a", {href: paths.patient(a.trial, a.subject)}, a.participant) : h("span", a.participant);
        return h(
            `article.alert`,
            {"data-tier": a.tier, "data-open": a.open, "aria-labelledby": `a-${a.id}`},
            h(
                "div.what",
                h("h3", {id: `a-${a.id}`}, shape(a.tier === 1 ? "i-alert" : a.tier === 2 ? "i-flag" : "i-clock"), a.title),
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
                            {type: "button", "aria-describedby": `a-${a.id}`, onclick: () => this.acknowledge(a)},
                            t("alerts.acknowledge"),
                        ),
                    !a.acknowledged &&
                        h("button", {type: "button", "aria-describedby": `a-${a.id}`, onclick: () => this.snooze(a)}, t("alerts.snooze")),
                ),
        );
    }

    async acknowledge(a) {
        try {
            await post(`/api/v1/alerts/${part(a.id)}/acknowledge`, {});
            toast(t("alerts.done"));
            await this.load(true);
        } catch (refused) {
            this.fail(refused);
        }
    }

    async snooze(a) {
        const answer = await ask({
            title: t("alerts.snoozeTitle"),
            text: a.title,
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
        if (answer !== null) {
            toast(t("alerts.snoozed1"));
            await this.load(true).catch(this.fail);
        }
    }
}
