// A person's results against limits and windows, medication and diagnoses as bars, on one axis of time.
import {h, put, s} from "./dom.js";
import {axis, d3, dayScale, dayTicks} from "./charts.js";
import {addDays, t} from "./text.js";
import {asking, barNotes, dayWords, isOver, isSo, limitText, pointNotes, standsIn, startOf, table} from "./timeline_words.js";

const left = 214,
    right = 16,
    labHeight = 74,
    barHeight = 22;

const looks = {in: "", out: ".old", future: ".old", may: ".may"};

/** Draws into `root`; returns {close}. `line`: what GET …/timeline said; `nameOf(id)`: the text of a criterion. */
export async function timeline(root, line, nameOf = id => id) {
    const lib = await d3();
    const spans = {year: addDays(line.today, -365), three: addDays(line.today, -3 * 365), all: line.from};
    let chosen = "year";
    const frame = h("div.timeline");
    const choice = h(
        "fieldset.spans",
        h("legend", t("timeline.span")),
        Object.keys(spans).map(name =>
            h(
                "label",
                h("input", {
                    type: "radio",
                    name: "span",
                    value: name,
                    checked: name === chosen,
                    onchange: () => {
                        chosen = name;
                        draw();
                    },
                }),
                h("span", t(`timeline.${name}`)),
            ),
        ),
    );
    put(root, choice, frame, explained(), asking(line, nameOf), table(line));
    let width = 0;
    const draw = () => {
        if (width > 0) put(frame, picture(lib, line, spans[chosen] > line.from ? spans[chosen] : line.from, width));
    };
    const watcher = new ResizeObserver(entries => {
        const now = Math.floor(entries[0].contentRect.width);
        if (Math.abs(now - width) > 1) {
            width = now;
            draw();
        }
    });
    watcher.observe(frame);
    return {close: () => watcher.disconnect()};
}

function explained() {
    const sample = (draw, text) => h("li", s("svg", {width: 26, height: 14, viewBox: "0 0 26 14", "aria-hidden": "true"}, draw), text);
    return h(
        "ul.key",
        sample(s("rect.window", {x: 1, y: 1, width: 24, height: 12}), t("timeline.keyWindow")),
        sample(s("path.limit", {d: "M0 7H26"}), t("timeline.keyLimit")),
        sample(s("path.expires", {d: "M13 0V14"}), t("timeline.keyExpires")),
        sample(s("path.today", {d: "M13 0V14"}), t("timeline.keyToday")),
        sample(s("path.unusable", {d: "M10 4l6 6M16 4l-6 6"}), t("timeline.keyUnusable")),
        sample(s("path.worded", {d: "M13 2.5l4.5 4.5-4.5 4.5-4.5-4.5z"}), t("timeline.keyWorded")),
        sample(
            [s("circle.point.old", {cx: 7, cy: 7, r: 4}), s("path.worded.old", {d: "M19 2.5l4.5 4.5-4.5 4.5-4.5-4.5z"})],
            t("timeline.out"),
        ),
        sample(
            [
                s("circle.point.may", {cx: 7, cy: 7, r: 4}),
                s("path.worded.may", {d: "M19 2.5l4.5 4.5-4.5 4.5-4.5-4.5z"}),
                maybe(7, 7),
                maybe(19, 7),
            ],
            t("timeline.may"),
        ),
        sample(s("rect.hollow", {x: 1, y: 2, width: 24, height: 10, rx: 2}), t("timeline.keyHollow")),
    );
}

function picture(lib, line, from, full) {
    const narrow = full < 560;
    const x0 = narrow ? 8 : left,
        width = Math.max(240, full),
        x1 = width - right;
    const latest = [line.to, line.today, ...line.labs.map(l => l.expires)].filter(Boolean).sort().at(-1);
    const time = dayScale(lib, from, addDays(latest, 12), x0, x1);
    const parts = [];
    let y = 26;
    for (const lab of line.labs) {
        parts.push(labRow(lib, lab, time, {x0, x1, y: narrow ? y + 34 : y, narrow, from, today: line.today}));
        y += labHeight + (narrow ? 34 : 0);
    }
    for (const [kind, list] of [
        ["medications", line.medications],
        ["conditions", line.conditions],
    ]) {
        const shown = list.filter(one => isSo(one) && (!one.end || one.end >= from));
        if (shown.length === 0) continue;
        parts.push(s("text.group", {x: narrow ? x0 : 4, y: y + 16}, t(`timeline.${kind}`)));
        y += 24;
        for (const one of shown) {
            parts.push(bar(one, kind, time, {x0, x1, y: narrow ? y + 15 : y, narrow, from, today: line.today}));
            y += barHeight + (narrow ? 15 : 0);
        }
    }
    const ticks = dayTicks(time.scale, x1 - x0);
    return s(
        "svg",
        {
            width,
            height: y + 6,
            viewBox: `0 0 ${width} ${y + 6}`,
            role: "img",
            "aria-label": t("timeline.label", {
                labs: line.labs.length,
                medications: line.medications.length,
                from,
                to: line.today,
            }),
        },
        axis(ticks, y),
        parts,
        s("path.today", {d: `M${time.at(line.today)} 16V${y}`}),
        s("title", t("timeline.title")),
    );
}

