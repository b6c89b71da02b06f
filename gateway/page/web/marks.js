// Statuses and verdicts as shape, colour and word: never by colour alone. The shapes are symbols of one hidden picture in the document.
import {h, s} from "./dom.js";
import {t, word} from "./text.js";

const pie = portion => {
    const a = 2 * Math.PI * portion, x = 8 + 4.4 * Math.sin(a), y = 8 - 4.4 * Math.cos(a);
    return `M8 8V3.6A4.4 4.4 0 ${portion > 0.5 ? 1 : 0} 1 ${x.toFixed(2)} ${y.toFixed(2)}Z`;
};
const ring = () => s("circle", {cx: 8, cy: 8, r: 6.6, fill: "none", stroke: "currentColor", "stroke-width": 1.6});
const line = (d, width = 1.8, stroke = "var(--surface)") =>
    s("path", {d, fill: "none", stroke, "stroke-width": width, "stroke-linecap": "round", "stroke-linejoin": "round"});
const own = "currentColor";

const drawn = {
    "s-eligible": () => [s("circle", {cx: 8, cy: 8, r: 7.4, fill: own}), line("M4.8 8.3l2.2 2.2 4.3-4.6")],
    "s-likely": () => [ring(), s("path", {d: pie(0.75), fill: own})],
    "s-possible": () => [ring(), s("path", {d: pie(0.5), fill: own})],
    "s-not-now": () => [ring(), line("M8 4.6V8l2.4 1.6", 1.6, own)],
    "s-ineligible": () => [ring(), line("M3.6 12.4l8.8-8.8", 1.6, own)],
    "s-none": () => [s("circle", {cx: 8, cy: 8, r: 6.6, fill: "none", stroke: own, "stroke-width": 1.4, "stroke-dasharray": "2 2"})],
    "m-met": () => [s("rect", {x: 1, y: 1, width: 14, height: 14, rx: 3, fill: own}), line("M4.6 8.2l2.3 2.3 4.4-4.8", 2)],
    "m-not-met": () => [s("path", {d: "M8 .4L15.6 8 8 15.6.4 8z", fill: own}), line("M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4", 1.8)],
    "m-unknown": () => [
        s("circle", {cx: 8, cy: 8, r: 6.7, fill: "none", stroke: own, "stroke-width": 1.5, "stroke-dasharray": "2.6 1.9"}),
        line("M6.2 6.5c.1-2.4 3.7-2.3 3.7-.2 0 1.4-1.8 1.5-1.8 2.9", 1.5, own), s("circle", {cx: 8.1, cy: 11.4, r: 0.95, fill: own}),
    ],
    // A person who carries the verdict: head and shoulders.
    "p-met": () => [s("circle", {cx: 8, cy: 3, r: 2.9, fill: own}), s("path", {d: "M.6 15.8v-3.6c0-6.6 14.8-6.6 14.8 0v3.6z", fill: own}), line("M5.3 11.4l1.9 1.9 3.6-3.8", 1.8)],
    "p-not-met": () => [s("circle", {cx: 8, cy: 3, r: 2.9, fill: own}), s("path", {d: "M.6 15.8v-3.6c0-6.6 14.8-6.6 14.8 0v3.6z", fill: own}), line("M6 9.6l4 4M10 9.6l-4 4", 1.7)],
    "i-person": () => [s("circle", {cx: 8, cy: 4.6, r: 2.9, fill: own}), s("path", {d: "M2.2 14.6c0-7.4 11.6-7.4 11.6 0z", fill: own})],
    "i-clock": () => [ring(), line("M8 4.6V8l2.4 1.6", 1.5, own)],
    "i-alert": () => [s("path", {d: "M8 1.2l7.2 13.2H.8z", fill: own}), line("M8 6v3.6M8 12v.1", 1.8)],
    "i-note": () => [s("path", {d: "M2 2h12v9H8l-3.6 3V11H2z", fill: "none", stroke: own, "stroke-width": 1.5, "stroke-linejoin": "round"})],
    "i-flag": () => [line("M3.5 15V1.8M3.5 2.4h8.6l-2 3.1 2 3.1H3.5", 1.6, own)],
};

/** Puts the shapes into the document, once. */
export function plantShapes() {
    const all = Object.entries(drawn).map(([id, draw]) => s("symbol", {id, viewBox: "0 0 16 16"}, draw()));
    document.body.append(s("svg.shapes", {"aria-hidden": "true", width: 0, height: 0}, all));
}

/** A shape without words. */
export function shape(id, extra = "") {
    return s(`svg.shape${extra}`, {viewBox: "0 0 16 16", "aria-hidden": "true"}, s("use", {href: `#${id}`}));
}

const statuses = ["eligible", "likely", "possible", "not-now", "ineligible"];
/** From most to least promising. */
export const rankOf = status => (statuses.includes(status) ? statuses.indexOf(status) : statuses.length);
export const allStatuses = statuses;

/** Shape and word of a status. */
export function statusMark(status, big = false) {
    const known = statuses.includes(status);
    return h(`span.status${big ? ".big" : ""}`, {"data-status": known ? status : "none"}, shape(known ? `s-${status}` : "s-none"),
        h("span", status ? word("status", status) : t("status.notListed")));
}

const ofChar = {"+": "met", "-": "not-met", "?": "unknown", M: "met", N: "not-met"};
export const verdictOf = char => ofChar[char] ?? "unknown";
export const byPerson = char => char === "M" || char === "N";

/** Shape of a verdict; the word for screen readers unless `silent`. */
export function verdictMark(verdict, person = false, silent = false) {
    const name = person ? t("strip.byPerson", {verdict: word("verdict", verdict)}) : word("verdict", verdict);
    const picture = s("svg.mark", {viewBox: "0 0 16 16", "data-verdict": verdict, ...(silent ? {"aria-hidden": "true"} : {role: "img", "aria-label": name})},
        s("use", {href: `#${person ? "p" : "m"}-${verdict}`}));
    return picture;
}

/** "Met 5 of 8. Unknown: serology. Not met: age." */
export function stripWords(strip, criteria) {
    const named = wanted => [...strip].map((c, n) => [c, criteria[n]?.text ?? String(n + 1)])
        .filter(([c]) => verdictOf(c) === wanted).map(([c, name]) => (byPerson(c) ? t("strip.byPerson", {verdict: name}) : name));
    const met = named("met").length;
    const parts = [t("strip.met", {n: met, all: strip.length})];
    for (const verdict of ["unknown", "not-met"]) {
        const names = named(verdict);
        if (names.length > 0)
            parts.push(`${word("verdict", verdict)}: ${names.join("; ")}.`);
    }
    return parts.join(" ");
}

/** The criteria of one person as a row of small shapes. */
export function strip(text, criteria, before = null) {
    const step = 19;
    const marks = [...text].map((c, n) => s("g.mark", {"data-verdict": verdictOf(c), transform: `translate(${n * step + 1.5} 1.5)`},
        s("title", `${n + 1}. ${criteria[n]?.text ?? ""}: ${byPerson(c) ? t("strip.byPerson", {verdict: word("verdict", verdictOf(c))}) :
            word("verdict", verdictOf(c))}`),
        before !== null && before[n] !== c && s("path.fresh", {d: "M0 18.6h16", "stroke-width": 2.2}),
        s("use", {href: `#${byPerson(c) ? "p" : "m"}-${verdictOf(c)}`, width: 16, height: 16})));
    const width = Math.max(1, text.length * step);
    return s("svg.strip", {viewBox: `0 0 ${width} 22`, width, height: 22, role: "img", "aria-label": stripWords(text, criteria)}, marks);
}
