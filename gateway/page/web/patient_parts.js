// What a person's page says of them beside criteria: who and where they stand, what to do next, the participation.
import {h} from "./dom.js";
import {shape, statusMark, strip, verdictMark} from "./marks.js";
import {paths} from "./router.js";
import {contradictions, goesOn, settled, standing} from "./standing.js";
import {daysBetween, farDays, inDays, t, word} from "./text.js";

const charOf = c => (c.confirmed ? {met: "M", "not-met": "N"}[c.confirmed.value] : {met: "+", "not-met": "-"}[c.verdict]) ?? "?";

/** The text of each criterion and of its parts, by id. */
export function textsOf(criteria, into = new Map()) {
    for (const c of criteria) {
        into.set(c.id, c.text);
        textsOf(c.parts ?? [], into);
    }
    return into;
}

/** Who it is and where they stand; `toolbar`: what can be done; `nameOf(id)`: the text of a criterion. */
export function head(p, toolbar, nameOf) {
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
    return h(
        "header.person",
        h("p.back", h("a", {href: paths.worklist(p.trial)}, `← ${p.title}`)),
        p.mergedInto &&
            h(
                "p.merged",
                shape("i-alert"),
                t("patient.merged"),
                " ",
                h("a", {href: paths.patient(p.trial, p.mergedInto)}, t("patient.mergedInto", {label: p.mergedInto.slice(0, 8)})),
            ),
        h(
            "div.title",
            h("h1", {tabindex: -1}, p.label),
            !p.mergedInto && [statusMark(p.status, true), standing(p, p.participations)],
            p.criteria.length > 0 && strip(p.criteria.map(charOf).join(""), p.criteria),
        ),
        h(
            "p.subline",
            [who, t("patient.protocol", {version: p.protocolVersion}), t("patient.asOf", {day: p.asOf})].filter(Boolean).join(" · "),
        ),
        p.changesOn &&
            days <= farDays &&
            h(
                "p.expiry",
                shape("i-clock"),
                t(expiring ? "patient.expires" : "patient.changes", {what: expiring, day: p.changesOn, in: inDays(days)}),
            ),
        p.machineStatus !== p.status && h("p.confirmed", t("patient.machine", {status: word("status", p.machineStatus ?? "")})),
        p.human && h("p.confirmed", t(p.decided === "page" ? "patient.humanBefore" : "patient.human", {status: word("human", p.human)})),
        p.mark && p.decided === "study" && h("p.muted", t("patient.markBefore", {mark: word("mark", p.mark)})),
        !p.mergedInto && contradictions(p, nameOf).map(said => h("p.wrong", shape("i-alert"), said)),
        identity(p),
        toolbar,
    );
}

function identity(p) {
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

/** What would decide what is unknown: ordered from the record's side, asked from a person. */
export function next(p) {
    const running = p.participations.find(one => goesOn(one.state));
    if (running)
        return h(
            "p.empty",
            t("patient.inStudy", {number: running.number}),
            " ",
            h("a", {href: "/visits"}, t("nav.visits")),
            " · ",
            h("a", {href: "/alerts"}, t("nav.alerts")),
        );
    const why = settled(p, p.participations);
    if (why) return h("p.empty", t("patient.settled", {why}));
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

export function participations(p) {
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
                    Object.entries(one.anchors).map(([name, anchor]) => h("li.muted", `${word("anchor", name)}: ${anchor}`)),
                ),
            ),
        ),
    );
}
