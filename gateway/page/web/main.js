// Starts the page: texts, session, then the view of the address. Holds what all views share: head, navigation, keys, live state.
import * as api from "./api.js";
import {h, put, toast} from "./dom.js";
import {dropDialogs, mayLeave, sentence, show} from "./dialog.js";
import {draftTitles, dropDrafts} from "./drafts.js";
import {connect, disconnect, heardAt, listen, watchState} from "./live.js";
import {plantShapes, shape} from "./marks.js";
import {go, onMove, ours, readdress, resolve} from "./router.js";
import {hear, tell} from "./tabs.js";
import {loadTexts, moment, now as clock, t, word} from "./text.js";
import {keepWatch, watchNow} from "./watch.js";

const main = document.getElementById("main");
const top = document.getElementById("top");
let current = null;
let turn = 0;

const views = {
    worklist: () => import("./worklist.js"),
    patient: () => import("./patient.js"),
    visits: () => import("./visits.js"),
    alerts: () => import("./alerts.js"),
    operations: () => import("./operations.js"),
    audit: () => import("./audit.js"),
};
const needs = {worklist: "people", patient: "people", visits: "people", alerts: "people", operations: "operations", audit: "audit"};
const listed = ["worklist", "visits", "alerts", "operations", "audit"];

/** A sentence about a failure above the view; a session that ended has its own picture. */
function fail(refused) {
    if (refused.status === 401) return;
    if (refused.status === undefined) console.error(refused);
    const box = main.querySelector(".failure") ?? main.appendChild(h("div.failure", {role: "alert"}));
    put(box, h("span", sentence(refused)), h("button.quiet", {type: "button", onclick: () => box.remove()}, t("dialog.close")));
    main.prepend(box);
}

let unwatch = () => {};
function head() {
    if (!api.session) return put(top, brand());
    const nav = h(
        "nav",
        {"aria-label": t("nav.label")},
        listed
            .filter(view => api.may(needs[view]))
            .map(view =>
                h("a", {href: `/${view}`, "data-view": view}, t(`nav.${view}`), view === "alerts" && h("span.badge", {hidden: true})),
            ),
    );
    const state = h("span.live", {role: "status"});
    unwatch();
    unwatch = watchState(now => {
        state.dataset.state = now;
        put(state, h("i", {"aria-hidden": "true"}), h("span", t(`live.${now}`, {at: moment(clock() - Date.now() + heardAt)})));
    });
    put(
        top,
        h(
            "a.skip",
            {
                href: "#main",
                onclick: event => {
                    event.preventDefault();
                    main.focus();
                },
            },
            t("nav.skip"),
        ),
        brand(),
        nav,
        h(
            "div.right",
            state,
            h("button.quiet.icon", {type: "button", onclick: help, "aria-label": t("help.title"), title: t("help.title")}, "?"),
            who(),
        ),
    );
}

function brand() {
    return h("a.brand", {href: "/"}, "trialgate");
}

function who() {
    const roles = Object.entries(api.session.roles).map(([trial, of]) =>
        h("li", trial === "*" ? t("session.everyTrial") : trial, ": ", of.map(role => word("role", role)).join(", ")),
    );
    const out = h(
        "button",
        {
            type: "button",
            onclick: async () => {
                try {
                    await api.signOut();
                } catch (refused) {
                    return fail(refused);
                }
                dropDrafts();
                tell({session: "out"});
                leave("left");
            },
        },
        t("session.signOut"),
    );
    const box = h(
        "details.who",
        h("summary", {"aria-label": api.session.user.name}, shape("i-person"), h("span", api.session.user.name)),
        h(
            "div.popup",
            h("p", t("session.roles")),
            h("ul", roles),
            h("p.muted", t("session.ends", {at: moment(api.session.ends)})),
            h("p.muted", t("session.version", {version: api.session.version})),
            out,
        ),
    );
    box.addEventListener("keydown", event => {
        if (event.key === "Escape" && box.open) {
            box.open = false;
            box.firstChild.focus();
        }
    });
    document.addEventListener("pointerdown", event => {
        if (!box.contains(event.target)) box.open = false;
    });
    return box;
}

const single = () => localStorage.getItem("keys") !== "off";
function help() {
    if (document.querySelector("dialog[open]")) return;
    const keys = [
        ["j", "down"],
        ["k", "up"],
        ["Enter", "open"],
        ["/", "search"],
        ["c", "changed"],
        ["s", "seen"],
        ["r", "arrange"],
        ["u", "back"],
        ["?", "help"],
    ];
    show(t("help.title"), [
        h("p", t("help.unknown")),
        h(
            "table.keys",
            h("caption", t("help.keys")),
            h(
                "tbody",
                keys.map(([key, name]) => h("tr", h("th", {scope: "row"}, h("kbd", key)), h("td", t(`help.${name}`)))),
            ),
        ),
        h(
            "label.choice",
            h("input", {type: "checkbox", checked: single(), onchange: e => localStorage.setItem("keys", e.target.checked ? "on" : "off")}),
            h("span", t("help.single")),
        ),
    ]);
}

