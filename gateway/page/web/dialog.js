// Questions to the user, in the browser's own dialog: focus is kept in it, Escape ends it, and focus returns to where it was.
import {newKey} from "./api.js";
import {h} from "./dom.js";
import {draftOf, dropDraft, keepDraft, typed} from "./drafts.js";
import {t} from "./text.js";

let number = 0;
const longestText = 2000;
/** Dialogs that are open: what ends each. */
const open = new Set();

const describedBy = (one, id) => [one.hint && `${id}-hint`, longestOf(one) > 0 && `${id}-count`].filter(Boolean).join(" ") || null;

/**
 * Fields of a form: {name, label, kind: "text"|"area"|"select"|"choice"|"date"|"number", options, value, required, hint, longest}; `passing`: what is typed
 * there is no loss.
 */
function field(one, id) {
    const props = {name: one.name, id, required: one.required ?? false, "aria-describedby": describedBy(one, id)};
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
            ? h("textarea", {...props, rows: 4}, one.value ?? "")
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
                    autocomplete: "off",
                });
    const counter = longestOf(one) > 0 && h("p.counter", {id: `${id}-count`});
    return h(
        "div.row",
        h("label", {for: id}, one.label, one.required ? "" : h("small", ` ${t("dialog.optional")}`)),
        control,
        hint,
        counter,
    );
}

const longestOf = one => (one.kind === "area" ? longestText : one.kind === "text" ? (one.longest ?? 200) : 0);
const lengthOf = text => [...text.trim()].length;

/** Says how much room is left when it gets narrow: nothing is cut off that somebody pastes. Returns the first field that holds too much. */
function count(form, fields) {
    let first = null;
    for (const one of fields.filter(longestOf)) {
        const control = form.elements[one.name],
            n = lengthOf(control.value),
            most = longestOf(one);
        const counter = document.getElementById(`${control.id}-count`);
        const words = n > most ? t("dialog.tooLong", {n, most, over: n - most}) : n > most * 0.9 ? t("dialog.length", {n, most}) : "";
        if (counter && counter.textContent !== words) counter.textContent = words;
        counter?.classList.toggle("over", n > most);
        control.toggleAttribute("aria-invalid", false);
        if (n > most) {
            control.setAttribute("aria-invalid", "true");
            first ??= control;
        }
    }
    return first;
}

/**
 * Asks. `act(values, key)` runs on the answer and may throw, then its sentence stands in the dialog and nothing is lost; said again with the same key it must
 * do nothing twice. Resolves to what `act` returned, to null when the user let it be, and to {unsure: true} when it is not known whether it was done.
 * `watch(values, form)` runs after each change. `draft` names what is typed here: it outlives the dialog until it is sent or thrown away.
 */
export function ask(question) {
    return new Promise(resolve => new Asked(question, resolve));
}

class Asked {
    constructor({title, text = "", fields = [], yes, danger = false, act, watch = null, wide = false, draft = null}, resolve) {
        Object.assign(this, {title, fields, act, watch, draft, resolve, state: "open"});
        const id = `d${++number}`;
        this.wrong = h("p.wrong", {role: "alert", hidden: true});
        this.note = h("p.muted", {role: "status"});
        this.button = h(`button.primary${danger ? ".danger" : ""}`, {type: "submit"}, yes);
        this.fieldset = h(
            "div.asked",
            fields.map((one, n) => field(one, `${id}-${n}`)),
        );
        this.buttons = h("div.buttons", h("button", {type: "button", onclick: () => this.leave()}, t("dialog.cancel")), this.button);
        this.discard = this.discardQuestion();
        const words = []
            .concat(text)
            .filter(Boolean)
            .map(line => (line instanceof Node ? line : h("p", line)));
        this.form = h(
            "form",
            {method: "dialog"},
            h("h2", {id}, title),
            words,
            this.fieldset,
            this.note,
            this.wrong,
            this.buttons,
            this.discard,
        );
        this.dialog = h(`dialog${wide ? ".wide" : ""}`, {"aria-labelledby": id}, this.form);
        this.listen();
        document.body.append(this.dialog);
        this.plain = this.typedTexts();
        this.key = newKey();
        this.restore();
        this.watch?.(this.values(), this.form);
        this.dialog.showModal();
        open.add(this);
        count(this.form, fields);
        (this.form.querySelector("input, select, textarea") ?? this.button).focus();
    }

    discardQuestion() {
        return h(
            "div.discard",
            {hidden: true, role: "group", "aria-label": t("dialog.discard")},
            h("p", {role: "alert"}),
            h(
                "div.buttons",
                h("button.primary", {type: "button", onclick: () => this.showDiscard(false)}, t("dialog.keep")),
                h("button.danger", {type: "button", onclick: () => this.end(null)}, t("dialog.throwAway")),
            ),
        );
    }

