// Client paths. No more than a trial's id and a pseudonym stands in an address.

export const paths = {
    worklist: trial => `/worklist/${encodeURIComponent(trial)}`,
    patient: (trial, subject) => `/patient/${encodeURIComponent(trial)}/${encodeURIComponent(subject)}`,
};

const routes = [
    ["home", /^\/$/, []],
    ["worklist", /^\/worklist(?:\/([^/]+))?$/, ["trial"]],
    ["patient", /^\/patient\/([^/]+)\/([^/]+)$/, ["trial", "subject"]],
    ["visits", /^\/visits$/, []],
    ["alerts", /^\/alerts$/, []],
    ["operations", /^\/operations$/, []],
    ["audit", /^\/audit$/, []],
];

/** {view, params} of an address; view "missing" when there is none. */
export function resolve(path) {
    for (const [view, pattern, names] of routes) {
        const found = pattern.exec(path);
        if (found) {
            try {
                return {view, params: Object.fromEntries(names.map((name, n) => [name, found[n + 1] && decodeURIComponent(found[n + 1])]))};
            } catch {
                break;
            }
        }
    }
    return {view: "missing", params: {}};
}

let render = () => {};
let at = globalThis.history?.state?.n ?? 0; // tests read addresses without a browser
let here = globalThis.location?.pathname ?? "";
/**
 * Calls `act(path)` on each move of the user. `mayLeave()` is asked before the browser's own Back and Forward count: when it says no, the address returns to
 * what is shown.
 */
export function onMove(act, mayLeave) {
    render = act;
    if (history.state?.n === undefined) history.replaceState({n: at}, "", location.pathname + location.hash);
    addEventListener("popstate", event => {
        if (ours(location.hash)) return; // a link to log in by: no move
        const n = event.state?.n ?? at;
        if (location.pathname !== here && !mayLeave()) {
            if (n !== at) history.go(at - n);
            else history.pushState({n: at}, "", here);
            return;
        }
        at = n;
        if (location.pathname === here) return;
        here = location.pathname;
        act(here);
    });
    document.addEventListener("click", event => {
        const link = event.target.closest?.("a[href]");
        if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
            return;
        if (
            link.origin !== location.origin ||
            link.hasAttribute("download") ||
            link.target !== "" ||
            link.hash !== "" ||
            resolve(link.pathname).view === "missing"
        )
            return;
        event.preventDefault();
        go(link.pathname);
    });
}

/** What the server puts behind an address: a token to log in by, or that logging in failed. */
export const ours = hash => /^#(once|login)=/.test(hash);

/** Changes the address alone. */
export function readdress(path) {
    history.replaceState({n: at}, "", path);
    here = path;
}

export function go(path, replace = false) {
    if (path === location.pathname || replace) readdress(path);
    else {
        history.pushState({n: ++at}, "", path);
        here = path;
    }
    render(path);
}
