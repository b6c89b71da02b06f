// Scales and lines by d3 (Debian's packages, embedded at build); loaded when the first picture is drawn, so that lists do not wait for them.
import {s} from "./dom.js";
import {dayMs, dayValue, t} from "./text.js";

const files = [
    "d3-array",
    "d3-collection",
    "d3-color",
    "d3-format",
    "d3-interpolate",
    "d3-time",
    "d3-time-format",
    "d3-scale",
    "d3-path",
    "d3-shape",
];
let loading = null;

/** d3 with scales and shapes. They are classic scripts that build on each other, so their order is kept. */
export function d3() {
    loading ??= Promise.all(
        files.map(
            name =>
                new Promise((done, failed) => {
                    const script = document.createElement("script");
                    script.src = `/assets/${name}.min.js`;
                    script.async = false;
                    script.onload = done;
                    script.onerror = () => failed(new Error(name));
                    document.head.append(script);
                }),
        ),
    ).then(
        () => globalThis.d3,
        wrong => {
            loading = null;
            throw wrong;
        },
    );
    return loading;
}

/** A scale from days to pixels. */
export function dayScale(lib, from, to, x0, x1) {
    const scale = lib
        .scaleUtc()
        .domain([dayValue(from), dayValue(to)])
        .range([x0, x1]);
    return {scale, at: day => scale(dayValue(day)), inside: day => dayValue(day) >= dayValue(from) && dayValue(day) <= dayValue(to)};
}

const iso = date => date.toISOString().slice(0, 10);
/** Marks of a time axis, with room for their words: "2026-03" of months, "2026-03-15" of days, "2026" of years. */
export function dayTicks(scale, width) {
    const ticks = scale.ticks(Math.max(2, Math.floor(width / 90)));
    const step = ticks.length > 1 ? (ticks[1] - ticks[0]) / dayMs : 400;
    const cut = step > 300 ? 4 : step >= 27 ? 7 : 10;
    const [x0, x1] = scale.range();
    return ticks
        .filter(date => scale(date) > x0 + 16 && scale(date) < x1 - 24)
        .map(date => ({x: scale(date), text: cut === 10 ? iso(date).slice(5) : iso(date).slice(0, cut)}));
}

/** Axis words and fine lines at `ticks`, down to `height`. */
export function axis(ticks, height) {
    return s(
        "g.axis",
        ticks.map(({x, text}) => [s("path", {d: `M${x} 16V${height}`}), s("text", {x, y: 11, "text-anchor": "middle"}, text)]),
    );
}

/** A fine line of values over time with its last value marked: [{date, value, grade}]. `limit`: drawn as a line, may be null. */
export function sparkline(lib, points, limit, label) {
    const known = points.filter(p => typeof p.value === "number" && Number.isFinite(dayValue(p.date)));
    if (known.length < 2) return null;
    const width = 220,
        height = 56;
    const x = lib
        .scaleUtc()
        .domain(lib.extent(known, p => dayValue(p.date)))
        .range([6, width - 8]);
    const values = known.map(p => p.value).concat(limit ?? []);
    const y = lib
        .scaleLinear()
        .domain([Math.min(...values), Math.max(...values)])
        .nice()
        .range([height - 8, 8]);
    const path = lib
        .line()
        .x(p => x(dayValue(p.date)))
        .y(p => y(p.value))(known);
    return s(
        "svg.spark",
        {viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label},
        limit !== null && s("path.limit", {d: `M0 ${y(limit)}H${width}`}),
        s("path.line", {d: path}),
        known.map((p, n) =>
            s(
                n === known.length - 1 ? "circle.last" : "circle.point",
                {cx: x(dayValue(p.date)), cy: y(p.value), r: n === known.length - 1 ? 4.5 : 3, "data-grade": p.grade ?? null},
                s("title", `${p.date}: ${p.text ?? p.value}${p.grade ? `, ${t("alerts.grade", {grade: p.grade})}` : ""}`),
            ),
        ),
    );
}
