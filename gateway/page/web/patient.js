// One person in one trial: what we say and why, what to do next, how it came about, and what people decide.
import * as api from "./api.js";
import * as actions from "./actions.js";
import {calm, h, put} from "./dom.js";
import {criterion} from "./criteria.js";
import {decisions, history} from "./decisions.js";
import {listen} from "./live.js";
import {shape, statusMark, strip, verdictMark} from "./marks.js";
import {paths, go} from "./router.js";
import {daysBetween, inDays, moment, now, t, word} from "./text.js";
import {timeline} from "./timeline.js";

export default async function open({root, params, fail}) {
    const view = new PatientView(root, params, fail);
    await view.start();
    return view;
}

class PatientView {
    constructor(root, {trial, subject}, fail) {
        Object.assign(this, {
            root,
            trial,
            subject,
            fail,
            path: api.person(trial, subject),
            title: t("patient.title", {label: subject.slice(0, 8)}),
        });
        this.keys = {u: () => go(paths.worklist(trial))};
        this.mine = 0;
        this.base = 0;
    }

    async start() {
        this.stop = listen(event => this.heard(event.worklist?.[this.trial] ?? 0));
        this.look = calm(() => this.changed(), 200);
        const [about, line] = await Promise.all([api.get(this.path), api.get(`${this.path}/timeline`)]);
        this.about = about;
        this.line = line;
        this.title = t("patient.title", {label: about.label});
        this.draw();
        this.before = () => this.openAll(true);
        this.after = () => this.openAll(false);
        addEventListener("beforeprint", this.before);
        addEventListener("afterprint", this.after);
    }

    close() {
        this.closed = true;
        this.stop?.();
        this.chart?.close();
        removeEventListener("beforeprint", this.before);
        removeEventListener("afterprint", this.after);
        runningHead(null);
    }

    heard(stamp) {
        if (this.base === 0) this.base = stamp;
        else if (stamp > this.base) this.look();
    }

    /** Something in the trial changed: was it this person? Who reads is told, not interrupted; what follows from an own action is shown at once. */
    async changed() {
        try {
            const answer = await api.get(`/api/v1/trials/${api.part(this.trial)}/worklist?since=${this.base}`);
            this.base = answer.stamp;
            if (this.closed || !answer.rows.some(row => row[0] === this.subject)) return;
            if (Date.now() < this.mine) await this.reload();
            else this.news.hidden = false;
        } catch (refused) {
            this.fail(refused);
        }
    }

    async reload() {
        const [about, line] = await Promise.all([api.get(this.path), api.get(`${this.path}/timeline`)]);
        if (this.closed) return;
        this.about = about;
        this.line = line;
        const opened = new Set([...this.root.querySelectorAll("details.criterion[open]")].map(d => d.dataset.id));
        const focus = document.activeElement?.id;
        this.draw(opened);
        if (focus) document.getElementById(focus)?.focus({preventScroll: true});
    }

    /** Runs an action of the user, then shows what it did. */
    async act(run) {
        const undo = await run({about: this.about, path: this.path, trial: this.trial, again: async () => this.settle(), fail: this.fail});
        if (undo !== null) await this.settle();
    }
    async settle() {
        this.mine = Date.now() + 5000;
        try {
            await this.reload();
        } catch (refused) {
            this.fail(refused);
        }
    }

    draw(opened = null) {
        const p = this.about;
        this.chart?.close();
        runningHead(`${p.label}   ${p.title}   ${p.asOf}`);
        const link = this.referenceLink();
        const may = what => api.may(what, this.trial);
        const chart = h("div");
        const texts = textsOf(p.criteria);
        this.news = h(
            "div.update-bar",
            {hidden: true, role: "status"},
            h(
                "button",
                {type: "button", onclick: () => this.reload().catch(this.fail)},
                h("span", t("patient.news")),
                " ",
                h("strong", t("patient.show")),
            ),
        );
        put(
            this.root,
            this.news,
            this.head(p),
            h(
                "div.columns",
                h(
                    "div.wide",
                    section("next", t("patient.next"), this.next(p)),
                    section(
                        "criteria",
                        t("patient.criteria"),
                        p.criteria.length === 0
                            ? h("p.empty", t("patient.noCriteria"))
                            : h(
                                  "div.criteria",
                                  p.criteria.map(c =>
                                      criterion(c, {
                                          top: true,
                                          link,
                                          open: opened,
                                          actions: one => this.confirmButton(one, may("confirm")),
                                      }),
                                  ),
                              ),
                    ),
                    section("timeline", t("timeline.title"), chart),
                ),
                h(
                    "div.side",
                    p.notes.length > 0 &&
                        section(
                            "notes",
                            t("patient.notes"),
                            h(
                                "ul.notes",
                                p.notes.map(note => h("li", note.text)),
                            ),
                        ),
                    section(
                        "people",
                        t("patient.people"),
                        decisions(p, id => this.act(ground => actions.undo(ground, id))),
                    ),
                    p.localCodes.length > 0 && section("codes", t("patient.codes"), this.codes(p, may("judge"))),
                    p.participations.length > 0 && section("participation", t("patient.participation"), participations(p)),
                    section("history", t("patient.history"), history(p)),
                ),
            ),
            signatures(),
        );
        timeline(chart, this.line, id => texts.get(id) ?? id).then(made => {
            this.closed ? made.close() : (this.chart = made);
        }, this.fail);
    }

