// Questions to the user, in the browser's own dialog: focus is kept in it, Escape ends it, and focus returns to where it was.
import {h} from "./dom.js";
import {t} from "./text.js";

let number = 0;

/** Fields of a form: {name, label, kind: "text"|"area"|"select"|"choice"|"date"|"number", options, value, required, hint}. */
function field(one, id) {
    const props = {name: one.name, id, required: one.required ?? false, "aria-describedby": one.hint ? `${id}-hint` : null};
    const hint = one.hint && h("p.hint", {id: `${id}-hint`}, one.hint);
    if (one.kind === "choice")
        return h(
            "fieldset",
            h("legend", one.label),
            one.options.map(([value, text]) =>
                h(
                    "label.choice",
                    h("input", {type: "radio", name: one.name, value, required: one.required ?? false, checked: value === one.value}),
                    h("span", text),
                ),
            ),
            hint,
        );
    const control =
        one.kind === "area"
            ? h("textarea", {...props, rows: 4, maxlength: 2000}, one.value ?? "")
            : one.kind === "select"
              ? h(
                    "select",
                    props,
                    one.options.map(([value, text]) => h("option", {value, selected: value === one.value}, text)),
                )
              : h("input", {
                    ...props,
                    type: one.kind,
                    value: one.value ?? "",
                    min: one.min ?? false,
                    max: one.max ?? false,
                    maxlength: one.kind === "text" ? (one.longest ?? 200) : null,
                    autocomplete: "off",
                });
    return h("div.row", h("label", {for: id}, one.label, one.required ? "" : h("small", ` ${t("dialog.optional")}`)), control, hint);
}

/**
 * Asks. `act(values)` runs on the answer and may throw, then its sentence stands in the dialog and nothing is lost. Resolves to what `act` returned, or to
 * null when the user let it be. `watch(values, form)` runs after each change.
 */
export function ask({title, text = "", fields = [], yes, danger = false, act, watch = null, wide = false}) {
    return new Promise(resolve => {
        const id = `d${++number}`;
        const wrong = h("p.wrong", {role: "alert", hidden: true});
        const button = h(`button.primary${danger ? ".danger" : ""}`, {type: "submit"}, yes);
        const form = h(
            "form",
            {method: "dialog"},
            h("h2", {id}, title),
            []
                .concat(text)
                .filter(Boolean)
                .map(line => (line instanceof Node ? line : h("p", line))),
            fields.map((one, n) => field(one, `${id}-${n}`)),
            wrong,
            h("div.buttons", h("button", {type: "button", onclick: () => dialog.close()}, t("dialog.cancel")), button),
        );
        const dialog = h(`dialog${wide ? ".wide" : ""}`, {"aria-labelledby": id}, form);
        const values = () => Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
        let result = null;
        form.addEventListener("submit", async event => {
            event.preventDefault();
            wrong.hidden = true;
            const blank = [...form.querySelectorAll("textarea[required], input[required]:not([type=radio])")].find(
                one => one.value.trim() === "",
            );
            if (blank) {
                wrong.textContent = t("dialog.blank");
                wrong.hidden = false;
                return blank.focus();
            }
            button.disabled = true;
            try {
                result = (await act(values())) ?? true;
                dialog.close();
            } catch (refused) {
                wrong.textContent = sentence(refused);
                wrong.hidden = false;
            }
            button.disabled = false;
        });
        if (watch) {
            form.addEventListener("input", () => watch(values(), form));
            watch(values(), form);
        }
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(result);
        });
        document.body.append(dialog);
        dialog.showModal();
        (form.querySelector("input, select, textarea") ?? button).focus();
    });
}

/** Shows something with a button to close it. */
export function show(title, content, wide = false) {
    const id = `d${++number}`;
    const dialog = h(
        `dialog${wide ? ".wide" : ""}`,
        {"aria-labelledby": id},
        h(
            "form",
            {method: "dialog"},
            h("h2", {id}, title),
            content,
            h("div.buttons", h("button.primary", {type: "submit", value: "close"}, t("dialog.close"))),
        ),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
}

/** What went wrong, in words for the user. */
export function sentence(refused) {
    if (refused.status === undefined) return t("error.program");
    const key = `error.${refused.status}`;
    const own = t(key);
    if (refused.status === 0) return t("error.0");
    return refused.message !== "" ? refused.message : own === key ? t("error.other", {status: refused.status}) : own;
}
