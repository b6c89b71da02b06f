// Where a person stands beside what the record says: whose word holds, and whether they take part in the study already.
import {h} from "./dom.js";
import {shape} from "./marks.js";
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
const doneWith = 3;
/** 0: a candidate; the higher, the less. Who is in the study is no candidate, nor who was. */
export function standingRank(row) {
    if (goesOn(row.state)) return ranks.length;
    const at = ranks.findIndex(words => words.includes(holds(row)));
    return Math.max(at, row.state === "" ? 0 : doneWith);
}

/** Why nothing has to be found out about somebody who does not take part, in words; "" when something has. */
export function settled(one, participations) {
    const last = participations.at(-1);
    if (standingRank({...one, state: ""}) >= doneWith) return holdsWords(one);
    return last ? takesPart(last) : "";
}

const takesPart = ({number, state}) => t("standing.takesPart", {number, state: word("participation", state)});
const saysTheSame = {screened: "screening", enrolled: "on-study"};
/** In the study by a number, and whose word holds unless it says no more. */
export function standing(one, participations) {
    const words = holdsWords(one);
    return [
        participations.map(part => h(`span.tag${goesOn(part.state) ? ".study" : ""}`, takesPart(part))),
        words !== "" &&
            !(one.decided === "page" && participations.some(part => part.state === saysTheSame[one.mark])) &&
            h("span.tag.person", {title: words}, shape("i-person"), h("span", words)),
    ];
}

/** What contradicts what, a sentence each. `nameOf(id)`: the text of a criterion. */
export function contradictions(one, nameOf) {
    return one.contradiction
        .split(" ")
        .filter(Boolean)
        .map(against => {
            if (against.startsWith("criterion:")) return t("standing.criterion", {what: nameOf(against.slice("criterion:".length))});
            const status = word("status", against);
            if (one.decided === "page") return t("standing.page", {status, by: word("mark", one.mark)});
            if (one.decided === "study") return t("standing.system", {status, by: word("human", one.human)});
            return t("standing.somebody", {status});
        });
}
