// What a timeline says in words: what counts, what a bar or a point cannot say alone, whose limits are drawn, and the same as a table.
import {h} from "./dom.js";
import {dayValue, t, word} from "./text.js";

/** As precise as it is known: "2019", "2019-03", or from one day to another. */
export const dayWords = when => when.replace("/", " – ");
/** What the day of a result makes of it: it counts ("in"), does not ("out"), or may, where the day is not known exactly; what lies in the future is no result yet. */
export function standsIn(p, lab, today) {
    if (p.on > today) return "future";
    const {from, to} = lab.window ?? {};
    if (!from || (p.on >= from && p.last <= to)) return "in";
    return p.last < from || p.on > to ? "out" : "may";
}
/** The result on which the criterion rests whose limit is drawn: it is the one that expires. */
const restsOn = (lab, today) => lab.points.findLast(p => !p.unusable && standsIn(p, lab, today) === "in");
// What was refuted was never so: it has no place in a picture.
export const isSo = one => !["refuted", "entered-in-error"].includes(one.verification);
/** As it was reported. */
export const startOf = one => one.startWhen || one.start || "";
export const isOver = one => (one.current ?? one.ongoing) === false;

/** What a bar cannot say alone. */
export function barNotes(one) {
    const end = one.end ? t("timeline.until", {day: one.end}) : !one.onHold && t(isOver(one) ? "timeline.ended" : "timeline.ongoing");
    return [
        one.verification && one.verification !== "confirmed" && word("verification", one.verification),
        one.onHold && t("timeline.onHold"),
        isSo(one) && end,
    ].filter(Boolean);
}

export function pointNotes(p, lab, today) {
    const where = standsIn(p, lab, today);
    return [
        p.unusable && t("timeline.keyUnusable"),
        where !== "in" && t(`timeline.${where}`),
        lab.expires && p === restsOn(lab, today) && t("timeline.expires", {day: lab.expires}),
    ].filter(Boolean);
}

export const limitText = limit => `${{">=": "≥", "<=": "≤"}[limit.op] ?? limit.op} ${limit.value}`;

/** Whose limit and window a picture shows where several criteria ask for the same result. */
export function asking(line, nameOf) {
    const several = line.labs.filter(lab => (lab.asked ?? []).length > 1);
    const one = a =>
        [
            t("timeline.quoted", {what: nameOf(a.criterion)}),
            [
                a.limit && limitText(a.limit),
                a.window?.days && t("timeline.within", {n: a.window.days}),
                a.expires && t("timeline.expiresOn", {day: a.expires}),
            ]
                .filter(Boolean)
                .join(", "),
        ]
            .filter(Boolean)
            .join(": ");
    return (
        several.length > 0 &&
        h(
            "details.askers",
            h("summary", t("timeline.asking", {n: several.length})),
            h(
                "ul.asking",
                several.map(lab =>
                    h(
                        "li",
                        h("b", lab.title),
                        " ",
                        t("timeline.shownFor", {first: one(lab.asked[0]), others: lab.asked.slice(1).map(one).join("; ")}),
                    ),
                ),
            ),
        )
    );
}

/** The picture in words, newest first. */
export function table(line) {
    const labs = line.labs.flatMap(lab =>
        lab.points.map(p => ({
            day: p.on,
            when: p.when,
            what: lab.title,
            text: p.text,
            from: p.reference,
            version: p.version,
            note: pointNotes(p, lab, line.today).join(". "),
        })),
    );
    const bars = [...line.medications, ...line.conditions].map(m => ({
        day: m.start ?? "",
        when: startOf(m),
        what: m.title,
        text: m.text,
        from: m.reference,
        version: m.version,
        note: barNotes(m).join(", "),
    }));
    const rows = [...labs, ...bars].sort((a, b) => dayValue(b.day || "1000-01-01") - dayValue(a.day || "1000-01-01"));
    return h(
        "details.as-table",
        h("summary", t("timeline.asTable", {n: rows.length})),
        h(
            "div.scroll",
            {tabindex: 0, role: "group", "aria-label": t("timeline.title")},
            h(
                "table",
                h(
                    "thead",
                    h(
                        "tr",
                        ["date", "what", "value", "source", "version", "note"].map(c => h("th", {scope: "col"}, t(`evidence.${c}`))),
                    ),
                ),
                h(
                    "tbody",
                    rows.map(r =>
                        h(
                            "tr",
                            h(
                                "td",
                                r.when
                                    ? h("time", {datetime: r.when.includes("/") ? null : r.when}, dayWords(r.when))
                                    : t("evidence.undated"),
                            ),
                            h("td", r.what),
                            h("td", r.text),
                            h("td.reference", r.from),
                            h("td", r.version ?? ""),
                            h("td", r.note),
                        ),
                    ),
                ),
            ),
        ),
    );
}
