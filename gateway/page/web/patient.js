// One person in one trial: what we say and why, what to do next, how it came about, and what people decide.
import * as api from "./api.js";
import * as actions from "./actions.js";
import {calm, h, put} from "./dom.js";
import {criterion} from "./criteria.js";
import {decisions, history} from "./decisions.js";
import {listen} from "./live.js";
import {head, next, participations, textsOf} from "./patient_parts.js";
import {paths, go} from "./router.js";
import {goesOn} from "./standing.js";
import {moment, now, t} from "./text.js";
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
        this.turn = 0;
        this.told = 0;
    }

    async start() {
        // Heard from before the answers on, so that no change falls between; whoever is not found leaves no listener behind. The first event says from where on.
        const first = new Promise(heard => {
            this.stop = listen(event => heard(this.heard(event.worklist?.[this.trial] ?? 0)));
        });
        this.look = calm(() => this.changed(), 200);
        await Promise.race([first, new Promise(late => setTimeout(late, 1000))]);
        try {
            [this.about, this.line, this.texts] = await this.ask();
        } catch (refused) {
            this.stop();
            throw refused;
        }
        this.title = t("patient.title", {label: this.about.label});
        this.draw();
        if (this.missed) this.look();
        this.before = () => this.openAll(true);
        this.after = () => this.openAll(false);
        addEventListener("beforeprint", this.before);
        addEventListener("afterprint", this.after);
    }

    /** Of who is not listed the criteria are not told, but what people said is by their names: those are the trial's. */
    async ask(options) {
        const [about, line] = await Promise.all([api.get(this.path, options), api.get(`${this.path}/timeline`, options)]);
        const named = about.criteria.length > 0 || about.judgements.length === 0 ? about : await this.ofTrial(options);
        return [about, line, textsOf(named.criteria)];
    }
    async ofTrial(options) {
        const {trials} = await api.get("/api/v1/trials", options);
        return trials.find(one => one.id === this.trial) ?? {criteria: []};
    }
    takesPart() {
        return this.about.participations.some(one => goesOn(one.state));
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
        else if (stamp > this.base && this.about) this.look();
        else if (stamp > this.base) this.missed = true;
    }

    /** Something in the trial changed: was it this person? Who reads is told, not interrupted; what follows from an own action is shown at once. */
    async changed() {
        if (this.closed) return;
        const background = {background: true};
        try {
            const answer = await api.get(`/api/v1/trials/${api.part(this.trial)}/worklist?since=${this.base}`, background);
            this.base = Math.max(this.base, answer.stamp);
            if (this.closed || !answer.rows.some(row => row[0] === this.subject)) return;
            if (Date.now() < this.mine) return await this.reload(background);
            ++this.told;
            this.news.hidden = false;
        } catch (refused) {
            if (!this.closed) this.fail(refused);
        }
    }

    /** Of several that are under way, the one that was asked last is shown. */
    async reload(options) {
        const turn = ++this.turn;
        const told = this.told;
        const answers = await this.ask(options);
        if (this.closed || turn !== this.turn) return;
        [this.about, this.line, this.texts] = answers;
        const opened = new Set([...this.root.querySelectorAll("details.criterion[open]")].map(d => d.dataset.id));
        const focus = document.activeElement?.id;
        this.draw(opened);
        this.news.hidden = this.told === told; // what was told meanwhile may not be in these answers
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
        const nameOf = id => this.texts.get(id) ?? id;
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
            head(p, this.toolbar(), nameOf),
            h(
                "div.columns",
                h(
                    "div.wide",
                    !p.mergedInto && (p.status !== null || this.takesPart()) && section("next", t("patient.next"), next(p)),
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
                        decisions(p, !p.mergedInto && (id => this.act(ground => actions.undo(ground, id))), nameOf),
                    ),
                    p.localCodes.length > 0 && section("codes", t("patient.codes"), this.codes(p, may("judge"))),
                    p.participations.length > 0 && section("participation", t("patient.participation"), participations(p)),
                    section("history", t("patient.history"), history(p)),
                ),
            ),
            signatures(),
        );
        const {labs, medications, conditions} = this.line;
        if (labs.length + medications.length + conditions.length === 0) return void put(chart, h("p.empty", t("timeline.nothing")));
        timeline(chart, this.line, nameOf).then(made => {
            this.closed || !chart.isConnected ? made.close() : (this.chart = made);
        }, this.fail);
    }

    toolbar() {
        const tool = (id, words, run, allowed) =>
            allowed && h("button", {type: "button", id: `do-${id}`, onclick: () => this.act(run)}, words);
        const judge = api.may("judge", this.trial);
        const {status, identity, mergedInto} = this.about;
        if (mergedInto) return null;
        return h(
            "div.toolbar",
            {role: "group", "aria-label": t("patient.actions")},
            tool("mark", t("mark.button"), actions.mark, judge && status !== null),
            tool("comment", t("comment.button"), actions.comment, judge),
            tool("mapping", t("mapping.button"), actions.mapping, judge),
            tool(
                "reveal",
                t("reveal.button"),
                actions.reveal,
                !identity && (status !== null || this.takesPart()) && api.may("reveal", this.trial),
            ),
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

function section(name, title, ...content) {
    return h(`section.${name}`, {"aria-labelledby": `h-${name}`}, h("h2", {id: `h-${name}`}, title), content);
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
