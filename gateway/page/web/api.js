// The JSON API. Knows who is logged in; every change carries the session's CSRF token.
import {serverTime} from "./text.js";

export class ApiError extends Error {
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

/** What GET /api/v1/session said; null: nobody is logged in. */
export let session = null;
/** Offered ways to log in, of the same answer. */
export let login = {oidc: false, local: false};

let onSignedOut = () => {};
export function whenSignedOut(act) {
    onSignedOut = act;
}

async function call(method, path, body) {
    const options = {method, headers: {accept: "application/json"}, credentials: "same-origin"};
    if (method !== "GET" && session) options.headers["x-csrf-token"] = session.csrf;
    if (body !== undefined) {
        options.headers["content-type"] = "application/json";
        options.body = JSON.stringify(body);
    }
    let answer;
    try {
        answer = await fetch(path, options);
    } catch {
        throw new ApiError(0, "");
    }
    serverTime(answer.headers.get("date"));
    const text = answer.status === 204 ? "" : await answer.text();
    let json = null;
    try {
        json = text === "" ? null : JSON.parse(text);
    } catch {
        throw new ApiError(answer.ok ? 0 : answer.status, "");
    }
    if (answer.ok) return json;
    if (answer.status === 401 && session !== null) {
        session = null;
        login = json?.login ?? login;
        onSignedOut();
    }
    const refused = new ApiError(answer.status, json?.error ?? "");
    refused.login = json?.login;
    throw refused;
}

export const get = path => call("GET", path);
export const post = (path, body) => call("POST", path, body ?? {});

/** Asks who is logged in; false when nobody is. */
export async function loadSession() {
    try {
        session = await get("/api/v1/session");
        return true;
    } catch (refused) {
        if (refused.status !== 401) throw refused;
        login = refused.login ?? login;
        session = null;
        return false;
    }
}

export async function redeem(token) {
    await post("/api/v1/session/local", {token});
}

export async function signOut() {
    await call("DELETE", "/api/v1/session");
    session = null;
}

const needs = {
    people: ["coordinator", "investigator"],
    judge: ["coordinator", "investigator"],
    confirm: ["investigator"],
    reveal: ["coordinator", "investigator"],
    operations: ["operator", "auditor"],
    operate: ["operator"],
    audit: ["auditor"],
};
/** Whether the roles allow it; without a trial: in any trial. What is shown only: the server decides. */
export function may(what, trial = "") {
    const roles = session?.roles ?? {};
    const asked = trial === "" || ["operations", "operate", "audit"].includes(what) ? Object.keys(roles) : ["*", trial];
    return asked.some(of => (roles[of] ?? []).some(role => needs[what].includes(role)));
}

/** A part of a path. */
export const part = encodeURIComponent;
/** The API path of a person in a trial. */
export const person = (trial, subject) => `/api/v1/trials/${part(trial)}/people/${part(subject)}`;
