// One criterion in words: verdict, explanation, evidence, what would decide it, and its parts as a tree of native <details>.
import {h} from "./dom.js";
import {verdictMark} from "./marks.js";
import {moment, t, word} from "./text.js";

/** What was measured or diagnosed, value as reported, date, reference and version. Where there is no room, a row's cells stand below each other. */
export function evidenceTable(evidence, link) {
    const table = h(
        "table.evidence",
        h("caption.hidden", t("evidence.title")),
        h(
            "thead",
            h(
                "tr",
                ["what", "value", "date", "source", "version"].map(name => h("th", {scope: "col"}, t(`evidence.${name}`))),
            ),
        ),
        h(
            "tbody",
            evidence.map(e =>
                h(
                    "tr",
                    h("td.what", e.what, e.verification && [" ", h("span.tag.bad", word("verification", e.verification))]),
                    h("td.text", e.text),
                    h("td", e.date ? h("time", {datetime: e.date}, e.date) : t("evidence.undated")),
                    h("td.reference", link ? link(e.reference) : e.reference),
                    h("td.version", {"data-label": t("evidence.version")}, e.version ?? ""),
                ),
            ),
        ),
    );
    return h("div.evidence-box", table);
}

function verdictWords(c) {
    const confirmed = c.confirmed;
    if (confirmed)
        return h("span.verdict", {"data-verdict": confirmed.value}, t("strip.byPerson", {verdict: word("verdict", confirmed.value)}));
    return h(
        "span.verdict",
        {"data-verdict": c.verdict},
        word("verdict", c.verdict),
        c.verdict === "unknown" && c.reason ? h("span.reason", `: ${word("reason", c.reason)}`) : null,
    );
}

function head(c) {
    const shown = c.confirmed?.value ?? c.verdict;
    return [
        verdictMark(shown, Boolean(c.confirmed), true),
        h(
            "span.what",
            h("span.text", c.text),
            " ",
            verdictWords(c),
            c.changesOn && h("span.expiry", t("criterion.changes", {day: c.changesOn})),
            c.explanation && h("span.explanation", c.explanation),
        ),
    ];
}

function confirmedNote(c) {
    const said = c.confirmed;
    return (
        said &&
        h(
            "p.confirmed",
            t("criterion.confirmed", {by: said.by, at: moment(said.at), machine: word("verdict", said.machine)}),
            " ",
            h("q", said.reason),
        )
    );
}

function body(c, options) {
    return [
        confirmedNote(c),
        c.needs.length > 0 &&
            h(
                "div.needs",
                h("p.small", t("criterion.decides")),
                h(
                    "ul",
                    c.needs.map(need => h("li", need)),
                ),
            ),
        c.notes.length > 0 &&
            h(
                "ul.notes",
                c.notes.map(note => h("li", note.text)),
            ),
        c.evidence.length > 0 && evidenceTable(c.evidence, options.link),
        c.parts.length > 0 &&
            h(
                "ul.parts",
                c.parts.map(part => h("li", criterion(part, {...options, top: false}))),
            ),
    ];
}

const isOpen = (c, options) => options.open?.has(c.id) ?? (options.top && c.verdict !== "met");

/**
 * options: top (a criterion of the trial, not a part), link(reference) -> element, actions(c) -> element or null, open: ids of those that the user has open.
 */
export function criterion(c, options) {
    const inside = body(c, options).filter(Boolean);
    const actions = options.top ? options.actions?.(c) : null;
    const title = options.top ? h("h3", head(c)) : h("div.line", head(c));
    if (inside.length === 0) return h("div.criterion", {"data-verdict": c.confirmed?.value ?? c.verdict, "data-id": c.id}, title, actions);
    const box = h(
        "details.criterion",
        {"data-verdict": c.confirmed?.value ?? c.verdict, "data-id": c.id, open: isOpen(c, options)},
        h("summary", title),
        inside,
    );
    return actions ? h("div.with-actions", box, actions) : box;
}
