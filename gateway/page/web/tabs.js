// What the tabs of one browser tell each other. Nothing of patients: only stamps of events, and that somebody signed in or out.

const channel = globalThis.BroadcastChannel ? new BroadcastChannel("trialgate") : null;

export function tell(message) {
    channel?.postMessage(message);
}
export function hear(act) {
    channel?.addEventListener("message", event => act(event.data));
}
