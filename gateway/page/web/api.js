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
let user = null;
let onOther = () => {};
/** Somebody else signed in, in another tab: what is shown and typed here is not theirs. */
export function whenOther(act) {
    onOther = act;
}

const byLink = "/api/v1/session/local";
/** How long an answer may take, in milliseconds: a connection can be silent for ever. */
const patience = 30000;

/** Sends and reads; null when that did not come to an end in time. */
async function exchange(path, options) {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), patience);
    try {
        const answer = await fetch(path, {...options, signal: ending.signal});
        serverTime(answer.headers.get("date"));
        return {answer, text: answer.status === 204 ? "" : await answer.text()};
    } catch {
        return null;
    } finally {
        clearTimeout(timer);
    }
}

async function call(method, path, body, {background = false, keepalive = false} = {}) {
    const changes = method !== "GET";
    const options = {method, keepalive, headers: {accept: "application/json"}, credentials: "same-origin"};
    if (changes && session) options.headers["x-csrf-token"] = session.csrf;
    if (background) options.headers["x-background"] = "1";
    if (body !== undefined) {
        options.headers["content-type"] = "application/json";
        options.body = JSON.stringify(body);
    }
    // Of a change whose answer was lost, nobody knows whether it was made.
    const refuse = (status, message) => Object.assign(new ApiError(status, message), {unsure: changes && (status === 0 || status >= 500)});
    const asked = session;
    const got = await exchange(path, options);
    if (got === null) throw refuse(0, "");
    const {answer, text} = got;
    let json = null;
    try {
        json = text === "" ? null : JSON.parse(text);
    } catch {
        throw refuse(answer.ok ? 0 : answer.status, "");
    }
    if (answer.ok) return json;
    if (answer.status === 401 && session !== null && session === asked && path !== byLink) {
        session = null;
        login = json?.login ?? login;
        onSignedOut();
    }
    throw Object.assign(refuse(answer.status, json?.error ?? ""), {login: json?.login});
}

/** `background`: the page asks by itself, which does not keep the session on. `keepalive`: is sent also while the page goes away. */
export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body, options) => call("POST", path, body ?? {}, options);

/** Of random bits: what is said again with the same key is done once. */
export function newKey() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

/** Asks who is logged in; false when nobody is. */
export async function loadSession() {
    try {
        session = await get("/api/v1/session", {background: true});
        if (user !== null && user !== session.user.name) onOther();
        user = session.user.name;
        return true;
    } catch (refused) {
        if (refused.status !== 401) throw refused;
        login = refused.login ?? login;
        session = null;
        return false;
    }
}

export async function redeem(token) {
    await post(byLink, {token});
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
