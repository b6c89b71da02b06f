// Filters, search and order of the worklist. They are kept in memory only: a search text could be a reference to a person.
import {h, put} from "./dom.js";
import {allStatuses, statusMark} from "./marks.js";
import {noFilter} from "./worklist_model.js";
import {t, word} from "./text.js";

const option = (value, text) => h("option", {value}, text);
const select = (label, onchange, options) =>
    h("label.field", h("span", label), h("select", {onchange: e => onchange(e.target.value)}, options));

/** Draws what sets `model.filter` and `model.sort`; `changed()` after each setting. */
export function controls(model, trial, changed) {
    const f = () => model.filter;
    const set = act => value => {
        act(value);
        mirror();
        changed();
    };
    const chips = new Map(
        [...allStatuses, ""].map(status => {
            const count = h("b");
            const chip = h(
                "button.chip",
                {
                    type: "button",
                    "aria-pressed": "false",
                    onclick: set(() => {
                        f().statuses.has(status) ? f().statuses.delete(status) : f().statuses.add(status);
                    }),
                },
                statusMark(status),
                " ",
                count,
            );
            return [status, {chip, count}];
        }),
    );
    const search = h("input", {
        type: "search",
        autocomplete: "off",
        spellcheck: "false",
        placeholder: t("filter.searchHint"),
        "aria-label": t("filter.search"),
        oninput: e =>
            set(v => {
                f().text = v;
            })(e.target.value),
    });
    const criterion = select(
        t("filter.criterion"),
        set(v => {
            f().criterion = Number(v);
            if (f().states.size === 0) f().states = new Set(["unknown"]);
        }),
        [option(-1, t("filter.any")), trial.criteria.map((c, n) => option(n, `${n + 1}. ${c.text}`))],
    );
    const state = select(
        t("filter.state"),
        set(v => {
            f().states = new Set([v]);
        }),
        ["unknown", "not-met", "met"].map(v => option(v, word("verdict", v))),
    );
    const within = select(
        t("filter.within"),
        set(v => {
            f().within = v === "" ? null : Number(v);
        }),
        [option("", t("filter.any")), [7, 14, 30, 60, 90].map(n => option(n, t("filter.days", {n})))],
    );
    const mark = select(
        t("filter.mark"),
        set(v => {
            f().mark = v;
        }),
        [
            option("any", t("filter.any")),
            option("none", t("filter.unmarked")),
            option("in-study", t("filter.inStudy")),
            ["screened", "enrolled", "not-interested", "excluded"].map(m => option(m, word("mark", m))),
            option("study", t("filter.byStudy")),
        ],
    );
    const sort = select(
        t("filter.sort"),
        set(v => {
            model.sort = v;
        }),
        ["promising", "missing", "expiry", "changed", "label"].map(o => option(o, t(`sort.${o}`))),
    );
    const news = h(
        "button.chip",
        {
            type: "button",
            "aria-pressed": "false",
            onclick: set(() => {
                f().changed = !f().changed;
            }),
        },
        t("filter.changed"),
    );
    const clear = h(
        "button.quiet",
        {
            type: "button",
            hidden: true,
            onclick: set(() => {
                model.filter = noFilter();
            }),
        },
        t("filter.clear"),
    );

    function mirror() {
        const now = f();
        for (const [status, {chip}] of chips) chip.setAttribute("aria-pressed", String(now.statuses.has(status)));
        news.setAttribute("aria-pressed", String(now.changed));
        if (search.value !== now.text) search.value = now.text;
        criterion.lastChild.value = now.criterion;
        state.hidden = now.criterion < 0;
        state.lastChild.value = [...now.states][0] ?? "unknown";
        within.lastChild.value = now.within ?? "";
        mark.lastChild.value = now.mark;
        sort.lastChild.value = model.sort;
        clear.hidden =
            now.statuses.size === 0 && !now.changed && now.text === "" && now.criterion < 0 && now.within === null && now.mark === "any";
        more.classList.toggle("active", now.criterion >= 0 || now.within !== null || now.mark !== "any");
    }
    const more = h("details.more", h("summary", t("filter.more")), h("div.fields", criterion, state, within, mark));
    // On a wide screen all filters are in sight.
    const wide = matchMedia("(min-width: 801px)");
    const fit = () => {
        more.open = wide.matches;
    };
    wide.addEventListener("change", fit);
    fit();
    const element = h(
        "div.controls",
        {role: "search", "aria-label": t("filter.label")},
        h(
            "div.chips",
            {role: "group", "aria-label": t("worklist.column.status")},
            [...chips.values()].map(c => c.chip),
            news,
        ),
        h("div.fields", h("div.field.grow", search), sort, more, clear),
    );
    mirror();
    return {
        element,
        search,
        counts(of) {
            for (const [status, {count}] of chips) if (count.textContent !== String(of[status] ?? 0)) put(count, of[status] ?? 0);
        },
        sortBy: set(v => {
            model.sort = v;
        }),
        toggleChanged: () => news.click(),
    };
}