/** Name, unit, and the latest result with its day: an old one stands here, too, and says so. */
function labHead(lab, {x0, y, narrow, from, today}) {
    const latest = lab.points.findLast(p => standsIn(p, lab, today) !== "future");
    const day =
        latest &&
        [dayWords(latest.when), latest.unusable ? t("timeline.keyUnusable") : latest.on < from && t("timeline.older")]
            .filter(Boolean)
            .join(", ");
    if (narrow)
        return [
            s("text.lab", {x: x0, y: y - 20}, clip(lab.title, 28), s("tspan.unit", ` ${clip(lab.unit, 14)}`)),
            latest && s("text.value", {x: x0, y: y - 3}, clip(latest.text, 22), s("tspan.day", ` ${day}`)),
        ];
    return [
        s("text.lab", {x: 4, y: y + 19}, clip(lab.title, 24)),
        s("text.unit", {x: 4, y: y + 34}, lab.unit),
        latest && [s("text.value", {x: 4, y: y + 50}, clip(latest.text, 30)), s("text.day", {x: 4, y: y + 65}, day)],
    ];
}

function labRow(lib, lab, time, place) {
    const {x0, x1, y, narrow, today} = place;
    const top = y + 10,
        bottom = y + labHeight - 12;
    const seen = lab.points.filter(p => time.inside(p.on));
    const connected = seen.filter(p => typeof p.value === "number" && !p.unusable);
    const values = connected.map(p => p.value).concat(lab.limit ? [lab.limit.value] : []);
    const scale =
        values.length > 0
            ? lib
                  .scaleLinear()
                  .domain([Math.min(...values), Math.max(...values)])
                  .nice()
                  .range([bottom, top])
            : null;
    const limitAt = scale && lab.limit ? scale(lab.limit.value) : null;
    // What cannot be used has no place on the scale of what can.
    const foot = bottom - 4;
    const placed = seen.map(p => [p, time.at(p.on), connected.includes(p) ? scale(p.value) : foot]);
    return s(
        "g.row",
        s("path.rule", {d: `M${narrow ? x0 : 0} ${y + labHeight - 1}H${x1}`}),
        s("title", lab.title),
        labHead(lab, place),
        window_(lab, time, x0, x1, top, bottom),
        limitAt !== null && s("path.limit", {d: `M${x0} ${limitAt}H${x1}`}),
        connected.length > 1 &&
            s("path.line", {
                d: lib
                    .line()
                    .x(p => time.at(p.on))
                    .y(p => scale(p.value))(connected),
            }),
        placed.map(([p, x, y]) => point(p, x, y, lab, today)),
        limitAt !== null && s("text.limit", {x: x0 + 4, y: limitAt - 4}, limitText(lab.limit)),
        expires(lab, time, {top, bottom, x0, x1, limitAt, placed}),
    );
}

function window_(lab, time, x0, x1, top, bottom) {
    if (!lab.window?.from) return null;
    const from = Math.max(x0, time.at(lab.window.from)),
        to = Math.min(x1, time.at(lab.window.to));
    return (
        to > from &&
        s(
            "rect.window",
            {x: from, y: top - 6, width: to - from, height: bottom - top + 12},
            s("title", t("timeline.window", {days: lab.window.days, from: lab.window.from, to: lab.window.to})),
        )
    );
}