    head(p) {
        const who = [
            p.person?.sex && word("sex", p.person.sex),
            p.person?.age !== undefined && p.person.age !== null && t("patient.age", {age: p.person.age}),
            p.person?.born && t("patient.born", {born: p.person.born}),
        ]
            .filter(Boolean)
            .join(", ");
        const days = p.changesOn ? daysBetween(p.asOf, p.changesOn) : 0;
        const expiring = p.criteria
            .filter(c => c.changesOn !== null && c.changesOn === p.changesOn)
            .map(c => c.text)
            .join("; ");
        const by = p.mark || p.human;
        return h(
            "header.person",
            h("p.back", h("a", {href: paths.worklist(p.trial)}, `← ${p.title}`)),
            h(
                "div.title",
                h("h1", {tabindex: -1}, p.label),
                statusMark(p.status, true),
                p.mark && h("span.tag.person", shape("i-person"), word("mark", p.mark)),
                strip(p.criteria.map(charOf).join(""), p.criteria),
            ),
            h(
                "p.subline",
                [who, t("patient.protocol", {version: p.protocolVersion}), t("patient.asOf", {day: p.asOf})].filter(Boolean).join(" · "),
            ),
            p.changesOn &&
                h(
                    "p.expiry",
                    shape("i-clock"),
                    t(expiring ? "patient.expires" : "patient.changes", {what: expiring, day: p.changesOn, in: inDays(days)}),
                ),
            p.machineStatus !== p.status &&
                h("p.confirmed", t("patient.machine", {status: p.machineStatus ? word("status", p.machineStatus) : t("status.notListed")})),
            p.human && h("p.confirmed", t("patient.human", {status: p.human})),
            p.contradiction.split(" ").filter(Boolean).map(against => h("p.wrong", shape("i-alert"), this.contradiction(p, against, by))),
            this.identity(p),
            this.toolbar(),
        );
    }

    /** "criterion:ID": the record says the opposite of what somebody confirmed; else a status, against somebody's decision. */
    contradiction(p, against, by) {
        if (!against.startsWith("criterion:")) return t("patient.contradiction", {status: word("status", against), by: word("mark", by)});
        const id = against.slice("criterion:".length);
        return t("patient.contradicted", {what: p.criteria.find(c => c.id === id)?.text ?? id});
    }

    identity(p) {
        if (p.identity)
            return h(
                "p.identity",
                shape("i-person"),
                t("patient.identity", {source: p.identity.source}),
                " ",
                p.identity.link && /^https?:\/\//.test(p.identity.link)
                    ? h("a", {href: p.identity.link, rel: "noreferrer noopener", target: "_blank"}, p.identity.reference)
                    : h("b", p.identity.reference),
            );
        return h("p.identity.muted", t("patient.pseudonym", {subject: p.subject}));
    }

    toolbar() {
        const tool = (id, words, run, allowed) =>
            allowed && h("button", {type: "button", id: `do-${id}`, onclick: () => this.act(run)}, words);
        const judge = api.may("judge", this.trial);
        return h(
            "div.toolbar",
            {role: "group", "aria-label": t("patient.actions")},
            tool("mark", t("mark.button"), actions.mark, judge),
            tool("comment", t("comment.button"), actions.comment, judge),
            tool("mapping", t("mapping.button"), actions.mapping, judge),
            tool("reveal", t("reveal.button"), actions.reveal, !this.about.identity && api.may("reveal", this.trial)),
            h("button", {type: "button", id: "do-print", onclick: () => print()}, t("patient.print")),
        );
    }

    confirmButton(c, allowed) {
        if (!allowed || (c.decidedBy === "record" && !c.confirmed)) return null;
        return h(
            "button.confirm",
            {
                type: "button",
                id: `confirm-${c.id}`,
                "aria-label": t(c.confirmed ? "confirm.ofAgain" : "confirm.of", {criterion: c.text}),
                onclick: () => this.act(ground => actions.confirm(ground, c)),
            },
            t(c.confirmed ? "confirm.again" : "confirm.button"),
        );
    }

