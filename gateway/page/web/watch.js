// What every view shows beside itself: how many alerts wait, and which source has fallen silent.
import {get, may} from "./api.js";
import {announce, calm, h, put} from "./dom.js";
import {listen} from "./live.js";
import {moment, t} from "./text.js";

const quietly = {background: true};
let on = false;
let place = null;
let banner = null;
let waiting = 0;
let turn = 0;
let stamps = {};

/** Once, at the start of the page. */
export function keepWatch(top, main) {
    place = top;
    banner = h("div.trouble", {role: "status", hidden: true});
    main.before(banner);
    const alerts = calm(countAlerts, 300),
        sources = calm(askSources, 300);
    listen(event => {
        if (event.alerts !== stamps.alerts && stamps.alerts !== undefined) alerts();
        if (event.operations !== stamps.operations && stamps.operations !== undefined) sources();
        stamps = {alerts: event.alerts, operations: event.operations};
    });
    // Snoozes end and sources fall silent without an event.
    setInterval(() => {
        if (document.hidden) return;
        countAlerts();
        askSources();
    }, 60000);
}

/** Somebody is signed in, or nobody any more. */
export function watchNow(there) {
    on = there;
    ++turn;
    waiting = 0;
    stamps = {};
    banner.hidden = true;
    put(banner);
    if (on) {
        countAlerts(true);
        askSources();
    }
}

/** Asks again how many alerts wait. */
export async function countAlerts(first = false) {
    if (!on || !may("people")) return;
    const mine = turn;
    try {
        const n = (await get("/api/v1/alerts/count", quietly)).waiting;
        if (mine !== turn) return;
        if (n > waiting && first !== true && !place.querySelector('[data-view="alerts"][aria-current]')) announce(t("alerts.news"));
        waiting = n;
        const badge = place.querySelector('[data-view="alerts"] .badge');
        if (!badge) return;
        badge.hidden = n === 0;
        put(badge, h("span", {"aria-hidden": "true"}, n), h("span.hidden", ` ${t("alerts.waiting", {n})}`));
    } catch {
        // The state of the connection is told elsewhere.
    }
}

async function askSources() {
    if (!on || !(may("people") || may("operations"))) return;
    const mine = turn;
    try {
        const {sources} = await get("/api/v1/sources", quietly);
        if (mine !== turn) return;
        const lines = sources
            .filter(one => one.trouble)
            .map(one =>
                one.lastHeard ? t("sources.silent", {name: one.name, since: moment(one.lastHeard)}) : t("sources.never", {name: one.name}),
            );
        if (banner.textContent === lines.join("")) return;
        banner.hidden = lines.length === 0;
        put(
            banner,
            lines.map(line => h("p", line)),
        );
    } catch {
        // As above.
    }
}
