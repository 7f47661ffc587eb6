// Five hints for a first visit, in the sidebar, where they cover nothing. The browser remembers
// that they were read or dismissed.

/** @import { Common } from "../../shared/mount.js" */

import { element } from "../../shared/element.js";
import { mount } from "../../shared/mount.js";
import { Words } from "../../shared/words.js";

/** @typedef {{ hints: { key: string, about: string }[] }} Data keys of texts, and their elements */

export const REMEMBERED = "inside-r1-tour";
const OUTLINE = "3px solid var(--st-primary-color, #0060a8)";

/** Whether hints were seen; a private window may refuse storage, and shows them again. */
function remembered() {
  try {
    return window.localStorage.getItem(REMEMBERED) !== null;
  } catch {
    return false;
  }
}

function remember() {
  try {
    window.localStorage.setItem(REMEMBERED, "seen");
  } catch {
    // as above
  }
}

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.at = 0;
    root.hidden = true;
    this.card = element("section", "card", root);
    this.step = element("div", "step", this.card);
    this.said = element("p", "", this.card);
    this.said.setAttribute("role", "status");
    const row = element("div", "row", this.card);
    this.next = element("button", "", row);
    this.skip = element("button", "", row);
    this.next.type = this.skip.type = "button";
    this.next.onclick = () => this.to(this.at + 1);
    this.skip.onclick = () => this.end();
    /** @type {HTMLElement | null} */
    this.marked = null;
  }

  /** @param {Data & Common} data */
  update(data) {
    this.data = data;
    this.words = new Words(data.labels, data.locale);
    this.card.setAttribute("aria-label", this.words.say("name"));
    this.root.hidden = remembered();
    if (!this.root.hidden) this.draw();
  }

  /** @param {number} at */
  to(at) {
    if (!this.data) return;
    this.at = at;
    if (at >= this.data.hints.length) this.end();
    else this.draw();
  }

  draw() {
    const { data, words, at } = this;
    if (!data || !words) return;
    const { key, about } = data.hints[at];
    const last = at === data.hints.length - 1;
    this.step.textContent = words.say("step", { number: at + 1, hints: data.hints.length });
    this.said.textContent = words.say(`hint_${key}`);
    this.next.textContent = words.say(last ? "done" : "next");
    this.skip.textContent = words.say("skip");
    this.skip.hidden = last;
    this.mark(at > 0 ? document.querySelector(about) : null); // the first one is a greeting
  }

  /** @param {HTMLElement | null} about the element that the hint describes, to be outlined */
  mark(about) {
    if (this.marked) this.marked.style.outline = this.marked.style.outlineOffset = "";
    this.marked = about;
    if (!about) return;
    about.style.outline = OUTLINE;
    about.style.outlineOffset = "4px";
    about.scrollIntoView({ block: "nearest" });
  }

  end() {
    remember();
    this.mark(null);
    this.root.hidden = true;
  }

  destroy() {
    this.mark(null);
  }
}

export default mount(View);
