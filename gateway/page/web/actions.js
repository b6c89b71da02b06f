// What a user decides about a person. Each asks in a dialog that names the person, and resolves to null when nothing was done.
import {get, post, session} from "./api.js";
import {h, toast} from "./dom.js";
import {ask} from "./dialog.js";
import {t, word} from "./text.js";

const reason = (required = true, label = t("dialog.reason"), hint = "") => ({name: "reason", label, kind: "area", required, hint});

/** Title of a dialog about a person; the words of what was done to whom. */
const of = (ground, key, vars = {}) => t(key, {label: ground.about.label, ...vars});
const told = (ground, words) => {
    if (session !== null) toast(`${ground.about.label}: ${words}`);
};
const draft = (ground, kind) => `${kind} ${ground.path}`;
const judge = (ground, body, key) => post(`${ground.path}/judgements`, {...body, key});

/** Tells what was done, with a way back by one click when that takes back all of it. */
function done(ground, words, answer, whole = true) {
    const id = answer?.judgement?.id;
    if (session === null) return answer ?? true; // it ended meanwhile: nothing of a person is shown any more
    if (id === undefined) {
        told(ground, words);
        return answer ?? true;
    }
    const back = async () => {
        try {
            await post(`${ground.path}/judgements/${id}/undo`);
            told(ground, t("decision.taken"));
        } catch (refused) {
            ground.fail(refused);
            if (!refused.unsure) return;
        }
        await ground.again();
    };
    toast(`${ground.about.label}: ${words}`, whole ? {label: t("decision.undo"), act: back} : null);
    return answer;
}
const begins = j => j.kind === "mark" && ["screened", "enrolled"].includes(j.value);

export function confirm(ground, c) {
    return ask({
        title: of(ground, "confirm.title", {criterion: c.text}),
        draft: draft(ground, `confirm ${c.id}`),
        yes: t("confirm.yes"),
        text: [
            t("confirm.what"),
            c.explanation && h("p.quoted", t("confirm.record", {verdict: word("verdict", c.verdict), explanation: c.explanation})),
        ],
        fields: [
            {
                name: "value",
                label: t("confirm.verdict"),
                kind: "choice",
                required: true,
                options: ["met", "not-met"].map(v => [v, word("verdict", v)]),
            },
            reason(),
        ],
        act: async (v, key) =>
            done(ground, t("confirm.done"), await judge(ground, {kind: "criterion", what: c.id, value: v.value, reason: v.reason}, key)),
    });
}

export function mark(ground) {
    const marks = ["screened", "enrolled", "not-interested", "excluded"];
    const today = ground.about.asOf;
    let touched = null;
    return ask({
        title: of(ground, "mark.title"),
        draft: draft(ground, "mark"),
        text: t("mark.what"),
        yes: t("mark.yes"),
        fields: [
            {name: "value", label: t("mark.as"), kind: "choice", required: true, options: marks.map(m => [m, word("mark", m)])},
            reason(),
            {name: "number", label: t("mark.number"), kind: "text", hint: t("mark.numberHint")},
            {name: "on", label: t("mark.on"), kind: "date", value: today, max: today, required: true, hint: t("mark.onHint")},
        ],
        watch: (values, form) => {
            const numbered = ["screened", "enrolled"].includes(values.value);
            const [number, on] = ["number", "on"].map(name => form.elements[name]);
            number.closest(".row").hidden = !numbered;
            on.closest(".row").hidden = on.disabled = !numbered || values.number === "";
            // Whoever is enrolled today was screened on another day: that one is asked for.
            touched ??= on.value !== today;
            on.oninput = () => (touched = true);
            if (!touched && !on.disabled) on.value = values.value === "enrolled" ? "" : today;
        },
        act: async (v, key) => {
            const body = {kind: "mark", value: v.value, reason: v.reason};
            if (["screened", "enrolled"].includes(v.value) && v.number !== "") Object.assign(body, {number: v.number, on: v.on});
            return done(ground, t("mark.done", {mark: word("mark", v.value)}), await judge(ground, body, key), !("number" in body));
        },
    });
}

export function comment(ground) {
    return ask({
        title: of(ground, "comment.title"),
        draft: draft(ground, "comment"),
        text: t("comment.what"),
        yes: t("comment.yes"),
        fields: [reason(true, t("comment.text"))],
        act: async (v, key) => done(ground, t("comment.done"), await judge(ground, {kind: "comment", reason: v.reason}, key)),
    });
}

/** Of `known`, {system, code, display}, or of a code that is typed in. */
export async function mapping(ground, known) {
    let concepts;
    try {
        concepts = (await get("/api/v1/concepts")).concepts;
    } catch (refused) {
        ground.fail(refused);
        return null;
    }
    const which = known
        ? []
        : [
              {name: "system", label: t("mapping.system"), kind: "text", required: true, hint: t("mapping.systemHint"), longest: 500},
              {name: "code", label: t("mapping.code"), kind: "text", required: true},
              {name: "display", label: t("mapping.display"), kind: "text"},
          ];
    return ask({
        title: known ? of(ground, "mapping.titleOf", {code: known.display || known.code}) : of(ground, "mapping.title"),
        draft: draft(ground, `mapping ${known ? `${known.system}|${known.code}` : ""}`),
        text: t("mapping.what"),
        yes: t("mapping.yes"),
        wide: true,
        fields: [
            ...which,
            {name: "find", label: t("mapping.find"), kind: "text", passing: true},
            {
                name: "concept",
                label: t("mapping.concept"),
                kind: "select",
                required: true,
                options: concepts.map(c => [c.id, `${c.title} (${c.id})`]),
            },
            reason(),
        ],
        watch: (values, form) => {
            const wanted = values.find.toLowerCase();
            const list = form.querySelector("[name=concept]");
            for (const option of list.options)
                option.hidden = option.disabled = wanted !== "" && !option.text.toLowerCase().includes(wanted);
            if (list.selectedOptions[0]?.hidden ?? true) list.value = [...list.options].find(option => !option.hidden)?.value ?? "";
        },
        act: async (v, key) => {
            const {system, code, display} = known ?? v;
            const value = {system, code, display: display ?? "", concept: v.concept};
            return done(ground, t("mapping.done"), await judge(ground, {kind: "mapping", value, reason: v.reason}, key));
        },
    });
}

export function reveal(ground) {
    return ask({
        title: of(ground, "reveal.title"),
        draft: draft(ground, "reveal"),
        text: t("reveal.what"),
        yes: t("reveal.yes"),
        danger: true,
        fields: [reason()],
        act: async v => {
            await post(`${ground.path}/reveal`, {reason: v.reason});
            return true;
        },
    });
}

export async function undo(ground, id) {
    const which = ground.about.judgements.find(j => j.id === id);
    const running = begins(which) ? ground.about.participations.filter(one => ["screening", "on-study"].includes(one.state)) : [];
    const numbers = running.map(one => one.number).join(", ");
    return ask({
        title: of(ground, which.kind === "comment" ? "undo.comment" : "undo.title"),
        text: [
            t(which.kind === "comment" ? "undo.whatComment" : which.kind === "mapping" ? "undo.whatMapping" : "undo.what", {
                what: word("judgement", which.kind),
            }),
            which.reason && h("p.quoted", which.reason),
            running.length > 0 && h("p.warn", t("undo.goesOn", {numbers})),
        ],
        yes: t("decision.undo"),
        act: async () => {
            await post(`${ground.path}/judgements/${id}/undo`);
            told(ground, t("decision.taken"));
            return true;
        },
    });
}
