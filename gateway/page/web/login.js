// Nobody is logged in: how to, and why not.
import * as api from "./api.js";
import {h, put} from "./dom.js";
import {unsaved} from "./drafts.js";
import {t} from "./text.js";

/**
 * `why`: "", "used", "often", "network", "ended", "elsewhere", "left" or "oidc:CODE". With a text that was not sent yet this tab must stay as it is: another one
 * is opened to sign in, and this one hears of it.
 */
export default function login(root, why, again) {
    const code = why.startsWith("oidc:") ? why.slice(5) : null;
    const said = code !== null ? t("login.failed") : why === "" ? "" : t(`login.${why}`);
    put(
        root,
        h(
            "div.login",
            h("h1", {tabindex: -1}, t("login.title")),
            h("p", t("login.what")),
            said !== "" && h("p.said", {role: why === "left" ? "status" : "alert"}, said, code && h("small", ` (${code})`)),
            unsaved() && h("p.said", t(api.login.oidc ? "login.keptElsewhere" : "login.kept")),
            api.login.oidc &&
                h("a.button.primary", {href: "/login/oidc", target: unsaved() ? "_blank" : null, rel: "noopener"}, t("login.oidc")),
            api.login.local && h("p.muted", t("login.local")),
            !api.login.oidc && !api.login.local && h("p.muted", t("login.none")),
            why === "network" && h("button.primary", {type: "button", onclick: () => again()}, t("login.again")),
        ),
    );
    root.querySelector("h1").focus({preventScroll: true});
}
