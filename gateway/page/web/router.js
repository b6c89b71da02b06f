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
/** Calls `act(path)` on each move of the user. */
export function onMove(act) {
    render = act;
    addEventListener("popstate", () => act(location.pathname));
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

export function go(path, replace = false) {
    if (path !== location.pathname) history[replace ? "replaceState" : "pushState"](null, "", path);
    render(path);
}
