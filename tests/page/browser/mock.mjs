// A stand-in for the server: the page's own files under its Content-Security-Policy, and a strict fake of the API with invented people. Answers whoever
// breaks the contract (wrong method, no CSRF token, wrong body) as the real one does, and remembers every request.
// By hand: node mock.mjs [--people N] [--live] prints an address.
import {createHash, randomBytes} from "node:crypto";
import {readFileSync, existsSync} from "node:fs";
import http from "node:http";
import path from "node:path";
import {fileURLToPath} from "node:url";
import * as made from "./people.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
export const web = path.resolve(here, "../../../gateway/page/web");
const libraries = new Map(
    readFileSync(path.join(web, "libraries.txt"), "utf8")
        .trim()
        .split("\n")
        .map(file => [path.basename(file), file]),
);
const types = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
};
export const policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const everywhere = {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
};
// The server's clock: the page counts by it, not by the browser's.
const began = Date.now();
const clock = () => Date.parse(`${made.today}T09:00:00Z`) + Date.now() - began;
class Refusal extends Error {
    constructor(status, text, more = {}) {
        super(text);
        Object.assign(this, {status, more});
    }
}

export async function mock({
    people = 60,
    roles = {"*": ["coordinator", "investigator", "operator", "auditor"]},
    oidc = true,
    local = true,
    identity = "pseudonym",
    nasty = false,
} = {}) {
    const world = {
        roles,
        oidc,
        local,
        identity,
        nasty,
        rows: new Map(made.trials.map((t, n) => [t.id, made.makeRows(n === 0 ? people : Math.min(people, 12), t, n + 7)])),
        judgements: [],
        keys: new Map(),
        numbers: new Map(),
        user: "Local user",
        silent: false,
        slow: new Map(),
        sources: [],
        checkedThrough: Infinity,
        brokenAt: null,
        seen: new Map(),
        sessions: new Map(),
        tokens: new Map(),
        requests: [],
        failing: new Map(),
        streams: new Set(),
        stamp: 3 * people + 10,
        alertStamp: 5,
        operationStamp: 1,
        next: 100,
        revealed: new Set(),
        merged: new Map(),
        madeWith: "m1",
        trials: made.trials,
        quarantine: [],
        outbox: [],
        audit: [],
        bytes: 0,
    };
    const first = [...world.rows.get("sle-uc-msc").keys()];
    world.alerts = made.makeAlerts(first[0] ?? "0", nasty);
    world.visits = made.makeVisits(first[0] ?? "0");
    world.operations = made.makeOperations();
    world.quarantine = [1, 2].map(id => ({
        id,
        source: "ehr",
        kind: "hook",
        reason: nasty ? made.hostile : "not JSON: a value ends early (line 3)",
        path: "Observation/o9",
        at: "2026-03-15T07:00:00.000Z",
        bytes: 2048 * id,
    }));
    world.outbox = [
        ["dead", 77, 8, "422 from the server: Flag.subject is unknown"],
        ["waiting", 78, 2, "503 from the server"],
    ].map(([state, id, attempts, error]) => ({
        id,
        sink: "study",
        subject: "8f2e2d02",
        trial: "sle-uc-msc",
        kind: "status",
        created: "2026-03-15T06:00:00.000Z",
        state,
        attempts,
        notBefore: "2026-03-15T09:10:00.000Z",
        error,
    }));
    world.judgements.push({
        id: 50,
        subject: first[1],
        trial: "sle-uc-msc",
        kind: "comment",
        what: "",
        value: "",
        reason: nasty ? made.hostile : "Called on Tuesday, wants to think about it.\nSecond call on Friday.",
        by: "Cora Coordinator",
        role: "coordinator",
        at: "2026-03-11T10:00:00.000Z",
        undone: null,
        mayUndo: true,
    });
    const audit = (action, more = {}) =>
        world.audit.push({
            id: world.audit.length + 1,
            at: new Date(clock()).toISOString(),
            by: "local",
            name: "Local user",
            role: "coordinator",
            address: "127.0.0.1",
            action,
            trial: "",
            subject: "",
            detail: "",
            refused: false,
            seal: randomBytes(32).toString("hex"),
            ...more,
        });
    audit("login-failed", {by: "", name: "", role: "", refused: true});
    const trialOf = id => world.trials.find(t => t.id === id);
    Object.assign(world, {
        label: row =>
            world.identity === "reference" || world.revealed.has(row.subject)
                ? `Patient/p-${row.subject.slice(0, 4)}`
                : row.subject.slice(0, 8),
        identityOf: row =>
            world.identity === "reference" || world.revealed.has(row.subject)
                ? {
                      source: "ehr",
                      reference: `Patient/p-${row.subject.slice(0, 4)}`,
                      link: `https://ehr.example.org/fhir/Patient/p-${row.subject.slice(0, 4)}`,
                  }
                : null,
    });

    const event = () =>
        JSON.stringify({
            worklist: Object.fromEntries(made.trials.map(t => [t.id, world.stamp])),
            ...(anywhere("coordinator", "investigator") ? {alerts: world.alertStamp} : {}),
            ...(anywhere("operator", "auditor") ? {operations: world.operationStamp} : {}),
        });
    const tell = () => {
        if (!world.silent) for (const stream of world.streams) stream.write(`data: ${event()}\n\n`);
    };
    const has = (trial, ...wanted) => [...(world.roles["*"] ?? []), ...(world.roles[trial] ?? [])].some(r => wanted.includes(r));
    const anywhere = (...wanted) =>
        Object.values(world.roles)
            .flat()
            .some(r => wanted.includes(r));
    const need = (ok, text = "Your roles do not allow this.") => {
        if (!ok) throw new Refusal(403, text);
    };
    const decision = row => `${row.status}|${row.strip}`;
    /** What it was when the visitor looked, without its strip when that was of other criteria; "" when it is the same, or when they never looked. */
    const wasOf = (row, seen) => {
        const then = row.log.findLast(([stamp]) => stamp <= seen)[1];
        const [status, strip] = then.split("|");
        const others = strip !== "" && row.strip !== "" && strip.length !== row.strip.length;
        const same = then === decision(row) || (others && status === row.status);
        return seen === 0 || same ? "" : others ? `${status}|` : then;
    };
    /** To be called after each change of a row. */
    const logged = (row, bySomebodyElse = false) => {
        row.stamp = ++world.stamp;
        if (row.log.at(-1)[1] !== decision(row)) {
            row.log.push([row.stamp, decision(row)]);
            row.changed = clock();
        }
        if (bySomebodyElse) row.told.push(row.stamp);
        tell();
    };
    const takesPart = row => ["screening", "on-study", "ended-early"].includes(row.state);
    const seenOf = trial => world.seen.get(trial) ?? Math.min(world.rows.get(trial).size, 1e9);
    const rowAs = (row, seen) => [
        row.subject,
        row.status,
        row.strip,
        row.changesOn,
        row.changed,
        wasOf(row, seen),
        row.mark,
        row.human,
        row.comments,
        row.stamp,
        world.label(row),
        row.contradiction,
        row.decided,
        row.number,
        row.state,
        row.told.some(stamp => stamp > seen),
    ];
    const rowsOf = trial =>
        world.rows.get(trial) ??
        (() => {
            throw new Refusal(404, "There is no such trial.");
        })();
    const rowOf = (trial, subject) =>
        rowsOf(trial).get(subject) ??
        (() => {
            throw new Refusal(404, "There is no such person in this trial.");
        })();
    const only = (body, ...names) => {
        for (const name of Object.keys(body)) if (!names.includes(name)) throw new Refusal(400, `Unknown member: ${name}`);
    };

    /** Applies marks and decisions that stand. */
    function settle(trial, row) {
        const standing = world.judgements.filter(j => j.subject === row.subject && j.trial === trial && !j.undone);
        let strip = row.strip.replace(/M|N/g, "?");
        for (const j of standing.filter(one => one.kind === "criterion")) {
            const at = trialOf(trial).criteria.findIndex(c => c.id === j.what);
            strip = strip.slice(0, at) + (j.value === "met" ? "M" : "N") + strip.slice(at + 1);
        }
        row.strip = strip;
        if (row.status !== "") row.status = made.statusOf(strip, trialOf(trial));
        row.mark = standing.filter(one => one.kind === "mark").at(-1)?.value ?? "";
        row.decided = row.mark !== "" ? "page" : row.human !== "" ? "study" : "";
        row.comments = standing.filter(one => one.kind === "comment").length;
        logged(row);
    }

    function judge(trial, subject, body) {
        const row = rowOf(trial, subject);
        only(body, "kind", "what", "value", "reason", "number", "on", "key");
        if ("key" in body) {
            if (!/^[A-Za-z0-9-]{16,64}$/.test(body.key)) throw new Refusal(400, "'key' is 16 to 64 of A-Z, a-z, 0-9 and -.");
            const before = world.judgements.find(j => world.keys.get(j.id) === body.key && j.subject === subject);
            const said = j => JSON.stringify([j.kind, j.what ?? "", j.value ?? "", j.reason, j.number ?? ""]);
            if (before && said({...before, number: world.numbers.get(before.id)}) !== said(body))
                throw new Refusal(409, "This key was used for something else.");
            if (before) return [200, {judgement: before}];
        }
        if (["criterion", "mark"].includes(body.kind) && row.status === "")
            throw new Refusal(409, "This person is not listed in this trial any more.");
        if (body.kind === "criterion") need(has(trial, "investigator"));
        else need(has(trial, "coordinator", "investigator"));
        if (!["criterion", "mark", "comment", "mapping"].includes(body.kind) || typeof body.reason !== "string" || body.reason === "")
            throw new Refusal(400, "A reason is needed.");
        if (
            body.kind === "criterion" &&
            (!["met", "not-met"].includes(body.value) || !trialOf(trial).criteria.some(c => c.id === body.what))
        )
            throw new Refusal(400, "There is no such criterion or verdict.");
        if (body.kind === "mark" && !["screened", "enrolled", "not-interested", "excluded"].includes(body.value))
            throw new Refusal(400, "There is no such mark.");
        if (body.kind === "mapping" && ["system", "code", "display", "concept"].some(name => typeof body.value?.[name] !== "string"))
            throw new Refusal(400, "A mapping has system, code, display and concept.");
        if (typeof body.reason === "string" && [...body.reason].length > 2000)
            throw new Refusal(400, "'reason' has at most 2000 characters.");
        if ("number" in body && body.number === "S-001") throw new Refusal(409, "S-001 is taken by somebody else.");
        const j = {
            id: ++world.next,
            subject,
            trial,
            kind: body.kind,
            what: body.what ?? "",
            value: body.value ?? "",
            reason: body.reason,
            by: "Local user",
            role: "investigator",
            at: new Date(clock()).toISOString(),
            undone: null,
            mayUndo: true,
        };
        world.judgements.push(j);
        if ("key" in body) world.keys.set(j.id, body.key);
        if (body.number) world.numbers.set(j.id, body.number);
        if (body.number) Object.assign(row, {number: body.number, state: body.value === "enrolled" ? "on-study" : "screening"});
        settle(trial, row);
        return [201, {judgement: j}];
    }

    const routes = [
        [
            "GET",
            /^\/api\/v1\/trials$/,
            () => [200, {trials: world.trials.filter(t => has(t.id, "coordinator", "investigator")).map(t => ({...t, counts: {}}))}],
        ],
        [
            "GET",
            /^\/api\/v1\/concepts$/,
            () => [
                200,
                {
                    concepts: [
                        ["dsdna", "anti-dsDNA antibodies"],
                        ["c3", "Complement C3"],
                        ["c4", "Complement C4"],
                        ["egfr.cr-2021", "eGFR, CKD-EPI 2021"],
                    ].map(([id, title]) => ({id, title})),
                },
            ],
        ],
        [
            "GET",
            /^\/api\/v1\/trials\/([^/]+)\/worklist$/,
            ([trial], query) => {
                need(has(trial, "coordinator", "investigator"));
                const since = query.get("since");
                const kept = row => row.status !== "" || row.contradiction !== "" || takesPart(row);
                const rows = [...rowsOf(trial).values()].filter(row => (since === null ? kept(row) : row.stamp > Number(since)));
                const seen = seenOf(trial);
                return [
                    200,
                    {
                        stamp: world.stamp,
                        today: made.today,
                        madeWith: world.madeWith,
                        seen,
                        rows: rows.map(row => rowAs(row, seen)),
                    },
                ];
            },
        ],
        [
            "POST",
            /^\/api\/v1\/trials\/([^/]+)\/seen$/,
            ([trial], _, body) => {
                need(has(trial, "coordinator", "investigator"));
                only(body, "stamp");
                if (!Number.isInteger(body.stamp)) throw new Refusal(400, "stamp is a number.");
                world.seen.set(trial, Math.max(world.seen.get(trial) ?? 0, body.stamp)); // what was seen stays seen
                return [204];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/trials\/([^/]+)\/people\/([0-9a-f]{32})$/,
            ([trial, subject]) => {
                need(has(trial, "coordinator", "investigator"));
                const row = rowOf(trial, subject);
                audit("view-patient", {trial, subject});
                return [200, made.makePerson(row, trialOf(trial), world)];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/trials\/([^/]+)\/people\/([0-9a-f]{32})\/timeline$/,
            ([trial, subject]) => [200, made.makeTimeline(rowOf(trial, subject), world)],
        ],
        [
            "POST",
            /^\/api\/v1\/trials\/([^/]+)\/people\/([0-9a-f]{32})\/reveal$/,
            ([trial, subject], _, body) => {
                need(has(trial, "coordinator", "investigator"));
                only(body, "reason");
                if (!body.reason) throw new Refusal(400, "A reason is needed.");
                const row = rowOf(trial, subject);
                if (row.status === "" && !takesPart(row)) throw new Refusal(409, "This person is not listed in this trial any more.");
                world.revealed.add(subject);
                audit("reveal", {trial, subject, detail: body.reason});
                return [200, world.identityOf(row)];
            },
        ],
        [
            "POST",
            /^\/api\/v1\/trials\/([^/]+)\/people\/([0-9a-f]{32})\/judgements$/,
            ([trial, subject], _, body) => judge(trial, subject, body),
        ],
        [
            "POST",
            /^\/api\/v1\/trials\/([^/]+)\/people\/([0-9a-f]{32})\/judgements\/(\d+)\/undo$/,
            ([trial, subject, id]) => {
                const j = world.judgements.find(one => one.id === Number(id) && one.subject === subject);
                if (!j || j.undone) throw new Refusal(j ? 409 : 404, "This was taken back already.");
                Object.assign(j, {undone: {by: "Local user (local)", at: new Date(clock()).toISOString()}, mayUndo: false});
                settle(trial, rowOf(trial, subject));
                return [200, {judgement: j}];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/visits$/,
            (_, query) => [
                200,
                {today: made.today, visits: world.visits.filter(v => !query.get("trial") || v.trial === query.get("trial"))},
            ],
        ],
        [
            "GET",
            /^\/api\/v1\/alerts$/,
            (_, query) => {
                const before = query.get("before");
                if (query.get("closed") !== "1") return [200, {stamp: world.alertStamp, alerts: world.alerts.filter(a => a.open)}];
                const all = world.alerts
                    .filter(a => before === null || Number(a.id) < Number(before))
                    .sort((a, b) => Number(b.id) - Number(a.id));
                const some = all.slice(0, 200);
                return [200, {stamp: world.alertStamp, alerts: some, older: all.length > 200 ? some.at(-1).id : null}];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/alerts\/count$/,
            () => {
                need(anywhere("coordinator", "investigator"));
                const waits = a => a.open && !a.acknowledged && !(a.snoozedUntil && Date.parse(a.snoozedUntil) > clock());
                return [200, {waiting: world.alerts.filter(waits).length}];
            },
        ],
        ["GET", /^\/api\/v1\/sources$/, () => [200, {sources: world.sources}]],
        [
            "POST",
            /^\/api\/v1\/alerts\/([^/]+)\/(acknowledge|snooze)$/,
            ([id, what], _, body) => {
                const a =
                    world.alerts.find(one => one.id === id) ??
                    (() => {
                        throw new Refusal(404, "There is no such alert.");
                    })();
                need(has(a.trial, "coordinator", "investigator"));
                if (what === "snooze") {
                    if (!Number.isInteger(body.hours) || body.hours < 1 || body.hours > 336) throw new Refusal(400, "hours is 1 to 336.");
                    a.snoozedUntil = new Date(clock() + body.hours * 3600000).toISOString();
                } else {
                    Object.assign(a, {acknowledged: new Date(clock()).toISOString(), acknowledgedBy: "Local user (local)"});
                }
                ++world.alertStamp;
                tell();
                return [204];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/operations$/,
            () => (need(anywhere("operator", "auditor")), [200, {...world.operations, quarantine: world.quarantine.length}]),
        ],
        ["GET", /^\/api\/v1\/operations\/quarantine$/, () => (need(anywhere("operator", "auditor")), [200, {items: world.quarantine}])],
        [
            "GET",
            /^\/api\/v1\/operations\/outbox$/,
            (_, query) => (
                need(anywhere("operator", "auditor")),
                [200, {messages: world.outbox.filter(m => m.state === query.get("state"))}]
            ),
        ],
        [
            "POST",
            /^\/api\/v1\/operations\/(quarantine|outbox)\/(\d+)\/(replay|drop|retry)$/,
            ([where, id]) => {
                need(anywhere("operator"));
                if (!world[where].some(one => one.id === Number(id))) throw new Refusal(404, "This is gone.");
                world[where] = world[where].filter(one => one.id !== Number(id));
                ++world.operationStamp;
                tell();
                return [204];
            },
        ],
        [
            "GET",
            /^\/api\/v1\/audit$/,
            (_, query) => {
                need(anywhere("auditor"));
                for (const name of query.keys())
                    if (!["before", "limit", "who", "action", "subject", "from", "to"].includes(name))
                        throw new Refusal(400, `Unknown: ${name}`);
                const limit = Number(query.get("limit") ?? 200),
                    fits = name => query.get(name) ?? "";
                if (!(limit >= 1 && limit <= 500)) throw new Refusal(400, "limit is 1 to 500.");
                const found = world.audit
                    .filter(
                        r =>
                            (!query.has("before") || r.id < Number(query.get("before"))) &&
                            `${r.by} ${r.name}`.toLowerCase().includes(fits("who").toLowerCase()) &&
                            (fits("action") === "" || r.action === fits("action")) &&
                            r.subject.startsWith(fits("subject")) &&
                            r.at.slice(0, 10) >= fits("from") &&
                            (fits("to") === "" || r.at.slice(0, 10) <= fits("to")),
                    )
                    .reverse();
                const entries = found.slice(0, limit);
                const newest = world.audit.length;
                const answer = {
                    entries,
                    older: found.length > limit ? entries.at(-1).id : null,
                    seals: {
                        intact: world.brokenAt === null,
                        checkedThrough: Math.min(world.checkedThrough, newest),
                        newest,
                        brokenAt: world.brokenAt,
                    },
                };
                return [200, answer];
            },
        ],
    ];

    function session(request) {
        const id = /(?:^|; )trialgate=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
        return world.sessions.get(id);
    }

    async function api(request, response, url) {
        let body = "";
        for await (const chunk of request) body += chunk;
        const at = `${request.method} ${url.pathname}`;
        const background = request.headers["x-background"] === "1";
        world.requests.push({method: request.method, path: url.pathname, query: url.search, body, background});
        if (world.silent) return; // as a gateway that was stopped: the connection stands, nothing comes
        const slow = (world.slow.get(at + url.search) ?? world.slow.get(at))?.shift();
        const failing = world.failing.get(at);
        if (failing) {
            if (--failing.times <= 0) world.failing.delete(at);
            throw new Refusal(failing.status, failing.text);
        }
        const send = async (status, json, headers = {}) => {
            if (slow?.after) await slow.after; // done, but answered late
            if (slow?.dropped) return response.destroy();
            if (slow?.lost) {
                response.writeHead(status, {"content-type": "application/json", "content-length": 1000});
                response.write("{");
                return void setTimeout(() => response.destroy(), 50);
            }
            const text = json === undefined ? "" : JSON.stringify(json);
            world.bytes += text.length;
            response.writeHead(status, {...everywhere, "cache-control": "no-store", "content-type": "application/json", ...headers});
            response.end(text);
        };
        if (request.method !== "GET") {
            if (request.headers.origin !== undefined && request.headers.origin !== `http://${request.headers.host}`)
                throw new Refusal(403, "This came from elsewhere.");
            if (body !== "" && request.headers["content-type"] !== "application/json") throw new Refusal(400, "JSON is needed.");
        }
        if (at === "POST /api/v1/session/local") {
            const token = JSON.parse(body).token;
            if (!world.tokens.delete(token)) throw new Refusal(401, "This link was used or is too old.");
            const id = randomBytes(16).toString("hex");
            world.sessions.set(id, {csrf: randomBytes(16).toString("hex")});
            audit("login");
            return send(204, undefined, {"set-cookie": `trialgate=${id}; HttpOnly; SameSite=Strict; Path=/`});
        }
        const mine = session(request);
        if (!mine) throw new Refusal(401, "Nobody is logged in.", {login: {oidc: world.oidc, local: world.local}});
        if (request.method !== "GET" && request.headers["x-csrf-token"] !== mine.csrf)
            throw new Refusal(403, "The token of the session is missing.");
        if (at === "GET /api/v1/session")
            return send(200, {
                user: {name: world.user},
                roles: world.roles,
                csrf: mine.csrf,
                ends: new Date(clock() + 8 * 3600000).toISOString(),
                identity: world.identity,
                version: "0.1.0",
            });
        if (at === "DELETE /api/v1/session") {
            world.sessions.clear();
            for (const stream of world.streams) stream.end();
            return send(204);
        }
        if (at === "GET /api/v1/audit/fhir") {
            need(anywhere("auditor"));
            response.writeHead(200, {...everywhere, "content-type": "application/fhir+json"});
            response.write('{"resourceType":"Bundle","type":"collection","entry":[');
            response.write(world.audit.map(r => JSON.stringify({resource: {resourceType: "AuditEvent", recorded: r.at}})).join());
            return void response.end("]}");
        }
        if (at === "GET /api/v1/events") {
            response.writeHead(200, {...everywhere, "cache-control": "no-store", "content-type": "text/event-stream"});
            response.write(`data: ${event()}\n\n`);
            world.streams.add(response);
            const alive = setInterval(() => world.silent || response.write("event: alive\ndata: {}\n\n"), 15000);
            return void response.on("close", () => {
                clearInterval(alive);
                world.streams.delete(response);
            });
        }
        for (const [method, pattern, handle] of routes) {
            const found = pattern.exec(url.pathname);
            if (found && method === request.method)
                return send(...handle(found.slice(1).map(decodeURIComponent), url.searchParams, body === "" ? {} : JSON.parse(body)));
        }
        throw new Refusal(404, "There is no such address.");
    }

    function file(request, response, url) {
        let name = "index.html";
        if (url.pathname.startsWith("/assets/")) {
            name = url.pathname.slice(8);
            if (name.includes("..") || name === "libraries.txt") name = "none";
        }
        const from = libraries.get(name) ?? path.join(web, name);
        if (!existsSync(from)) {
            response.writeHead(404, everywhere);
            return response.end("{}");
        }
        const bytes = readFileSync(from);
        const tag = `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
        const headers = {
            ...everywhere,
            "content-type": types[path.extname(name)] ?? "application/octet-stream",
            etag: tag,
            "cache-control": "no-cache",
        };
        if (request.headers["if-none-match"] === tag) {
            response.writeHead(304, headers);
            return response.end();
        }
        world.bytes += bytes.length;
        response.writeHead(200, headers);
        response.end(bytes);
    }

    const server = http.createServer((request, response) => {
        response.setHeader("date", new Date(clock()).toUTCString());
        const url = new URL(request.url, "http://localhost");
        if (url.pathname === "/login/oidc") {
            response.writeHead(302, {...everywhere, location: "/#login=failed&why=access_denied"});
            return void response.end();
        }
        if (!url.pathname.startsWith("/api/")) return void file(request, response, url);
        api(request, response, url).catch(wrong => {
            const known = wrong instanceof Refusal;
            if (!known) console.error(wrong);
            response.writeHead(known ? wrong.status : 500, {...everywhere, "content-type": "application/json"});
            response.end(JSON.stringify({error: known ? wrong.message : "The mock failed.", ...(known ? wrong.more : {})}));
        });
    });
    await new Promise(done => server.listen(0, "127.0.0.1", done));
    if (process.env.NODE_TEST_CONTEXT) server.unref();
    const origin = `http://127.0.0.1:${server.address().port}`;
    return {
        origin,
        world,
        once: () => {
            const token = randomBytes(12).toString("hex");
            world.tokens.set(token, true);
            return `${origin}/#once=${token}`;
        },
        /** Changes one person: members of the row. */
        change(trial, subject, members) {
            const row = world.rows.get(trial).get(subject);
            Object.assign(row, members);
            if (members.strip !== undefined && members.status === undefined) row.status = made.statusOf(row.strip, trialOf(trial));
            if (row.status === "") Object.assign(row, {strip: "", changesOn: null});
            logged(
                row,
                ["comments", "mark", "human", "decided"].some(name => name in members),
            );
        },
        add(trial, subject, strip) {
            const row = {
                subject,
                status: made.statusOf(strip, trialOf(trial)),
                strip,
                changesOn: null,
                changed: clock(),
                log: [[0, "|"]],
                told: [],
                mark: "",
                human: "",
                comments: 0,
                contradiction: "",
                decided: "",
                number: "",
                state: "",
            };
            world.rows.get(trial).set(subject, row);
            logged(row);
        },
        alert(members) {
            world.alerts.push({...world.alerts.find(a => a.id === "13"), ...members});
            ++world.alertStamp;
            tell();
        },
        tell,
        clock,
        /** The next request `at` is done but answered late ({after: promise}), in part ({lost: true}) or not at all ({dropped: true}). */
        delay: (at, how) => world.slow.set(at, [...(world.slow.get(at) ?? []), how]),
        fail: (at, status, text, times = 1) => world.failing.set(at, {status, text, times}),
        endSessions() {
            world.sessions.clear();
            for (const stream of world.streams) stream.end();
        },
        dropStreams() {
            for (const stream of world.streams) stream.destroy();
        },
        close: () =>
            new Promise(done => {
                server.closeAllConnections();
                server.close(done);
            }),
    };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const count = process.argv.indexOf("--people");
    const one = await mock({people: count > 0 ? Number(process.argv[count + 1]) : 60});
    console.log(`page: ${one.once()}`);
    if (process.argv.includes("--live")) {
        const roll = made.dice(3);
        const subjects = [...one.world.rows.get("sle-uc-msc").keys()];
        setInterval(() => {
            const subject = subjects[Math.floor(roll() * subjects.length)];
            const {strip} = one.world.rows.get("sle-uc-msc").get(subject);
            const at = Math.floor(roll() * strip.length);
            one.change("sle-uc-msc", subject, {strip: strip.slice(0, at) + "+?-"[Math.floor(roll() * 3)] + strip.slice(at + 1)});
        }, 400);
    }
}
