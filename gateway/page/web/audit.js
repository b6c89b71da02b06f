// Who saw and did what. The newest of the loaded rows first; all of them in the export.
import {get} from "./api.js";
import {h, put} from "./dom.js";
import {moment, t, word} from "./text.js";

const page = 1000,
    pages = 5,
    step = 300;

export default async function open({root, fail}) {
    const view = new AuditView(root, fail);
    await view.load();
    return view;
}

class AuditView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.audit"), rows: [], wanted: "", shown: step, intact: true});
        this.state = h("p.subline");
        this.body = h("tbody");
        this.more = h("button", {type: "button", hidden: true, onclick: () => this.further().catch(fail)}, t("audit.more"));
        const find = h(
            "label.field",
            h("span", t("audit.find")),
            h("input", {
                type: "search",
                autocomplete: "off",
                oninput: e => {
                    this.wanted = e.target.value.toLowerCase();
                    this.draw();
                },
            }),
        );
        put(
            root,
            h(
                "div.head",
                h("div", h("h1", {tabindex: -1}, t("nav.audit")), this.state),
                h("div.fields", find, h("a.button", {href: "/api/v1/audit/fhir", download: "audit.ndjson"}, t("audit.export"))),
            ),
            h(
                "div.scroll",
                {tabindex: 0, role: "group", "aria-label": t("nav.audit")},
                h(
                    "table.audit",
                    h("caption.hidden", t("nav.audit")),
                    h(
                        "thead",
                        h(
                            "tr",
                            ["at", "by", "action", "trial", "subject", "detail", "address", "seal"].map(c =>
                                h("th", {scope: "col"}, t(`audit.${c}`)),
                            ),
                        ),
                    ),
                    this.body,
                ),
            ),
            h("p", this.more),
        );
    }

    async load() {
        for (let n = 0; n < pages && !this.complete; ++n) {
            const answer = await get(`/api/v1/audit?after=${this.rows.at(-1)?.id ?? 0}&limit=${page}`);
            this.rows.push(...answer.rows);
            this.complete = answer.rows.length < page;
            this.intact &&= answer.intact;
        }
        this.draw();
    }

    /** Shows more of what is loaded, then loads what came later. */
    async further() {
        if (this.shown < this.rows.length) this.shown += step;
        else await this.load();
        this.draw();
    }

    draw() {
        const found = this.rows.filter(
            r =>
                this.wanted === "" ||
                [r.name, r.role, r.action, word("action", r.action), r.trial, r.subject, r.detail, r.address]
                    .join(" ")
                    .toLowerCase()
                    .includes(this.wanted),
        );
        put(
            this.state,
            h("span.state", {"data-good": this.intact}, h("i", {"aria-hidden": "true"}), t(this.intact ? "audit.intact" : "audit.broken")),
            ` · ${t("audit.rows", {n: found.length})}`,
        );
        this.more.hidden = this.complete && this.shown >= this.rows.length;
        put(
            this.body,
            found
                .slice(-this.shown)
                .reverse()
                .map(r =>
                    h(
                        `tr${r.refused ? ".refused" : ""}`,
                        h("td", h("time", {datetime: r.at}, moment(r.at))),
                        h(
                            "td",
                            r.name || t("audit.nobody"),
                            r.role &&
                                h(
                                    "small",
                                    r.role
                                        .split(/[ ,]+/)
                                        .map(one => word("role", one))
                                        .join(", "),
                                ),
                        ),
                        h(
                            "td",
                            word("action", r.refused && r.action === "login" ? "login-failed" : r.action),
                            r.refused && h("span.tag.bad", t("audit.refused")),
                        ),
                        h("td", r.trial),
                        h("td.reference", {title: r.subject}, (r.subject ?? "").slice(0, 8)),
                        h("td", r.detail),
                        h("td", r.address),
                        h("td.reference", {title: r.seal}, (r.seal ?? "").slice(0, 8)),
                    ),
                ),
        );
    }
}
