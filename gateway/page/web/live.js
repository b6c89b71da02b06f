// Server-sent events: they say that something changed, never what. Views ask for the rest.
// A browser opens few connections to one server, and a stream holds one for ever: of all tabs one, whoever holds the lock, has the stream and tells the others.
import {loadSession, session} from "./api.js";
import {hear, tell as tellTabs} from "./tabs.js";

/** The server says something every 15 seconds. Who hears nothing for so long is not connected, whatever the connection looks like. */
const silence = 40000;
const lock = "trialgate-events";

let source = null;
let leading = false;
let giveUp = null;
let retry = 0;
let timer = 0;
let heard = 0;
let last = null;
const listeners = new Set();
const states = new Set();
/** "live", "connecting" or "lost". */
export let state = "connecting";
/** When something was heard last, in milliseconds of this machine. */
export let heardAt = Date.now();

function become(next) {
    if (state === next) return;
    state = next;
    for (const one of states) one(next);
}

function sign() {
    heard = Date.now();
    heardAt = heard;
    become("live");
}

function take(data) {
    last = data;
    for (const one of listeners) one(last);
}

/** Takes part: leads when nobody does, else hears what the leader tells. */
export function connect() {
    disconnect();
    become("connecting");
    heard = Date.now();
    ticking = setInterval(watch, 2000);
    if (!navigator.locks) return void lead();
    follow(false);
    tellTabs({events: "who"});
}
let ticking = 0;

function follow(steal) {
    const mine = new AbortController();
    giveUp = mine;
    const options = steal ? {steal: true} : {signal: mine.signal};
    navigator.locks
        .request(lock, options, () => {
            if (giveUp !== mine) return null;
            lead();
            return new Promise(done => mine.signal.addEventListener("abort", done));
        })
        .catch(() => {
            // Another tab took it, since nothing was heard from this one.
            if (giveUp !== mine || !leading) return;
            stopLeading();
            follow(false);
        });
}

function lead() {
    leading = true;
    open();
}

function stopLeading() {
    leading = false;
    clearTimeout(timer);
    source?.close();
    source = null;
}

function open() {
    clearTimeout(timer);
    source?.close();
    heard = Date.now();
    source = new EventSource("/api/v1/events");
    const good = () => {
        retry = 0;
        sign();
    };
    source.onmessage = event => {
        good();
        take(JSON.parse(event.data));
        tellTabs({events: "news", data: last});
    };
    source.addEventListener("alive", () => {
        good();
        tellTabs({events: "alive"});
    });
    source.onerror = () => broken();
}

/** Opens the stream again, ever more slowly. */
async function broken() {
    source?.close();
    source = null;
    become("lost");
    tellTabs({events: "lost", at: heardAt});
    retry = Math.min(30000, retry === 0 ? 1000 : retry * 2);
    // Whether the session ended or the network broke: only an answer tells.
    const there = await loadSessionQuietly();
    if (!leading || source !== null) return;
    clearTimeout(timer);
    if (session !== null || !there) timer = setTimeout(open, retry);
}

async function loadSessionQuietly() {
    try {
        await loadSession(); // tells by itself when the session ended
        return true;
    } catch {
        return false;
    }
}

function watch() {
    const quiet = Date.now() - heard;
    if (leading) {
        if (quiet > silence && source) broken();
        else if (state !== "live") tellTabs({events: state, at: heardAt});
        return;
    }
    if (quiet <= silence + 10000) return;
    // The leader's tab was stopped, or went without a word.
    if (document.hidden) return;
    heard = Date.now();
    become("lost");
    giveUp?.abort();
    follow(true);
}

hear(said => {
    if (ticking === 0) return;
    if (said.events === "who" && leading) {
        if (last !== null && state === "live") tellTabs({events: "news", data: last});
        else if (state === "lost") tellTabs({events: "lost", at: heardAt});
    }
    if (leading) return;
    if (said.events === "news") {
        sign();
        take(said.data);
    } else if (said.events === "alive") {
        sign();
    } else if (said.events === "lost" || said.events === "connecting") {
        heard = Date.now();
        heardAt = said.at;
        become(said.events);
    }
});

addEventListener("online", () => {
    if (leading && source === null) open();
});

export function disconnect() {
    clearInterval(ticking);
    ticking = 0;
    stopLeading();
    giveUp?.abort();
    giveUp = null;
    last = null;
    retry = 0;
}

/** Calls `tell` with every event, and at once with the last one. Returns what ends it. */
export function listen(tell) {
    listeners.add(tell);
    if (last !== null) tell(last);
    return () => listeners.delete(tell);
}
/** Calls `tell` with each new state, and at once. Returns what ends it. */
export function watchState(tell) {
    states.add(tell);
    tell(state);
    return () => states.delete(tell);
}
