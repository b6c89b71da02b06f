// Where a person stands beside what the record says: whose word holds, and whether they take part in the study already. No document in here.
import {t, word} from "./text.js";

const ended = ["completed", "withdrawn", "screen-failure", "died"];
/** A state of a participation that goes on; whose treatment ended early still has visits. */
export const goesOn = state => state !== "" && !ended.includes(state);

/** The word that holds about somebody: the page's mark, or what the study system said since; "" when nobody said anything. */
export const holds = one => (one.decided === "page" ? one.mark : one.decided === "study" ? one.human : "");

/** The same in words. */
export function holdsWords(one) {
    if (one.decided === "page") return word("mark", one.mark);
    return one.decided === "study" ? t("standing.study", {status: word("human", one.human)}) : "";
}

// Who waits for a decision comes before who is done with.
const ranks = [
    ["", "candidate", "potential-candidate", "eligible"],
    ["screened", "screening"],
    ["enrolled", "pending-on-study", "on-study", "on-study-intervention", "on-study-observation", "follow-up"],
    ["not-interested", "not-registered", "withdrawn"],
    ["excluded", "ineligible", "off-study"],
];
/** 0: a candidate; the higher, the less. Who is in the study is no candidate. */
export function standingRank(row) {
    if (goesOn(row.state)) return ranks.length;
    const at = ranks.findIndex(words => words.includes(holds(row)));
    return at < 0 ? 0 : at;
}

/** What contradicts what, a sentence each. `nameOf(id)`: the text of a criterion. */
export function contradictions(one, nameOf) {
    return one.contradiction
        .split(" ")
        .filter(Boolean)
        .map(against => {
            if (against.startsWith("criterion:")) return t("standing.criterion", {what: nameOf(against.slice("criterion:".length))});
            const status = against === "not-listed" ? t("status.notListed") : word("status", against);
            if (one.decided === "page") return t("standing.page", {status, by: word("mark", one.mark)});
            if (one.decided === "study") return t("standing.system", {status, by: word("human", one.human)});
            return t("standing.somebody", {status});
        });
}
