// The cells of one person in the worklist.
import {h, put} from "./dom.js";
import {rankOf, shape, statusMark, strip, verdictOf} from "./marks.js";
import {paths} from "./router.js";
import {contradictions, standing} from "./standing.js";
import {ago, daysBetween, farDays, inDays, moment, t, word} from "./text.js";

/** Draws `row` of `trial` into its element. */
export function drawRow(element, row, {trial, today, news}) {
    element.classList.toggle("news", news);
    element.classList.toggle("gone", row.gone);
    const [wasStatus, wasStrip] = news ? row.was.split("|") : [""];
    const link = h("a.label", {href: paths.patient(trial.id, row.subject), tabindex: -1}, row.label);
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
        status: [statusMark(row.status), standing(row, row.state === "" ? [] : [row]), row.contradiction && contradiction(row, trial)],
        // Its strip is empty when it was of other criteria.
        criteria: row.strip && strip(row.strip, trial.criteria, wasStrip || null),
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
            row.status === "" ? null : row.changesOn ? expiry(row, today) : h("span.muted", h("span.hidden", t("worklist.neverExpires"))),
        // When somebody else said something is no day of a decision.
        changed: [news && change(row, wasStatus, wasStrip), !(news && row.was === "" && row.said) && time(row.changed)],
    };
    put(
        element,
        Object.entries(cells).map(([name, content], n) => h(`div.cell.c-${name}`, {role: "gridcell", "aria-colindex": n + 1}, content)),
    );
}

function contradiction(row, trial) {
    const said = contradictions(row, id => trial.criteria.find(c => c.id === id)?.text ?? id).join(" ");
    return h("span.tag.bad", {title: said}, shape("i-alert"), t("worklist.contradicts"), h("span.hidden", said));
}

function expiry(row, today) {
    const days = daysBetween(today, row.changesOn);
    // Soon is what matters of those who may come into question now.
    const near = days > farDays ? ".muted" : days <= 14 && rankOf(row.status) <= rankOf("possible") ? ".soon" : "";
    return h(
        `span.expiry${near}`,
        h("span.narrow", {"aria-hidden": "true"}, t("worklist.column.expires"), " "),
        h("time", {datetime: row.changesOn}, row.changesOn),
        " ",
        h("small", inDays(days)),
    );
}

const time = at => h("time.muted", {datetime: new Date(at).toISOString(), title: moment(at)}, ago(at));

/** What is other than when the user looked last: the status and each criterion, or that somebody else said something. */
function change(row, wasStatus, wasStrip) {
    const said =
        row.was === ""
            ? [t(row.said ? "worklist.said" : "worklist.isNew")]
            : row.was === "|"
              ? [t("worklist.newHere")]
              : [
                    wasStatus !== row.status && [word("status", wasStatus), word("status", row.status)],
                    ...[...(wasStrip ? row.strip : "")].map(
                        (c, n) =>
                            c !== wasStrip[n] && [`${n + 1}: ${word("verdict", verdictOf(wasStrip[n]))}`, word("verdict", verdictOf(c))],
                    ),
                ].filter(Boolean);
    const text = said.map(one => (Array.isArray(one) ? one.join(" → ") : one)).join(", ");
    const spoken = said.map(one => (Array.isArray(one) ? one.join(` ${t("worklist.to")} `) : one)).join(", ");
    return [h("span.was", {title: text, "aria-hidden": "true"}, text), h("span.hidden", spoken), " "];
}
