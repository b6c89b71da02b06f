// What people decided about a person, and what we said when and why.
import {h} from "./dom.js";
import {shape, statusMark, verdictMark, verdictOf, byPerson} from "./marks.js";
import {ago, moment, t, word} from "./text.js";

function what(j, nameOf) {
    const criterion = nameOf(j.what);
    switch (j.kind) {
        case "criterion":
            return [verdictMark(j.value, true, true), h("b", t("decision.criterion", {criterion, verdict: word("verdict", j.value)}))];
        case "mark":
            return [shape("i-flag"), h("b", word("mark", j.value))];
        case "mapping":
            return [
                shape("i-note"),
                h("b", t("decision.mapping", {code: j.value?.display || j.value?.code || "", concept: j.value?.concept ?? ""})),
            ];
        default:
            return [shape("i-note"), h("b", t("decision.comment"))];
    }
}

/** Comments and decisions, newest first; `undo(id)` takes one back, where that is given; `nameOf(id)`: the text of a criterion. */
export function decisions(p, undo, nameOf) {
    if (p.judgements.length === 0) return h("p.empty", t("decision.none"));
    const newest = [...p.judgements].sort((a, b) => b.id - a.id);
    return h(
        "ul.decisions",
        newest.map(j =>
            h(
                `li${j.undone ? ".undone" : ""}`,
                h("p.what", what(j, nameOf)),
                j.reason && h("p.reason", j.reason),
                h(
                    "p.muted",
                    t("decision.by", {by: j.by, role: word("role", j.role)}),
                    " ",
                    h("time", {datetime: j.at, title: moment(j.at)}, ago(j.at)),
                ),
                j.undone && h("p.muted", t("decision.undone", {by: j.undone.by, at: moment(j.undone.at)})),
                undo &&
                    j.mayUndo &&
                    !j.undone &&
                    h(
                        "button.quiet",
                        {
                            type: "button",
                            id: `undo-${j.id}`,
                            onclick: () => undo(j.id),
                            "aria-label": t("decision.undoOf", {what: word("judgement", j.kind)}),
                        },
                        t("decision.undo"),
                    ),
            ),
        ),
    );
}

function because(cause) {
    if (!cause?.by) return null;
    const events = cause.events ?? [];
    return h(
        "p.muted",
        word("cause", cause.by),
        events.length > 0 && ": ",
        events.length > 0 && h("span.reference", events.slice(0, 4).join(", ")),
        events.length > 4 && ` ${t("decision.more", {n: events.length - 4})}`,
    );
}

/** Of what was said with other criteria than today's, nobody can say here which mark is whose. */
function differences(now, before, p) {
    if (now.sameCriteria === false) return h("p.muted", t("decision.otherCriteria"));
    if (before?.sameCriteria === false) return h("p.muted", t("decision.criteriaBefore"));
    if (!before || !before.strip || before.strip.length !== now.strip.length) return null;
    const changed = [...now.strip].map((c, n) => [n, before.strip[n], c]).filter(([, a, b]) => a !== b);
    const name = c => (byPerson(c) ? t("strip.byPerson", {verdict: word("verdict", verdictOf(c))}) : word("verdict", verdictOf(c)));
    return (
        changed.length > 0 &&
        h(
            "ul.changes",
            changed.map(([n, a, b]) =>
                h(
                    "li",
                    p.criteria[n]?.text ?? n + 1,
                    ": ",
                    name(a),
                    h("span", {"aria-hidden": "true"}, " → "),
                    h("span.hidden", ` ${t("worklist.to")} `),
                    verdictMark(verdictOf(b), byPerson(b), true),
                    " ",
                    name(b),
                ),
            ),
        )
    );
}

/** What we said, newest first. */
export function history(p) {
    if (p.history.length === 0) return h("p.empty", t("decision.noHistory"));
    return h(
        "ol.history",
        p.history.map((one, n) =>
            h(
                "li",
                h("p", statusMark(one.status), " ", h("time.muted", {datetime: one.at}, moment(one.at))),
                differences(one, p.history[n + 1], p),
                because(one.cause),
            ),
        ),
    );
}
