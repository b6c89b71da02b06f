// What runs and what is stuck: sources, Subscriptions, faults, quarantine, deliveries. No data of patients.
import {get, may, part, post} from "./api.js";
import {ask} from "./dialog.js";
import {calm, h, put, toast} from "./dom.js";
import {listen} from "./live.js";
import {ago, moment, size, t, word} from "./text.js";

const base = "/api/v1/operations";

export default async function open({root, fail}) {
    const view = new OperationsView(root, fail);
    await view.load();
    return view;
}

const state = (good, text) => h("span.state", {"data-good": good}, h("i", {"aria-hidden": "true"}), text);
const when = instant => (instant ? h("time", {datetime: instant, title: moment(instant)}, ago(instant)) : t("operations.never"));

function table(name, columns, rows, empty) {
    return rows.length === 0
        ? h("p.empty", empty)
        : h(
              "div.scroll",
              {tabindex: 0, role: "group", "aria-label": t(`operations.${name}`)},
              h(
                  "table",
                  h("caption.hidden", t(`operations.${name}`)),
                  h(
                      "thead",
                      h(
                          "tr",
                          columns.map(c =>
                              h("th", {scope: "col"}, c === "" ? h("span.hidden", t("operations.actions")) : t(`operations.${c}`)),
                          ),
                      ),
                  ),
                  h(
                      "tbody",
                      rows.map(cells =>
                          h(
                              "tr",
                              cells.map((cell, n) => (n === 0 ? h("th", {scope: "row"}, cell) : h("td", cell))),
                          ),
                      ),
                  ),
              ),
          );
}

