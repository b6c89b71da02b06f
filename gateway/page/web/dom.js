// Builds elements. Text enters as text nodes only: nothing that a server sent is ever parsed as markup.

const svgSpace = "http://www.w3.org/2000/svg";

function fill(element, props, children) {
    for (const [name, value] of Object.entries(props)) {
        const stated = /^(data|aria)-/.test(name) && typeof value === "boolean"; // there "false" is a value
        if (value === null || value === undefined || (value === false && !stated)) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "value" && "value" in element && element.tagName !== "LI") element.value = value;
        else element.setAttribute(name, value === true && !stated ? "" : value);
    }
    append(element, children);
    return element;
}

/** Adds strings, numbers, elements and nested lists of them; null and false are left out. */
export function append(element, children) {
    for (const child of children) {
        if (Array.isArray(child)) append(element, child);
        else if (child instanceof Node) element.append(child);
        else if (child !== null && child !== undefined && child !== false) element.append(String(child));
    }
    return element;
}

function split(props, children) {
    const plain = props !== null && typeof props === "object" && !Array.isArray(props) && !(props instanceof Node);
    return plain ? [props, children] : [{}, [props, ...children]];
}

/** h("p.note", {id: "x", onclick: f}, "text", child...): an element with classes, attributes, listeners and children. */
export function h(spec, props, ...children) {
    const [tag, ...classes] = spec.split(".");
    const element = document.createElement(tag);
    if (classes.length > 0) element.className = classes.join(" ");
    return fill(element, ...split(props, children));
}

/** The same for SVG. */
export function s(spec, props, ...children) {
    const [tag, ...classes] = spec.split(".");
    const element = document.createElementNS(svgSpace, tag);
    if (classes.length > 0) element.setAttribute("class", classes.join(" "));
    return fill(element, ...split(props, children));
}

/** Replaces all children. */
export function put(element, ...children) {
    element.replaceChildren();
    return append(element, children);
}

let announcer = null;
let pending = 0;
/** Says a short sentence to screen readers. Later sentences replace those that were not yet read. */
export function announce(sentence) {
    announcer ??= document.getElementById("announcer");
    clearTimeout(pending);
    pending = setTimeout(() => {
        announcer.textContent = sentence;
    }, 150);
}

/** A sentence at the foot of the window that goes by itself; `undo`: {label, act}. */
export function toast(sentence, undo = null, stays = undo ? 12000 : 6000) {
    const place = document.getElementById("toasts");
    const box = h("div.toast", h("span", sentence));
    const away = () => box.remove();
    if (undo)
        box.append(
            h(
                "button.quiet",
                {
                    type: "button",
                    onclick: () => {
                        away();
                        undo.act();
                    },
                },
                undo.label,
            ),
        );
    put(place, box);
    setTimeout(away, stays);
}

/** Runs `act` at most once every `ms`, the last time after the last call. */
export function calm(act, ms) {
    let waiting = 0;
    return () => {
        if (waiting === 0)
            waiting = setTimeout(() => {
                waiting = 0;
                act();
            }, ms);
    };
}

/** Whether a mouse or the keyboard is in it: then nothing moves there. A finger leaves no pointer behind, a click no focus. */
export function pointedAt(element) {
    return (matchMedia("(hover: hover)").matches && element.matches(":hover")) || element.querySelector(":focus-visible") !== null;
}
