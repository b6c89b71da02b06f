// Statuses and verdicts as shape, colour and word: never by colour alone. The shapes are symbols of one hidden picture in the document.
import {h, s} from "./dom.js";
import {t, word} from "./text.js";

const pie = portion => {
    const a = 2 * Math.PI * portion,
        x = 8 + 4.4 * Math.sin(a),
        y = 8 - 4.4 * Math.cos(a);
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
    "i-person": () => [s("circle", {cx: 8, cy: 4.6, r: 2.9, fill: own}), s("path", {d: "M2.2 14.6c0-7.4 11.6-7.4 11.6 0z", fill: own})],
    "i-clock": () => [ring(), line("M8 4.6V8l2.4 1.6", 1.5, own)],
    "i-alert": () => [s("path", {d: "M8 1.2l7.2 13.2H.8z", fill: own}), line("M8 6v3.6M8 12v.1", 1.8)],
    "i-note": () => [
        s("path", {d: "M2 2h12v9H8l-3.6 3V11H2z", fill: "none", stroke: own, "stroke-width": 1.5, "stroke-linejoin": "round"}),
    ],
    "i-flag": () => [line("M3.5 15V1.8M3.5 2.4h8.6l-2 3.1 2 3.1H3.5", 1.6, own)],
};

// Marks of verdicts, one path each: lists have thousands of them. Filled ones have their sign cut out; the unknown is a broken ring around a question mark.
const ringOf = Array.from({length: 8}, (_, n) => {
    const at = angle => `${(8 + 6.7 * Math.cos(angle)).toFixed(2)} ${(8 + 6.7 * Math.sin(angle)).toFixed(2)}`;
    return `M${at((n * Math.PI) / 4)}A6.7 6.7 0 0 1 ${at((n * Math.PI) / 4 + 0.42)}`;
}).join("");
const bust = "M8 .1a2.9 2.9 0 1 1 0 5.8 2.9 2.9 0 1 1 0-5.8zM.6 15.8v-3.6c0-6.6 14.8-6.6 14.8 0v3.6z";
const glyphs = {
    met: "M4 1h8a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3V4a3 3 0 0 1 3-3zM3.9 8.8l3 3.1L12 6.4l-1.3-1.3-3.8 4.1-1.7-1.7z",
    "not-met": "M8 .4L15.6 8 8 15.6.4 8zM5.1 6.4L6.7 8 5.1 9.6l1.3 1.3L8 9.3l1.6 1.6 1.3-1.3L9.3 8l1.6-1.6-1.3-1.3L8 6.7 6.4 5.1z",
    unknown: `${ringOf}M6.2 6.5c.1-2.4 3.7-2.3 3.7-.2 0 1.4-1.8 1.5-1.8 2.9M8.1 11.6v.01`,
    "met-person": `${bust}M4.6 11.6l2.3 2.3L11 9.6 9.8 8.5l-2.9 3-1.1-1.1z`,
    "not-met-person": `${bust}M5.8 10.4l1.1 1.2-1.1 1.1 1.1 1.1L8 12.7l1.1 1.1 1.1-1.1-1.1-1.1 1.1-1.2-1.1-1.1L8 10.5 6.9 9.3z`,
};
function glyph(verdict, person, more = {}) {
    const name = person && verdict !== "unknown" ? `${verdict}-person` : verdict;
    return s("path.mark", {d: glyphs[name], "data-verdict": verdict, "data-mark": name, ...more});
}

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
    return h(
        `span.status${big ? ".big" : ""}`,
        {"data-status": known ? status : "none"},
        shape(known ? `s-${status}` : "s-none"),
        h("span", word("status", status ?? "")),
    );
}

const ofChar = {"+": "met", "-": "not-met", "?": "unknown", M: "met", N: "not-met"};
export const verdictOf = char => ofChar[char] ?? "unknown";
export const byPerson = char => char === "M" || char === "N";

/** Shape of a verdict; the word for screen readers unless `silent`. */
export function verdictMark(verdict, person = false, silent = false) {
    const name = person ? t("strip.byPerson", {verdict: word("verdict", verdict)}) : word("verdict", verdict);
    return s(
        "svg.mark",
        {viewBox: "0 0 16 16", "data-verdict": verdict, ...(silent ? {"aria-hidden": "true"} : {role: "img", "aria-label": name})},
        glyph(verdict, person),
    );
}

/** "Met 5 of 8. Unknown: serology. Not met: age." */
export function stripWords(strip, criteria) {
    const named = wanted =>
        [...strip]
            .map((c, n) => [c, criteria[n]?.text ?? String(n + 1)])
            .filter(([c]) => verdictOf(c) === wanted)
            .map(([c, name]) => (byPerson(c) ? t("strip.byPerson", {verdict: name}) : name));
    const met = named("met").length;
    const parts = [t("strip.met", {n: met, all: strip.length})];
    for (const verdict of ["unknown", "not-met"]) {
        const names = named(verdict);
        if (names.length > 0) parts.push(`${word("verdict", verdict)}: ${names.join("; ")}.`);
    }
    return parts.join(" ");
}

const step = 19;
const drawnStrips = new Map();

/** The criteria of one person as a row of small shapes; what differs from `before` is underlined. */
export function strip(text, criteria, before = null) {
    const key = `${text}|${before}|${criteria.map(c => c.id).join()}`;
    let drawn = drawnStrips.get(key);
    if (!drawn) {
        if (drawnStrips.size > 2000) drawnStrips.clear();
        drawnStrips.set(key, (drawn = draw(text, criteria, before)));
    }
    const copy = drawn.cloneNode(true);
    copy.addEventListener("pointerover", event => explain(event, text, criteria));
    return copy;
}

function draw(text, criteria, before) {
    const marks = [...text].map((c, n) => [
        before !== null && before[n] !== c && s("path.fresh", {d: `M${n * step + 1.5} 20.4h16`, "stroke-width": 2.2}),
        glyph(verdictOf(c), byPerson(c), {transform: `translate(${n * step + 1.5} 1.5)`, "data-n": n}),
    ]);
    const width = Math.max(1, text.length * step);
    return s("svg.strip", {viewBox: `0 0 ${width} 22`, width, height: 22, role: "img", "aria-label": stripWords(text, criteria)}, marks);
}

/** The browser's own hint for the mark under the pointer; made when it is needed. */
function explain(event, text, criteria) {
    const n = event.target.dataset?.n;
    if (n === undefined || event.target.firstChild) return;
    const word_ = word("verdict", verdictOf(text[n]));
    event.target.append(
        s("title", `${Number(n) + 1}. ${criteria[n]?.text ?? ""}: ${byPerson(text[n]) ? t("strip.byPerson", {verdict: word_}) : word_}`),
    );
}
