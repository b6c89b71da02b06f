// What a user decides about a person. Each asks in a dialog and resolves to null when nothing was done.
import {get, post} from "./api.js";
import {h, toast} from "./dom.js";
import {ask} from "./dialog.js";
import {t, word} from "./text.js";

const reason = (required = true, label = t("dialog.reason"), hint = "") => ({name: "reason", label, kind: "area", required, hint});

/** Tells what was done, with a way back. */
function done(ground, words, answer) {
    const id = answer?.judgement?.id;
    toast(
        words,
        id === undefined
            ? null
            : {
                  label: t("decision.undo"),
                  act: async () => {
                      try {
                          await post(`${ground.path}/judgements/${id}/undo`);
                          toast(t("decision.taken"));
                          await ground.again();
                      } catch (refused) {
                          ground.fail(refused);
                      }
                  },
              },
    );
    return answer ?? true;
}

export function confirm(ground, c) {
    return ask({
        title: c.text,
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
        act: async v =>
            done(
                ground,
                t("confirm.done"),
                await post(`${ground.path}/judgements`, {kind: "criterion", what: c.id, value: v.value, reason: v.reason}),
            ),
    });
}

export function mark(ground) {
    const marks = ["screened", "enrolled", "not-interested", "excluded"];
    return ask({
        title: t("mark.title"),
        text: t("mark.what"),
        yes: t("mark.yes"),
        fields: [
            {name: "value", label: t("mark.as"), kind: "choice", required: true, options: marks.map(m => [m, word("mark", m)])},
            reason(),
            {name: "number", label: t("mark.number"), kind: "text", hint: t("mark.numberHint")},
            {name: "on", label: t("mark.on"), kind: "date", value: ground.about.asOf, max: ground.about.asOf},
        ],
        watch: (values, form) => {
            const part = ["screened", "enrolled"].includes(values.value);
            for (const name of ["number", "on"]) form.querySelector(`[name=${name}]`).closest(".row").hidden = !part;
        },
        act: async v => {
            const body = {kind: "mark", value: v.value, reason: v.reason};
            if (["screened", "enrolled"].includes(v.value) && v.number !== "")
                Object.assign(body, {number: v.number}, v.on === "" ? {} : {on: v.on});
            return done(ground, t("mark.done", {mark: word("mark", v.value)}), await post(`${ground.path}/judgements`, body));
        },
    });
}

export function comment(ground) {
    return ask({
        title: t("comment.title"),
        text: t("comment.what"),
        yes: t("comment.yes"),
        fields: [reason(true, t("comment.text"))],
        act: async v => done(ground, t("comment.done"), await post(`${ground.path}/judgements`, {kind: "comment", reason: v.reason})),
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
        title: known ? t("mapping.titleOf", {code: known.display || known.code}) : t("mapping.title"),
        text: t("mapping.what"),
        yes: t("mapping.yes"),
        wide: true,
        fields: [
            ...which,
            {name: "find", label: t("mapping.find"), kind: "text"},
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
        act: async v => {
            const {system, code, display} = known ?? v;
            return done(
                ground,
                t("mapping.done"),
                await post(`${ground.path}/judgements`, {
                    kind: "mapping",
                    value: {system, code, display: display ?? "", concept: v.concept},
                    reason: v.reason,
                }),
            );
        },
    });
}

export function reveal(ground) {
    return ask({
        title: t("reveal.title"),
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
    return ask({
        title: t("undo.title"),
        text: [t("undo.what", {what: word("judgement", which.kind)}), which.reason && h("p.quoted", which.reason)],
        yes: t("decision.undo"),
        act: async () => {
            await post(`${ground.path}/judgements/${id}/undo`);
            toast(t("decision.taken"));
            return true;
        },
    });
}