class OperationsView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.operations"), outbox: "dead", stamp: 0, turn: 0});
        this.place = h("div.panels");
        this.note = h("p.subline");
        put(root, h("div.head", h("div", h("h1", {tabindex: -1}, t("nav.operations")), this.note)), this.place);
        const later = calm(() => this.quietly(), 1000);
        this.stop = listen(event => {
            if (this.stamp !== 0 && event.operations !== this.stamp) later();
            this.stamp = event.operations;
        });
        this.ticking = setInterval(() => this.quietly(), 30000);
    }

    close() {
        this.closed = true;
        this.stop();
        clearInterval(this.ticking);
    }

    async load(options = {}) {
        const mine = ++this.turn;
        const answers = await Promise.all([
            get(base, options),
            get(`${base}/quarantine`, options),
            get(`${base}/outbox?state=${this.outbox}`, options),
        ]);
        if (this.closed || mine !== this.turn) return; // another choice was made meanwhile
        [this.now, this.quarantine, this.messages] = answers;
        this.draw();
    }

    async quietly() {
        if (this.closed || document.querySelector("dialog[open]") || document.hidden) return;
        await this.load({background: true}).catch(refused => refused.status === 0 || this.fail(refused));
    }

    draw() {
        const focus = document.activeElement?.id;
        const now = this.now;
        this.note.textContent = t("operations.at", {at: moment(now.at)});
        const panel = (name, ...content) =>
            h(`section.panel.p-${name}`, {"aria-labelledby": `h-${name}`}, h("h2", {id: `h-${name}`}, t(`operations.${name}`)), content);
        const fact = (name, value, bad = false) => h(`div.fact${bad ? ".bad" : ""}`, h("dt", t(`operations.${name}`)), h("dd", value));
        put(
            this.place,
            h(
                "dl.facts-row",
                fact("patients", now.patients),
                fact("rows", now.journal.rows),
                fact("journalSize", size(now.journal.bytes)),
                fact("oldest", now.journal.oldest ? when(now.journal.oldest) : "–"),
                fact("faultCount", now.faults.length, now.faults.length > 0),
                fact("quarantined", now.quarantine, now.quarantine > 0),
                fact("mailWaiting", now.mail.waiting),
                fact("mailDead", now.mail.dead, now.mail.dead > 0),
            ),
            panel(
                "faults",
                table(
                    "faults",
                    ["what", "times", "since", "last"],
                    now.faults.map(f => [f.text, f.times, when(f.since), when(f.last)]),
                    t("operations.noFaults"),
                ),
            ),
            panel(
                "sources",
                table(
                    "sources",
                    ["name", "answers", "lastHeard", "jobs"],
                    now.sources.map(one => [
                        [one.name, h("small.reference", one.url)],
                        state(one.answers, t(one.answers ? "operations.yes" : "operations.no")),
                        when(one.lastHeard),
                        Object.entries(one.jobs ?? {})
                            .map(([kind, n]) => `${word("job", kind)} ${n}`)
                            .join(", "),
                    ]),
                    t("operations.noSources"),
                ),
            ),
            panel(
                "subscriptions",
                table(
                    "subscriptions",
                    ["source", "name", "kind", "state", "lastHeard", "ends"],
                    now.sources.flatMap(one =>
                        (one.subscriptions ?? []).map(sub => [
                            one.name,
                            sub.name,
                            word("delivery", sub.kind),
                            state(sub.status === "active", word("subscription", sub.status)),
                            when(sub.lastHeard),
                            sub.ends ? moment(sub.ends) : "–",
                        ]),
                    ),
                    t("operations.noSubscriptions"),
                ),
            ),
            panel(
                "sinks",
                table(
                    "sinks",
                    ["name", "waiting", "dead", "oldest"],
                    now.sinks.map(one => [one.name, one.waiting, state(one.dead === 0, one.dead), one.oldest ? when(one.oldest) : "–"]),
                    t("operations.noSinks"),
                ),
            ),
            panel("outbox", this.outboxChoice(), this.outboxTable()),
            panel("quarantine", h("p.muted", t("operations.quarantineWhat")), this.quarantineTable()),
        );
        if (focus) document.getElementById(focus)?.focus({preventScroll: true});
    }

    outboxChoice() {
        return h(
            "fieldset.spans",
            h("legend.hidden", t("operations.which")),
            ["dead", "waiting"].map(which =>
                h(
                    "label",
                    h("input", {
                        type: "radio",
                        name: "outbox",
                        id: `outbox-${which}`,
                        value: which,
                        checked: which === this.outbox,
                        onchange: () => {
                            this.outbox = which;
                            this.load().catch(this.fail);
                        },
                    }),
                    h("span", t(`operations.${which}`)),
                ),
            ),
        );
    }

    outboxTable() {
        return table(
            "outbox",
            ["id", "sink", "subject", "kind", "created", "attempts", "next", "error", ""],
            this.messages.messages.map(m => [
                m.id,
                m.sink,
                h("span.reference", m.subject),
                [word("message", m.kind), h("small", m.trial)],
                when(m.created),
                m.attempts,
                m.state === "waiting" && m.notBefore ? moment(m.notBefore) : "–",
                m.error || "–",
                this.buttons("outbox", m.id, ["retry", "drop"]),
            ]),
            t(this.outbox === "dead" ? "operations.noDead" : "operations.noWaiting"),
        );
    }

    quarantineTable() {
        return table(
            "quarantine",
            ["id", "source", "kind", "reason", "path", "arrived", "bytes", ""],
            this.quarantine.items.map(q => [
                q.id,
                q.source,
                word("arrival", q.kind),
                q.reason,
                h("span.reference", q.path),
                when(q.at),
                size(q.bytes),
                this.buttons("quarantine", q.id, ["replay", "drop"]),
            ]),
            t("operations.noQuarantine"),
        );
    }

    buttons(where, id, names) {
        return (
            may("operate") &&
            h(
                "div.buttons",
                names.map(name =>
                    h(
                        `button.small${name === "drop" ? ".danger" : ""}`,
                        {
                            type: "button",
                            id: `${name}-${where}-${id}`,
                            "aria-label": t("operations.buttonOf", {what: t(`operations.${name}`), id}),
                            onclick: () => this.change(where, id, name),
                        },
                        t(`operations.${name}`),
                    ),
                ),
            )
        );
    }

    async change(where, id, name) {
        const answer = await ask({
            title: t(`operations.${name}Title`, {id}),
            text: word("ask", `${where}.${name}`),
            yes: t(`operations.${name}`),
            danger: name === "drop",
            act: () => post(`${base}/${where}/${part(id)}/${name}`, {}),
        });
        if (answer === null) return;
        if (!answer.unsure) toast(t(`operations.${name}Done`));
        await this.load().catch(this.fail);
        this.root.querySelector("h1").focus({preventScroll: true});
    }
}
