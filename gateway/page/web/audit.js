// Who saw and did what, newest first. The server filters; the export has all of it, or of some days.
import {get} from "./api.js";
import {calm, h, put} from "./dom.js";
import {moment, t, word} from "./text.js";

const page = 200;
const actions = [
    "login",
    "logout",
    "view-patient",
    "view-list",
    "reveal",
    "judge",
    "undo",
    "acknowledge",
    "snooze",
    "view-visits",
    "view-alerts",
    "replay",
    "retry",
    "drop",
    "export",
    "view-audit",
    "refused",
];
const columns = ["at", "by", "action", "trial", "subject", "detail", "address", "seal"];

export default async function open({root, fail}) {
    const view = new AuditView(root, fail);
    await view.load();
    return view;
}

class AuditView {
    constructor(root, fail) {
        Object.assign(this, {root, fail, title: t("nav.audit"), rows: [], older: null, turn: 0, looks: 0});
        this.wanted = {who: "", action: "", subject: "", from: "", to: ""};
        this.state = h("span.state");
        this.note = h("span.muted", {role: "status"});
        this.body = h("tbody");
        this.more = h("button", {type: "button", hidden: true, onclick: () => this.further().catch(fail)}, t("audit.more"));
        this.link = h("a.button", {download: "audit.json"}, t("audit.export"));
        this.exportOf();
        put(
            root,
            h("div.head", h("div", h("h1", {tabindex: -1}, t("nav.audit")), h("p.subline", this.state, " ", this.note)), this.link),
            this.filters(),
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
                            columns.map(c => h("th", {scope: "col"}, t(`audit.${c}`))),
                        ),
                    ),
                    this.body,
                ),
            ),
            h("p", this.more),
        );
    }

    close() {
        this.closed = true;
        clearTimeout(this.looking);
    }

    filters() {
        const again = calm(() => !this.closed && this.load().catch(this.fail), 350);
        const set = name => event => {
            this.wanted[name] = event.target.value.trim();
            this.exportOf();
            again();
        };
        const box = (name, props) =>
            h("label.field", h("span", t(`audit.${name}`)), h("input", {...props, name, autocomplete: "off", oninput: set(name)}));
        return h(
            "div.fields.filters",
            {role: "search", "aria-label": t("audit.find")},
            box("who", {type: "search"}),
            h(
                "label.field",
                h("span", t("audit.did")),
                h(
                    "select",
                    {name: "action", onchange: set("action")},
                    h("option", {value: ""}, t("filter.any")),
                    actions.map(one => h("option", {value: one}, word("action", one))),
                ),
            ),
            box("subject", {type: "search"}),
            box("from", {type: "date"}),
            box("to", {type: "date"}),
        );
    }

    query(more = {}) {
        const all = {...this.wanted, ...more};
        const given = Object.entries(all).filter(([, value]) => value !== "" && value !== null);
        return given.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
    }

    exportOf() {
        const days = ["from", "to"].filter(name => this.wanted[name] !== "").map(name => `${name}=${this.wanted[name]}`);
        this.link.href = `/api/v1/audit/fhir${days.length > 0 ? "?" : ""}${days.join("&")}`;
    }

    /** The newest that fit. */
    async load() {
        const mine = ++this.turn;
        const answer = await get(`/api/v1/audit?${this.query({limit: page})}`);
        if (this.closed || mine !== this.turn) return;
        this.rows = answer.entries;
        this.take(answer);
    }

    async further() {
        const mine = this.turn;
        const answer = await get(`/api/v1/audit?${this.query({limit: page, before: this.older})}`);
        if (this.closed || mine !== this.turn) return;
        this.rows = this.rows.concat(answer.entries);
        this.take(answer);
    }

    take(answer) {
        this.older = answer.older;
        this.more.hidden = this.older === null;
        this.note.textContent = t(this.older === null ? "audit.rows" : "audit.newest", {n: this.rows.length});
        this.seals(answer.seals);
        put(
            this.body,
            this.rows.length === 0
                ? h("tr", h("td", {colspan: columns.length}, t(this.older === null ? "audit.none" : "audit.noneYet")))
                : this.rows.map(row),
        );
    }

    /** The gateway checks the seals bit by bit: until it is through, nothing is said of the rest. */
    seals({intact, checkedThrough, newest, brokenAt}) {
        const bad = !intact || brokenAt !== null;
        const through = checkedThrough >= newest;
        this.state.dataset.good = bad ? "false" : through ? "true" : "open";
        put(
            this.state,
            h("i", {"aria-hidden": "true"}),
            bad
                ? t(brokenAt === null ? "audit.broken" : "audit.brokenAt", {id: brokenAt})
                : t(through ? "audit.intact" : "audit.checking", {id: checkedThrough, newest}),
        );
        clearTimeout(this.looking);
        if (bad || through) return;
        // Each look is a row of the trail itself: they become rare.
        this.looking = setTimeout(() => this.look(), Math.min(60000, 2000 * 2 ** this.looks++));
    }

    async look() {
        try {
            const {seals} = await get("/api/v1/audit?limit=1", {background: true});
            if (!this.closed) this.seals(seals);
        } catch (refused) {
            if (refused.status !== 0) this.fail(refused);
        }
    }
}

function row(r) {
    const roles = (r.role ?? "").split(/[ ,]+/).filter(Boolean);
    return h(
        `tr${r.refused ? ".refused" : ""}`,
        h("td", h("time", {datetime: r.at}, moment(r.at))),
        h("td", r.name || t("audit.nobody"), roles.length > 0 && h("small", roles.map(one => word("role", one)).join(", "))),
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
    );
}
