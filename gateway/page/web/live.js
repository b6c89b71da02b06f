// Server-sent events: they say that something changed, never what. Views ask for the rest.
import {session, loadSession} from "./api.js";

let source = null;
let retry = 0;
let last = null;
const listeners = new Set();
const states = new Set();
/** "live", "connecting" or "lost". */
export let state = "connecting";

function become(next) {
    if (state === next) return;
    state = next;
    for (const tell of states) tell(next);
}

/** Opens the stream; again after it broke, ever more slowly. */
export function connect() {
    disconnect();
    source = new EventSource("/api/v1/events");
    source.onopen = () => {
        retry = 0;
        become("live");
    };
    source.onmessage = event => {
        become("live");
        last = JSON.parse(event.data);
        for (const tell of listeners) tell(last);
    };
    source.onerror = async () => {
        become("lost");
        source?.close();
        source = null;
        retry = Math.min(30000, retry === 0 ? 1000 : retry * 2);
        // Whether the session ended or the network broke: only an answer tells.
        const there = await loadSessionQuietly();
        if (session !== null || !there) timer = setTimeout(connect, retry);
    };
}
let timer = 0;

async function loadSessionQuietly() {
    try {
        await loadSession(); // tells by itself when the session ended
        return true;
    } catch {
        return false;
    }
}

export function disconnect() {
    clearTimeout(timer);
    source?.close();
    source = null;
}

/** Calls `tell` with every event, and at once with the last one. Returns what ends it. */
export function listen(tell) {
    listeners.add(tell);
    if (last !== null) tell(last);
    return () => listeners.delete(tell);
}
export function watchState(tell) {
    states.add(tell);
    tell(state);
}
