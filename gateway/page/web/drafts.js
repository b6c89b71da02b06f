// What somebody typed and has not sent: kept in the memory of this tab only, by dialog and person, until it is sent or thrown away.
import {get} from "./api.js";

const drafts = new Map();
const often = 300000;
let told = 0;

/** {title, values, key, sent} of a dialog, or undefined. */
export const draftOf = name => drafts.get(name);
export function keepDraft(name, draft) {
    drafts.set(name, draft);
}
export function dropDraft(name) {
    drafts.delete(name);
}
export const unsaved = () => drafts.size > 0;
export const draftTitles = () => [...drafts.values()].map(draft => draft.title);
export function dropDrafts() {
    drafts.clear();
}

/** Whoever types is there: the server is told, so that it does not end the session under their hands. */
export function typed() {
    if (told === 0) told = Date.now(); // opening the dialog was activity itself
    if (Date.now() - told < often) return;
    told = Date.now();
    get("/api/v1/trials").catch(() => {});
}

addEventListener("beforeunload", event => {
    if (unsaved()) event.preventDefault();
});