function leave(why) {
    disconnect();
    watchNow(false);
    close();
    dropDialogs();
    document.getElementById("toasts").replaceChildren();
    head();
    login(why);
}

/** Shows how to sign in. Where the user was is remembered in this tab: the path alone, and not after they left by themselves. */
async function login(why) {
    const mine = ++turn;
    if (why === "left") sessionStorage.removeItem("path");
    else if (!["home", "missing"].includes(resolve(location.pathname).view)) sessionStorage.setItem("path", location.pathname);
    readdress("/"); // so a link to sign in by that is pasted here loads nothing anew: what was typed stays
    const view = await import("./login.js");
    if (mine !== turn) return;
    main.className = "";
    document.title = t("app.title", {title: t("login.title")});
    view.default(main, why, start);
}

function close() {
    current?.close?.();
    current = null;
}

function home() {
    return listed.find(view => api.may(needs[view]));
}

async function render(path) {
    if (!api.session) return;
    const mine = ++turn;
    let {view, params} = resolve(path);
    if (view === "home") {
        view = home() ?? "missing";
        readdress(`/${view === "missing" ? "" : view}`);
    }
    close();
    main.className = `view-${view}`;
    for (const link of top.querySelectorAll("nav a")) {
        const here = link.dataset.view === (view === "patient" ? "worklist" : view);
        here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    }
    const root = h("div.root");
    put(main, h("p.waiting", t("app.loading")));
    try {
        if (view === "missing" || !api.may(needs[view], params.trial ?? ""))
            throw new api.ApiError(view === "missing" ? 404 : 403, t(view === "missing" ? "error.page" : "error.role"));
        const opened = await (await views[view]()).default({root, params, fail});
        if (mine !== turn) return opened.close?.();
        current = opened;
        document.title = t("app.title", {title: opened.title});
        readdress(location.pathname); // a view may have made its address whole
        put(main, root);
    } catch (refused) {
        if (mine !== turn || refused.status === 401) return;
        put(main, h("h1", {tabindex: -1}, t("error.title")));
        fail(refused);
    }
    scrollTo(0, 0);
    main.querySelector("h1")?.focus({preventScroll: true});
}

function keys() {
    addEventListener("keydown", event => {
        if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
        if (event.target.closest?.("input, textarea, select")) {
            if (event.key === "Escape") event.target.blur();
            return;
        }
        const act = event.key === "?" ? help : current?.keys?.[event.key];
        if (act && single()) {
            event.preventDefault();
            act();
        }
    });
}

let starts = 0;
async function start() {
    const mine = ++starts;
    // The one-time token leaves the address before anything else happens.
    const once = /^#once=([\w.~-]+)$/.exec(location.hash)?.[1];
    const failed = /^#login=failed(?:&why=([\w-]+))?$/.exec(location.hash);
    if (location.hash !== "") readdress(location.pathname);
    if (once) {
        try {
            await api.redeem(once);
        } catch (refused) {
            await api.loadSession().catch(() => {});
            if (!api.session) return login(refused.status === 429 ? "often" : refused.status === 0 ? "network" : "used");
        }
    }
    try {
        if (!(await api.loadSession())) return mine === starts && login(failed ? `oidc:${failed[1] ?? ""}` : "");
    } catch {
        return mine === starts && login("network");
    }
    if (mine !== starts) return;
    tell({session: "in"});
    dropDialogs();
    head();
    connect();
    watchNow(true);
    const before = sessionStorage.getItem("path");
    sessionStorage.removeItem("path");
    go(before !== null && location.pathname === "/" ? before : location.pathname, true);
    const kept = draftTitles();
    if (kept.length > 0) toast(t("draft.kept", {what: kept.join("; ")}), null, 20000);
}

await loadTexts();
plantShapes();
api.whenSignedOut(() => leave(outElsewhere ? "elsewhere" : "ended"));
api.whenOther(() => {
    dropDrafts();
    sessionStorage.removeItem("path");
    location.replace("/");
});
let outElsewhere = false;
hear(async said => {
    if (said.session === "in" && !api.session) return void start();
    if (said.session === undefined || !api.session) return;
    // The session of all tabs is another one now, or gone.
    outElsewhere = said.session === "out";
    await api.loadSession().catch(() => {});
    outElsewhere = false;
});
onMove(render, mayLeave);
addEventListener("hashchange", () => {
    if (ours(location.hash)) start();
});
keys();
keepWatch(top, main);
start();
