// The cells of one person in the worklist.
import {h, put} from "./dom.js";
import {rankOf, shape, statusMark, strip} from "./marks.js";
import {paths} from "./router.js";
import {contradictions, goesOn, holdsWords} from "./standing.js";
import {ago, daysBetween, farDays, inDays, moment, t, word} from "./text.js";

/** Draws `row` of `trial` into its element. */
export function drawRow(element, row, {trial, today, news}) {
    element.classList.toggle("news", news);
    element.classList.toggle("gone", row.status === "");
    // Empty when it was a strip of other criteria.
    const [wasStatus, wasStrip] =
        row.was === "" ? [null, null] : row.was.split("|").map((part, n) => (n === 1 && part === "" ? null : part));
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
        status: [statusMark(row.status), standing(row), row.contradiction && contradiction(row, trial)],
        criteria: strip(row.strip, trial.criteria, news ? wasStrip : null),
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
        changed: change(row, wasStatus, wasStrip),
    };
    put(
        element,
        Object.entries(cells).map(([name, content], n) => h(`div.cell.c-${name}`, {role: "gridcell", "aria-colindex": n + 1}, content)),
    );
}

/** In the study by its number; else whose word holds. */
function standing(row) {
    const takesPart = goesOn(row.state);
    const part =
        row.state !== "" && t("standing.takesPart", {number: row.number, state: word("participation", row.state)}).replace(/^: /, "");
    return [
        part && h(`span.tag${takesPart ? ".study" : ""}`, part),
        row.decided !== "" &&
            !(takesPart && ["screened", "enrolled"].includes(row.mark)) &&
            h("span.tag.person", {title: holdsWords(row)}, shape("i-person"), h("span", holdsWords(row))),
    ];
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

function change(row, wasStatus, wasStrip) {
    const when = h("time.muted", {datetime: new Date(row.changed).toISOString(), title: moment(row.changed)}, ago(row.changed));
    if (wasStatus === null) return [h("span.was", t("worklist.isNew")), " ", when];
    if (wasStatus !== row.status)
        return [
            h(
                "span.was",
                word("status", wasStatus) || t("status.notListed"),
                h("span", {"aria-hidden": "true"}, " → "),
                h("span.hidden", ` ${t("worklist.to")} `),
                word("status", row.status) || t("status.notListed"),
            ),
            " ",
            when,
        ];
    const first = [...row.strip].findIndex((c, n) => c !== wasStrip?.[n]);
    const words = c => ({"+": "met", M: "met", "-": "not-met", N: "not-met"})[c] ?? "unknown";
    return [
        first >= 0 &&
            wasStrip?.[first] !== undefined &&
            h("span.was", `${first + 1}: ${word("verdict", words(wasStrip[first]))} → ` + word("verdict", words(row.strip[first]))),
        " ",
        when,
    ];
}