    listen() {
        const {form, dialog} = this;
        form.addEventListener("submit", event => {
            event.preventDefault();
            if (this.discard.hidden) this.send();
        });
        form.addEventListener("input", () => {
            count(form, this.fields);
            this.watch?.(this.values(), form);
            this.keep();
        });
        dialog.addEventListener("keydown", event => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            this.leave();
        });
        dialog.addEventListener("cancel", event => {
            if (event.target !== dialog) return;
            event.preventDefault();
            this.leave();
        });
        dialog.addEventListener("close", () => {
            if (this.state === "over") return;
            dialog.showModal(); // a browser may close it all the same
            this.leave();
        });
    }

    values() {
        return Object.fromEntries([...new FormData(this.form)].map(([name, value]) => [name, value.trim()]));
    }
    typedTexts() {
        return JSON.stringify(
            this.fields.filter(one => longestOf(one) && !one.passing).map(one => this.form.elements[one.name].value.trim()),
        );
    }
    changed() {
        return this.typedTexts() !== this.plain;
    }

    /** What is typed outlives the dialog. */
    keep() {
        if (this.draft === null) return;
        if (!this.changed()) return dropDraft(this.draft);
        keepDraft(this.draft, {title: this.title, values: this.values(), key: this.key, sent: this.sent});
        typed();
    }
    restore() {
        const kept = this.draft === null ? undefined : draftOf(this.draft);
        if (!kept) return;
        for (const control of this.form.querySelectorAll("input, select, textarea")) {
            const value = kept.values[control.name];
            if (control.type === "radio") control.checked = control.value === value;
            else if (value !== undefined) control.value = value;
        }
        Object.assign(this, {key: kept.key, sent: kept.sent});
        this.note.textContent = t("dialog.restored");
    }

    complain(words, control = null) {
        this.wrong.textContent = words;
        this.wrong.hidden = false;
        control?.focus();
    }

    async send() {
        if (this.state === "sending") return;
        this.wrong.hidden = true;
        const blank = [...this.form.querySelectorAll("textarea[required], input[required]:not([type=radio], :disabled)")].find(
            one => one.value.trim() === "",
        );
        if (blank) return this.complain(t("dialog.blank"), blank);
        const long = count(this.form, this.fields);
        if (long) return this.complain(t("dialog.shorten"), long);
        const values = this.values(),
            said = JSON.stringify(values);
        // The same again is said with the same key; something else is another thing.
        if (this.sent !== undefined && this.sent !== said) this.key = newKey();
        this.sent = said;
        this.keep();
        this.become("sending");
        try {
            const result = (await this.act(values, this.key)) ?? true;
            this.end(result);
        } catch (refused) {
            if (this.state === "over") return;
            this.become(refused.unsure ? "unsure" : "open");
            this.complain(sentence(refused));
            if (!this.form.contains(document.activeElement)) this.button.focus();
        }
    }

    become(state) {
        this.state = state;
        this.fieldset.inert = state !== "open";
        this.button.disabled = state === "sending";
        this.note.textContent = state === "sending" ? t("dialog.sending") : "";
        this.buttons.firstChild.textContent = t(state === "unsure" ? "dialog.close" : "dialog.cancel");
        if (state === "unsure") this.button.textContent = t("dialog.again");
    }

    showDiscard(shown) {
        this.discard.hidden = !shown;
        this.buttons.hidden = shown;
        this.discard.firstChild.textContent = shown ? t("dialog.discard") : "";
        (shown ? this.discard.querySelector("button") : (this.form.querySelector("textarea") ?? this.button)).focus();
    }

    /** The user wants out. Returns whether that is so: not while something is on its way, and not before a text is thrown away. */
    leave() {
        if (this.state === "sending") {
            this.note.textContent = t("dialog.onItsWay");
            return false;
        }
        if (this.state === "unsure") {
            this.end({unsure: true});
        } else if (!this.discard.hidden) {
            this.showDiscard(false);
            return false;
        } else if (this.changed()) {
            this.showDiscard(true);
            return false;
        } else {
            this.end(null);
        }
        return true;
    }

    /** `result` as `ask` tells it. What is not known to be sent stays a draft. */
    end(result) {
        if (this.draft !== null && !result?.unsure) dropDraft(this.draft);
        const shown = this.state !== "over";
        this.state = "over";
        open.delete(this);
        if (shown) {
            this.dialog.close();
            this.dialog.remove();
        }
        this.resolve(result);
    }

    /** Off the screen at once; what was typed is kept. */
    drop() {
        this.keep();
        this.state = "over";
        open.delete(this);
        this.dialog.remove();
    }
}

/** Whether another view may come: closes what is open; a dialog that must stay says why. */
export function mayLeave() {
    for (const one of open) if (!one.leave()) return false;
    for (const dialog of document.querySelectorAll("dialog")) dialog.close();
    return true;
}

/** The session ended: nothing stays on the screen. */
export function dropDialogs() {
    for (const one of open) one.drop();
    for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
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
    const said =
        refused.status === 0
            ? own
            : refused.message !== ""
              ? refused.message
              : own === key
                ? t("error.other", {status: refused.status})
                : own;
    return refused.unsure ? `${said} ${t("error.unsure")}` : said;
}
