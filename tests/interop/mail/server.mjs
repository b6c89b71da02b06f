// A mail relay (npm smtp-server). Argument: JSON {port, secure, starttls, cert, key, user, password, refuse: [addresses], later: [addresses]}.
// Writes "listening PORT", then one JSON line for each mail that it took.
import { readFileSync } from "node:fs";
import { SMTPServer } from "smtp-server";

const o = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(line + "\n");
const failure = (code) => Object.assign(new Error("no"), { responseCode: code });
const server = new SMTPServer({
    secure: !!o.secure,
    hideSTARTTLS: !o.starttls,
    cert: o.cert && readFileSync(o.cert),
    key: o.key && readFileSync(o.key),
    authOptional: !o.user,
    authMethods: ["PLAIN", "LOGIN"],
    allowInsecureAuth: false,
    disableReverseLookup: true,
    logger: false,
    onAuth: (auth, session, done) => (auth.username === o.user && auth.password === o.password ? done(null, { user: auth.username }) : done(failure(535))),
    onRcptTo: (to, session, done) =>
        (o.refuse || []).includes(to.address) ? done(failure(550)) : (o.later || []).includes(to.address) ? done(failure(451)) : done(),
    onData: (stream, session, done) => {
        const parts = [];
        stream.on("data", (part) => parts.push(part));
        stream.on("end", () => {
            say(JSON.stringify({
                from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), tls: !!session.secure, user: session.user || null,
                data: Buffer.concat(parts).toString("utf8"),
            }));
            done();
        });
    },
});
server.on("error", () => {}); // a client that goes away
server.listen(o.port || 0, "127.0.0.1", () => say("listening " + server.server.address().port));
