// All visible words come from one file per language (texts/en.js): t("patient.title"), word("status", "not-now"). Days stay as they are written in
// records and protocols (2026-05-20), in every language: nobody mistakes a month for a day.

let words = {};
let plural = new Intl.PluralRules("en");
let relative = new Intl.RelativeTimeFormat("en", {numeric: "auto"});

/** Loads the first language of the browser for which there is a file; English is always there. */
export async function loadTexts(languages = navigator.languages) {
    for (const wanted of languages) {
        const language = wanted.split("-")[0].toLowerCase();
        if (!/^[a-z]{2,3}$/.test(language)) continue;
        try {
            words = (await import(`./texts/${language}.js`)).default;
        } catch {
            continue;
        }
        return use(language);
    }
    words = (await import("./texts/en.js")).default;
    return use("en");
}

function use(language) {
    plural = new Intl.PluralRules(language);
    relative = new Intl.RelativeTimeFormat(language, {numeric: "auto"});
    document.documentElement.lang = language;
}

function look(key) {
    let at = words;
    for (const part of key.split(".")) at = at?.[part];
    return at;
}

/** The sentence `key` with its {names} filled in; of {one, other} the form that `vars.n` asks for. */
export function t(key, vars = {}) {
    let found = look(key);
    if (found !== null && typeof found === "object") found = found[plural.select(vars.n ?? 0)] ?? found.other;
    if (typeof found !== "string") return key;
    return found.replace(/\{(\w+)\}/g, (whole, name) => (name in vars ? String(vars[name]) : whole));
}

/** The word for a code; a code without one is shown as it is. */
export function word(group, code) {
    return look(`codes.${group}`)?.[code] ?? code;
}

const pad = n => String(n).padStart(2, "0");
/** "2026-03-15 09:12" of this browser's time zone. */
export function moment(instant) {
    const d = new Date(instant);
    return Number.isNaN(d.getTime())
        ? ""
        : `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${pad(d.getHours())}:${pad(d.getMinutes())}`;
}

export const dayMs = 86400000;
/** Milliseconds of a day "2026-03-15" (UTC midnight); NaN of anything less precise. */
export const dayValue = day => (/^\d{4}-\d{2}-\d{2}/.test(day ?? "") ? Date.parse(day.slice(0, 10)) : NaN);
/** Days from one day to another. */
export const daysBetween = (from, to) => Math.round((dayValue(to) - dayValue(from)) / dayMs);
/** What lies further ahead is no date that anybody plans by. */
export const farDays = 5 * 365;
export const addDays = (day, n) => new Date(dayValue(day) + n * dayMs).toISOString().slice(0, 10);

/** "in 66 days", "yesterday". */
export function inDays(n) {
    return Math.abs(n) < 730 ? relative.format(n, "day") : relative.format(Math.trunc(n / 365.25), "year");
}

let skew = 0;
/** Sets this clock after the server's, which may run in another time (a rehearsal, a demo). */
export function serverTime(date) {
    const at = Date.parse(date ?? "");
    if (Number.isFinite(at) && Math.abs(at + 500 - Date.now() - skew) > 2000) skew = at + 500 - Date.now();
}
export const now = () => Date.now() + skew;

/** "2 hours ago"; the day of what is older than a day. */
export function ago(instant) {
    const seconds = Math.round((new Date(instant).getTime() - now()) / 1000);
    if (Math.abs(seconds) >= 86400) return moment(instant).slice(0, 10);
    for (const [unit, size] of [
        ["hour", 3600],
        ["minute", 60],
    ])
        if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
    return t("time.now");
}

/** "1.4 MB". */
export function size(bytes) {
    let n = bytes,
        unit = 0;
    while (n >= 1000 && unit < 3) {
        n /= 1000;
        ++unit;
    }
    return `${n.toFixed(unit > 0 && n < 10 ? 1 : 0)} ${["B", "kB", "MB", "GB"][unit]}`;
}