const dayWidth = 68;
/** The day stands at the head of its row, at the foot or between, on either side of its line: where neither the limit with its words nor a result is near. */
function expires(lab, time, {top, bottom, x0, x1, limitAt, placed}) {
    if (!lab.expires || !time.inside(lab.expires)) return null;
    const x = time.at(lab.expires);
    const places = [top, bottom + 6, bottom - 8, bottom - 22]
        .filter(y => limitAt === null || limitAt < y - 13 || limitAt > y + 22)
        .flatMap(y => [
            [y, false],
            [y, true],
        ])
        .filter(([, end]) => (end ? x - dayWidth > x0 : x + dayWidth < x1));
    const free = ([y, end]) => {
        const middle = x + (end ? -0.5 : 0.5) * dayWidth;
        return !placed.some(([, px, py]) => Math.abs(px - middle) < dayWidth / 2 + 8 && py > y - 17 && py < y + 8);
    };
    const [y, end] = places.find(free) ?? places[0] ?? [bottom + 6, x > x1 - dayWidth];
    return [
        s("path.expires", {d: `M${x} ${top - 6}V${bottom + 6}`}, s("title", t("timeline.expires", {day: lab.expires}))),
        s("text.expires", {x: end ? x - 4 : x + 4, y, "text-anchor": end ? "end" : "start"}, lab.expires),
    ];
}

/** Hollow: does not count today; hollow with a dot: may count. */
function point(p, x, y, lab, today) {
    const where = standsIn(p, lab, today);
    return [drawn(p, x, y, looks[where], pointNotes(p, lab, today)), where === "may" && !p.unusable && maybe(x, y)];
}
const maybe = (x, y) => s("circle.maybe", {cx: x, cy: y, r: 1.5});

function drawn(p, x, y, look, said) {
    const notes = said.map(note => `. ${note}`);
    const name = s(
        "title",
        `${dayWords(p.when)}: ${p.text} (${p.reference}${p.version ? `, ${t("evidence.version")} ${p.version}` : ""})${notes.join("")}`,
    );
    if (p.unusable) return s("path.unusable", {d: `M${x - 4} ${y - 4}l8 8M${x + 4} ${y - 4}l-8 8`}, name);
    if (p.value === null) return s(`path.worded${look}`, {d: `M${x} ${y - 5}l5 5-5 5-5-5z`}, name);
    if (p.comparator)
        return s(
            `path.point${look}`,
            {d: p.comparator.startsWith("<") ? `M${x - 5} ${y - 4}h10l-5 9z` : `M${x - 5} ${y + 4}h10l-5-9z`},
            name,
        );
    return s(`circle.point${look}`, {cx: x, cy: y, r: 4}, name);
}

/** Filled: so, as far as the record says. Hollow: not sure, on hold, or over since nobody knows when; the words beside it say which. */
function bar(one, kind, time, {x0, x1, y, narrow, from, today}) {
    const goesOn = !one.end && !isOver(one);
    const start = one.start && one.start > from ? Math.max(x0, time.at(one.start)) : x0;
    const now = time.at(today);
    const end = Math.max(start + 3, goesOn ? now : one.end ? Math.min(x1, time.at(one.end)) : (start + now) / 2);
    const notes = barNotes(one);
    const lost = !one.end && !goesOn;
    const hollow = lost || one.onHold === true || (one.verification ?? "confirmed") !== "confirmed";
    const said = hollow ? notes.filter(note => note !== t("timeline.ongoing")).join(", ") : "";
    // About as wide as its words, beside the bar where there is room.
    const beside = end + 8 + said.length * 6.5 < x1;
    return s(
        "g.row",
        s("text.lab", {x: narrow ? x0 : 4, y: narrow ? y - 1 : y + 14}, clip(one.title, narrow ? 40 : 24)),
        s(
            `rect.${kind}${hollow ? ".hollow" : ""}`,
            {
                x: start,
                y: y + 3,
                width: end - start,
                height: barHeight - 9,
                rx: 2,
                "data-open": goesOn,
                "data-early": !one.start || one.start <= from,
            },
            s("title", `${one.title}: ${startOf(one) || t("timeline.noStart")}, ${notes.join(", ")}. ${one.text}`),
        ),
        goesOn && !hollow && s(`path.${kind}`, {d: `M${end} ${y + 3}l6 ${(barHeight - 9) / 2}-6 ${(barHeight - 9) / 2}z`}),
        said && s("text.said", {x: beside ? end + 8 : start + 5, y: y + 14}, said),
    );
}

const clip = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);
