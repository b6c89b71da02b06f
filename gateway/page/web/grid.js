// A table of many rows of one height, of which only those in sight are in the document. Rows keep their element while they are in sight, and the focused one
// also beyond, so that focus and pointer stay where they are.
import {h} from "./dom.js";

export class Grid {
    #rows = new Map(); // key -> {element, at}
    #keys = [];
    #cursor = 0;
    #set = false; // whether the user put the cursor where it is
    #height = 40;
    #frame = 0;

    /**
     * options: label, columns [{name, cell: header element}], draw(key, row element): fills the cells, open(key), describe(n): aria-label when empty.
     */
    constructor(options) {
        this.options = options;
        this.body = h("div.grid-body", {role: "rowgroup"});
        this.head = h("div.grid-head", {role: "rowgroup"}, h("div.grid-row.header", {role: "row", "aria-rowindex": 1}, options.columns));
        this.element = h(
            "div.grid",
            {role: "grid", "aria-label": options.label, "aria-colcount": options.columns.length},
            this.head,
            this.body,
        );
        this.element.addEventListener("scroll", () => this.#later(), {passive: true});
        this.element.addEventListener("keydown", event => this.#key(event));
        this.element.addEventListener("focusin", event => this.#focused(event));
        this.body.addEventListener("click", event => this.#click(event));
        this.watcher = new ResizeObserver(() => this.#later());
        this.watcher.observe(this.element);
    }

    /** Rows of `height` pixels, in this order. Keeps the cursor that the user set on its key when it is still there. */
    show(keys, height) {
        const at = this.cursorKey;
        const focused = this.body.contains(document.activeElement);
        this.#keys = keys;
        this.#dropAll(); // in a new order the document's would be another one than the screen's
        this.#height = height;
        const found = keys.indexOf(at);
        this.#cursor = found >= 0 ? found : Math.min(this.#cursor, Math.max(0, keys.length - 1));
        this.element.setAttribute("aria-rowcount", keys.length + 1);
        this.body.style.height = `${keys.length * height}px`;
        this.element.style.setProperty("--row", `${height}px`);
        this.render();
        if (focused) this.focus();
    }

    /** Draws these rows again where they stand. */
    refresh(keys) {
        for (const key of keys) {
            const row = this.#rows.get(key);
            if (!row) continue;
            const inside = row.element !== document.activeElement && row.element.contains(document.activeElement);
            this.options.draw(key, row.element);
            if (inside) row.element.focus({preventScroll: true});
        }
    }

    /** Undefined until the user set it. */
    get cursorKey() {
        return this.#set ? this.#keys[this.#cursor] : undefined;
    }
    set cursorKey(key) {
        const at = this.#keys.indexOf(key);
        if (at < 0) return;
        this.#cursor = at;
        this.#set = true;
    }
    get scrolled() {
        return this.element.scrollTop;
    }
    set scrolled(to) {
        this.element.scrollTop = to;
        this.render();
    }

    /** Moves the cursor by `n` rows and the focus with it. */
    move(n) {
        this.#go(this.#cursor + n);
    }
    focus() {
        this.#go(this.#cursor);
    }

    close() {
        this.watcher.disconnect();
        cancelAnimationFrame(this.#frame);
    }

    #later() {
        if (this.#frame === 0)
            this.#frame = requestAnimationFrame(() => {
                this.#frame = 0;
                this.render();
            });
    }

    render() {
        const room = this.element.clientHeight || 600;
        const first = Math.max(0, Math.floor(this.element.scrollTop / this.#height) - 6);
        const last = Math.min(this.#keys.length, Math.ceil((this.element.scrollTop + room) / this.#height) + 6);
        const wanted = new Map();
        for (let n = first; n < last; ++n) wanted.set(this.#keys[n], n);
        const held = document.activeElement?.closest?.(".grid-row")?.dataset.key;
        for (const [key, row] of this.#rows)
            if (!wanted.has(key)) {
                const at = key === held ? this.#keys.indexOf(key) : -1;
                if (at >= 0) wanted.set(key, at);
                else {
                    row.element.remove();
                    this.#rows.delete(key);
                }
            }
        let before = null;
        for (const [key, at] of [...wanted].sort((a, b) => a[1] - b[1])) before = this.#place(key, at, before);
    }

    #place(key, at, before) {
        let row = this.#rows.get(key);
        if (!row) {
            row = {element: h("div.grid-row", {role: "row", "data-key": key}), at: -1};
            this.options.draw(key, row.element);
            this.#rows.set(key, row);
            before === null ? this.body.prepend(row.element) : before.after(row.element);
        }
        if (row.at !== at) {
            row.at = at;
            row.element.style.transform = `translateY(${at * this.#height}px)`;
            row.element.setAttribute("aria-rowindex", at + 2);
            row.element.classList.toggle("odd", at % 2 === 1);
        }
        row.element.tabIndex = at === this.#cursor ? 0 : -1;
        return row.element;
    }

    #dropAll() {
        for (const row of this.#rows.values()) row.element.remove();
        this.#rows.clear();
    }

    #go(to) {
        if (this.#keys.length === 0) return;
        this.#cursor = Math.max(0, Math.min(this.#keys.length - 1, to));
        this.#set = true;
        const top = this.#cursor * this.#height,
            head = this.head.offsetHeight,
            room = this.element.clientHeight - head;
        if (top < this.element.scrollTop) this.element.scrollTop = top;
        else if (top + this.#height > this.element.scrollTop + room) this.element.scrollTop = top + this.#height - room;
        this.render();
        this.#rows.get(this.cursorKey)?.element.focus({preventScroll: true});
    }

    #key(event) {
        if (event.ctrlKey || event.metaKey || event.altKey || this.head.contains(event.target)) return;
        const page = Math.max(1, Math.floor((this.element.clientHeight - this.head.offsetHeight) / this.#height) - 1);
        const steps = {
            ArrowDown: 1,
            j: 1,
            ArrowUp: -1,
            k: -1,
            PageDown: page,
            PageUp: -page,
            Home: -this.#keys.length,
            End: this.#keys.length,
        };
        if (event.key in steps) {
            event.preventDefault();
            event.stopPropagation();
            this.move(steps[event.key]);
        } else if (event.key === "Enter" && this.cursorKey !== undefined) {
            event.preventDefault();
            this.options.open(this.cursorKey);
        }
    }

    #focused(event) {
        const key = event.target.closest?.(".grid-row")?.dataset.key;
        if (key !== undefined && this.cursorKey !== key) {
            this.cursorKey = key;
            this.render();
        }
    }

    #click(event) {
        const row = event.target.closest(".grid-row");
        if (
            !row ||
            event.defaultPrevented ||
            event.button !== 0 ||
            event.ctrlKey ||
            event.metaKey ||
            event.shiftKey ||
            String(getSelection()) !== ""
        )
            return;
        event.preventDefault();
        this.cursorKey = row.dataset.key;
        this.options.open(row.dataset.key);
    }
}
