// A person's results against limits and windows, medication and diagnoses as bars, on one axis of time. A picture and the same as a table.
import {h, put, s} from "./dom.js";
import {axis, d3, dayScale, dayTicks} from "./charts.js";
import {addDays, dayValue, t} from "./text.js";

const left = 200,
    right = 16,
    labHeight = 74,
    barHeight = 22;
const number = v => String(v);

/** Draws into `root`; returns {close}. `line`: what GET …/timeline said. */
export async function timeline(root, line) {
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
    put(root, choice, frame, explained(), table(line));
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
        parts.push(labRow(lib, lab, time, {x0, x1, y: narrow ? y + 16 : y, narrow}));
        y += labHeight + (narrow ? 16 : 0);
    }
    for (const [kind, list] of [
        ["medications", line.medications],
        ["conditions", line.conditions],
    ]) {
        const shown = list.filter(one => !one.end || one.end >= from);
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

function labRow(lib, lab, time, {x0, x1, y, narrow}) {
    const top = y + 10,
        bottom = y + labHeight - 12;
    const seen = lab.points.filter(p => time.inside(p.date));
    const values = seen
        .filter(p => typeof p.value === "number" && !p.unusable)
        .map(p => p.value)
        .concat(lab.limit ? [lab.limit.value] : []);
    const scale =
        values.length > 0
            ? lib
                  .scaleLinear()
                  .domain([Math.min(...values), Math.max(...values)])
                  .nice()
                  .range([bottom, top])
            : null;
    const latest = lab.points.at(-1);
    const title = narrow
        ? s("text.lab", {x: x0, y: y - 4}, lab.title, s("tspan.unit", ` ${lab.unit}`))
        : [
              s("text.lab", {x: 4, y: y + 22}, clip(lab.title, 24)),
              s("text.unit", {x: 4, y: y + 38}, lab.unit),
              latest && s("text.value", {x: 4, y: y + 55}, clip(`${latest.text}`, 30)),
          ];
    const connected = seen.filter(p => typeof p.value === "number" && !p.unusable);
    return s(
        "g.row",
        s("path.rule", {d: `M${narrow ? x0 : 0} ${y + labHeight - 1}H${x1}`}),
        s("title", lab.title),
        title,
        window_(lab, time, x0, x1, top, bottom),
        scale &&
            lab.limit && [
                s("path.limit", {d: `M${x0} ${scale(lab.limit.value)}H${x1}`}),
                s(
                    "text.limit",
                    {x: x0 + 4, y: scale(lab.limit.value) - 4},
                    `${{">=": "≥", "<=": "≤"}[lab.limit.op] ?? lab.limit.op} ${number(lab.limit.value)}`,
                ),
            ],
        connected.length > 1 &&
            s("path.line", {
                d: lib
                    .line()
                    .x(p => time.at(p.date))
                    .y(p => scale(p.value))(connected),
            }),
        seen.map(p => point(p, time.at(p.date), p.value === null || !scale ? bottom - 6 : scale(p.value), lab)),
        expires(lab, time, top, bottom, x1),
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

function expires(lab, time, top, bottom, x1) {
    if (!lab.expires || !time.inside(lab.expires)) return null;
    const x = time.at(lab.expires),
        end = x > x1 - 70;
    return [
        s("path.expires", {d: `M${x} ${top - 6}V${bottom + 6}`}, s("title", t("timeline.expires", {day: lab.expires}))),
        s("text.expires", {x: end ? x - 4 : x + 4, y: top, "text-anchor": end ? "end" : "start"}, lab.expires),
    ];
}

function point(p, x, y, lab) {
    const name = s(
        "title",
        `${p.date}: ${p.text} (${p.reference}${p.version ? `, ${t("evidence.version")} ${p.version}` : ""})${p.unusable ? `. ${t("timeline.keyUnusable")}` : ""}`,
    );
    if (p.unusable) return s("path.unusable", {d: `M${x - 4} ${y - 4}l8 8M${x + 4} ${y - 4}l-8 8`}, name);
    if (p.value === null) return s("path.worded", {d: `M${x} ${y - 5}l5 5-5 5-5-5z`}, name);
    if (p.comparator)
        return s("path.point", {d: p.comparator.startsWith("<") ? `M${x - 5} ${y - 4}h10l-5 9z` : `M${x - 5} ${y + 4}h10l-5-9z`}, name);
    const inWindow = !lab.window?.from || (p.date >= lab.window.from && p.date <= lab.window.to);
    return s(inWindow ? "circle.point" : "circle.point.old", {cx: x, cy: y, r: 4}, name);
}

function bar(one, kind, time, {x0, x1, y, narrow, from, today}) {
    const open = !one.end;
    const start = one.start && one.start > from ? Math.max(x0, time.at(one.start)) : x0;
    const end = Math.max(start + 3, open ? (one.ongoing === false ? start + 6 : time.at(today)) : Math.min(x1, time.at(one.end)));
    const words = `${one.title}: ${one.start ?? t("timeline.noStart")} – ${one.end ?? (one.ongoing === false ? "?" : t("timeline.ongoing"))}. ${one.text}`;
    return s(
        "g.row",
        s("text.lab", {x: narrow ? x0 : 4, y: narrow ? y - 1 : y + 14}, clip(one.title, 22)),
        s(
            `rect.${kind}`,
            {
                x: start,
                y: y + 3,
                width: end - start,
                height: barHeight - 9,
                rx: 2,
                "data-open": open,
                "data-early": !one.start || one.start <= from,
            },
            s("title", words),
        ),
        open && one.ongoing !== false && s(`path.${kind}`, {d: `M${end} ${y + 3}l6 ${(barHeight - 9) / 2}-6 ${(barHeight - 9) / 2}z`}),
    );
}

const clip = (text, n) => (text.length > n ? `${text.slice(0, n - 1)}…` : text);

function table(line) {
    const labs = line.labs.flatMap(lab =>
        lab.points.map(p => ({
            day: p.date,
            what: lab.title,
            text: p.text,
            from: p.reference,
            version: p.version,
            note: [
                p.unusable && t("timeline.keyUnusable"),
                p === lab.points.at(-1) && lab.expires && t("timeline.expires", {day: lab.expires}),
            ]
                .filter(Boolean)
                .join(". "),
        })),
    );
    const bars = [...line.medications, ...line.conditions].map(m => ({
        day: m.start ?? "",
        what: m.title,
        text: m.text,
        from: m.reference,
        version: m.version,
        note: m.end ? t("timeline.until", {day: m.end}) : m.ongoing ? t("timeline.ongoing") : "",
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
                            h("td", r.day ? h("time", {datetime: r.day}, r.day) : t("evidence.undated")),
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