    /** What would decide what is unknown: ordered from the record's side, asked from a person. */
    next(p) {
        const open = p.criteria.filter(c => !c.confirmed && c.verdict === "unknown");
        if (open.length === 0)
            return h(
                "p.empty",
                t(p.criteria.some(c => (c.confirmed?.value ?? c.verdict) === "not-met") ? "patient.nothingAgainst" : "patient.nothing"),
            );
        return h(
            "ul.todo",
            open.map(c =>
                h(
                    "li",
                    verdictMark("unknown", false, true),
                    h(
                        "div",
                        h("b", c.needs.length > 0 ? c.needs.join("; ") : t("patient.ask")),
                        h("span.for", t("patient.for", {criterion: c.text})),
                        c.reason && h("span.muted", word("reason", c.reason)),
                    ),
                ),
            ),
        );
    }

    codes(p, allowed) {
        const one = (code, n) =>
            h(
                "li",
                h("span.text", code.display || code.code),
                h("code", `${code.system}|${code.code}`),
                h("span.muted", code.type),
                allowed &&
                    h(
                        "button.quiet",
                        {type: "button", id: `code-${n}`, onclick: () => this.act(ground => actions.mapping(ground, code))},
                        t("mapping.propose"),
                    ),
            );
        const list = h("ul.codes", p.localCodes.map(one));
        const few = p.localCodes.length <= 6;
        return [
            h("p.muted", t("patient.codesWhy")),
            few ? list : h("details", h("summary", t("patient.codesAll", {n: p.localCodes.length})), list),
        ];
    }

    referenceLink() {
        const link = this.about.identity?.link ?? "";
        const own = this.about.identity?.reference ?? "";
        if (!/^https?:\/\//.test(link) || !link.endsWith(own)) return null;
        const base = link.slice(0, link.length - own.length);
        return reference =>
            /^[A-Z]\w+\/[\w.-]+$/.test(reference)
                ? h("a", {href: base + reference, rel: "noreferrer noopener", target: "_blank"}, reference)
                : reference;
    }

    openAll(open) {
        if (open) {
            this.closedOnes = [...this.root.querySelectorAll("details:not([open]):not(.as-table)")];
            for (const one of this.closedOnes) one.open = true;
        } else {
            for (const one of this.closedOnes ?? []) one.open = false;
        }
    }
}

const charOf = c => (c.confirmed ? {met: "M", "not-met": "N"}[c.confirmed.value] : {met: "+", "not-met": "-"}[c.verdict]) ?? "?";

/** The text of each criterion and of its parts, by id. */
function textsOf(criteria, into = new Map()) {
    for (const c of criteria) {
        into.set(c.id, c.text);
        textsOf(c.parts, into);
    }
    return into;
}

function section(name, title, ...content) {
    return h(`section.${name}`, {"aria-labelledby": `h-${name}`}, h("h2", {id: `h-${name}`}, title), content);
}

function participations(p) {
    return h(
        "ul.plain",
        p.participations.map(one =>
            h(
                "li",
                h("b", one.number),
                ` ${word("participation", one.state)}`,
                h("span.muted", ` ${t("patient.since", {day: one.since})}`),
                h(
                    "ul.plain",
                    Object.entries(one.anchors ?? {}).map(([name, anchor]) =>
                        h("li.muted", `${word("anchor", name)}: ${typeof anchor === "string" ? anchor : (anchor.on ?? anchor.date ?? "")}`),
                    ),
                ),
            ),
        ),
    );
}

/** Lines to sign, on paper only. */
function signatures() {
    return h(
        "div.signatures",
        {"aria-hidden": "true"},
        h("p", t("print.printed", {at: moment(now()), by: api.session.user.name})),
        ["name", "signature", "date"].map(what => h("span", t(`print.${what}`))),
    );
}

/** What stands at the head of each printed page. Set in the style sheet's rules, since page margins are no elements. */
let ruled = null;
function runningHead(text) {
    const sheet = [...document.styleSheets].find(one => one.href?.endsWith("/print.css"));
    if (!sheet) return;
    if (ruled !== null) sheet.deleteRule(ruled);
    ruled = null;
    if (text !== null)
        ruled = sheet.insertRule(
            `@page { @top-left { content: "${[...text].map(c => `\\${c.codePointAt(0).toString(16)} `).join("")}"; } }`,
            sheet.cssRules.length,
        );
}
