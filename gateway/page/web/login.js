// Nobody is logged in: how to, and why not.
import * as api from "./api.js";
import {h, put} from "./dom.js";
import {t} from "./text.js";

/** `why`: "", "used", "often", "network", "ended", "left" or "oidc:CODE". */
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
            api.login.oidc && h("a.button.primary", {href: "/login/oidc"}, t("login.oidc")),
            api.login.local && h("p.muted", t("login.local")),
            !api.login.oidc && !api.login.local && h("p.muted", t("login.none")),
            why === "network" && h("button.primary", {type: "button", onclick: () => again()}, t("login.again")),
        ),
    );
    root.querySelector("h1").focus({preventScroll: true});
}
