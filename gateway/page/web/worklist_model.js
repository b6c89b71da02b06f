// The rows of a worklist, what of them is shown, and in which order. No document in here. The law: an update changes rows where they stand; the order is made
// anew by `arrange` alone, which runs when the user asks for it. So no row ever moves away under a pointer.
import {rankOf, verdictOf} from "./marks.js";
import {goesOn, standingRank} from "./standing.js";
import {dayValue, dayMs} from "./text.js";

const fields = [
    "subject",
    "status",
    "strip",
    "changesOn",
    "changed",
    "was",
    "mark",
    "human",
    "comments",
    "stamp",
    "label",
    "contradiction",
    "decided",
    "number",
    "state",
    "said",
];

/** A row of the API as an object. */
export function rowOf(list) {
    const row = Object.fromEntries(fields.map((name, n) => [name, list[n] === undefined ? "" : list[n]]));
    row.standing = standingRank(row);
    // Of others who are not listed a row only says that they are no more.
    row.gone = row.status === "" && row.contradiction === "" && !goesOn(row.state);
    row.missing = 0;
    row.against = 0;
    for (const c of row.strip ?? "") {
        row.missing += c === "?" ? 1 : 0;
        row.against += c === "-" || c === "N" ? 1 : 0;
    }
    return row;
}

/** What `row` was when `seen` was the newest stamp; `old`: the row that stands here. */
function was(old, row, seen) {
    const then = !old ? "|" : (old.stamp > seen && old.was) || `${old.status}|${old.strip}`;
    return then === `${row.status}|${row.strip}` ? "" : then;
}

const text = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const soonest = (a, b) => text(a.changesOn ?? "9999", b.changesOn ?? "9999");
// Who is not listed comes after the others, in every order.
const listed = (a, b) => (a.status === "") - (b.status === "");
const promising = (a, b) =>
    listed(a, b) ||
    a.standing - b.standing ||
    rankOf(a.status) - rankOf(b.status) ||
    a.missing - b.missing ||
    a.against - b.against ||
    soonest(a, b) ||
    text(a.label, b.label) ||
    text(a.subject, b.subject);

export const orders = {
    promising,
    missing: (a, b) => listed(a, b) || a.missing - b.missing || a.against - b.against || promising(a, b),
    expiry: (a, b) => listed(a, b) || soonest(a, b) || promising(a, b),
    changed: (a, b) => listed(a, b) || b.changed - a.changed || promising(a, b),
    label: (a, b) => listed(a, b) || text(a.label, b.label) || text(a.subject, b.subject),
};

export const noFilter = () => ({
    statuses: new Set(),
    criterion: -1,
    states: new Set(),
    changed: false,
    within: null,
    mark: "any",
    text: "",
});

export class Worklist {
    rows = new Map();
    order = [];
    stamp = 0;
    seen = 0;
    /** Seen as this window says; the server may not know yet. */
    seenHere = 0;
    today = "";
    sort = "promising";
    filter = noFilter();
    #wordOf;
    #waiting = new Set();

    /** `wordOf(status)`: what the search also looks at. */
    constructor(wordOf = code => code) {
        this.#wordOf = wordOf;
    }

    /** All rows as they are now. Arranges. */
    load(answer) {
        this.rows.clear();
        this.#take(answer);
        this.arrange();
    }

    /** Rows that changed. Returns the subjects that have to be drawn again. */
    update(answer, sameCriteria = true) {
        const compare = orders[this.sort];
        const placed = new Set(this.order);
        const touched = [];
        const before = new Map(answer.rows.map(r => [r[0], this.rows.get(r[0])]));
        this.#take(answer, sameCriteria);
        for (const [subject, old] of before) {
            const now = this.rows.get(subject);
            touched.push(subject);
            const stays = placed.has(subject) === this.matches(now) && (!placed.has(subject) || (old && compare(old, now) === 0));
            if (!stays) this.#waiting.add(subject);
        }
        return touched;
    }

    /** All rows as they are now, where they stand: who is not among them is no longer listed. Returns the subjects that have to be drawn again. */
    renew(answer) {
        const told = new Set(answer.rows.map(r => r[0]));
        const touched = this.update(answer, false);
        for (const [subject, row] of this.rows)
            if (!told.has(subject) && !row.gone) {
                Object.assign(row, {status: "", gone: true});
                if (this.order.includes(subject)) this.#waiting.add(subject);
                touched.push(subject);
            }
        return touched;
    }

    #take(answer, compare = false) {
        // The server does not know yet what was marked as seen here: its `was` is of the look before.
        const ahead = compare && answer.seen < this.seenHere;
        this.stamp = answer.stamp;
        this.today = answer.today;
        this.seen = Math.max(answer.seen, this.seenHere);
        for (const list of answer.rows) {
            const row = rowOf(list);
            const old = this.rows.get(row.subject);
            if (ahead) row.was = was(old, row, this.seenHere);
            if (!old || old.stamp <= row.stamp) this.rows.set(row.subject, row);
        }
    }

    /** How many rows would come, go or move if the list were arranged now: {fresh, moved}. */
    waiting() {
        const placed = new Set(this.order);
        let fresh = 0,
            moved = 0;
        for (const subject of this.#waiting) placed.has(subject) ? ++moved : this.matches(this.rows.get(subject)) ? ++fresh : 0;
        return {fresh, moved};
    }

    /** Makes the order anew. */
    arrange() {
        for (const [subject, row] of this.rows) if (row.gone) this.rows.delete(subject);
        const shown = [...this.rows.values()].filter(row => this.matches(row));
        this.order = shown.sort(orders[this.sort]).map(row => row.subject);
        this.#waiting.clear();
    }

    /** Whoever has never looked finds everybody new; else news is another decision, and what somebody else said. */
    isNews(row) {
        return row.stamp > this.seen && (this.seen === 0 || row.was !== "" || row.said);
    }

    matches(row) {
        const f = this.filter;
        return (
            !row.gone &&
            (f.statuses.size === 0 || f.statuses.has(row.status)) &&
            (!f.changed || this.isNews(row)) &&
            this.#ofCriterion(row) &&
            this.#expires(row) &&
            this.#marked(row) &&
            this.#found(row)
        );
    }

    #ofCriterion(row) {
        const {criterion, states} = this.filter;
        return criterion < 0 || states.size === 0 || states.has(verdictOf(row.strip[criterion]));
    }
    #expires(row) {
        return (
            this.filter.within === null ||
            (row.changesOn !== null && dayValue(row.changesOn) - dayValue(this.today) <= this.filter.within * dayMs)
        );
    }
    #marked(row) {
        const {mark} = this.filter;
        if (mark === "any") return true;
        if (mark === "none") return row.decided === "" && row.state === "";
        if (mark === "in-study") return goesOn(row.state);
        return mark === "study" ? row.decided === "study" : row.decided === "page" && row.mark === mark;
    }
    #found(row) {
        const wanted = this.filter.text.trim().toLowerCase();
        return (
            wanted === "" ||
            row.label.toLowerCase().includes(wanted) ||
            row.subject.startsWith(wanted) ||
            row.number.toLowerCase().includes(wanted) ||
            this.#wordOf(row.status).toLowerCase().includes(wanted)
        );
    }

    /** People by status, "" of those who are not listed. */
    counts() {
        const out = {};
        for (const row of this.rows.values()) if (!row.gone) out[row.status] = (out[row.status] ?? 0) + 1;
        return out;
    }
    news() {
        let n = 0;
        for (const row of this.rows.values()) n += !row.gone && this.isNews(row) ? 1 : 0;
        return n;
    }
}
