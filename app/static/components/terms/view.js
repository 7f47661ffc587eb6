// Shows the definition of a marked term on hover, tap or focus. The page's Markdown has it as the
// title of a link; here it becomes a box that stays open while it is read.

/** @import { Common } from "../../shared/mount.js" */

import { element } from "../../shared/element.js";
import { mount } from "../../shared/mount.js";
import { Words } from "../../shared/words.js";

const BEGINNING = "#term-";
const MARKED = `a[href^="${BEGINNING}"]`;
const GAP = 6; // px between a term and its box
const LINGER = 250; // ms for the pointer to move from the term to its box

/** @param {EventTarget | null} at */
function termAt(at) {
  return at instanceof Element ? /** @type {HTMLElement | null} */ (at.closest(MARKED)) : null;
}

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.box = element("div", "terms-tip", root);
    this.box.setAttribute("role", "tooltip");
    this.box.hidden = true;
    this.said = element("div", "", this.box);
    this.more = element("a", "", this.box);
    this.more.target = "_self";
    /** @type {HTMLElement | null} */
    this.term = null;
    this.ending = new AbortController();
    const { signal } = this.ending;
    const hide = () => this.later();
    document.addEventListener("pointerover", (event) => this.point(event), { signal });
    document.addEventListener("focusin", (event) => this.show(termAt(event.target)), { signal });
    document.addEventListener("focusout", hide, { signal });
    document.addEventListener("click", (event) => this.click(event), { signal, capture: true });
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hide(), {
      signal,
    });
    document.addEventListener("scroll", () => this.hide(), { signal, capture: true });
    this.box.addEventListener("pointerenter", () => clearTimeout(this.leaving), { signal });
    this.box.addEventListener("pointerleave", hide, { signal });
  }

  /** @param {Common} data */
  update(data) {
    this.more.textContent = new Words(data.labels, data.locale).say("all");
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (event.pointerType === "touch") return; // taps are handled as clicks
    const term = termAt(event.target);
    if (term) this.show(term);
    else if (this.term && !event.composedPath().includes(this.box)) this.later();
  }

  // A term's link is not followed: a tap opens its definition, and a second one closes it.
  /** @param {MouseEvent} event */
  click(event) {
    const term = termAt(event.target);
    if (!term) {
      if (!event.composedPath().includes(this.box)) this.hide();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.show(term);
  }

  /** @param {HTMLElement | null} term */
  show(term) {
    if (!term) return;
    clearTimeout(this.leaving);
    if (term.title) {
      term.dataset.says = term.title; // or the browser would show it as well
      term.setAttribute("aria-description", term.title);
      term.removeAttribute("title");
    }
    this.term = term;
    this.said.textContent = term.dataset.says ?? "";
    const key = term.getAttribute("href")?.slice(BEGINNING.length) ?? "";
    const query = new URLSearchParams({ term: key });
    const lang = new URL(window.location.href).searchParams.get("lang");
    if (lang) query.set("lang", lang);
    this.more.href = new URL(`glossary?${query}`, document.baseURI).href;
    this.box.hidden = false;
    this.place(term);
  }

  /** @param {HTMLElement} term */
  place(term) {
    const at = term.getClientRects()[0];
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const below = at.bottom + GAP + height <= window.innerHeight;
    const left = Math.max(12, Math.min(at.left, window.innerWidth - width - 12));
    this.box.style.left = `${left}px`;
    this.box.style.top = `${below ? at.bottom + GAP : Math.max(12, at.top - GAP - height)}px`;
  }

  later() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.hide(), LINGER);
  }

  hide() {
    clearTimeout(this.leaving);
    this.box.hidden = true;
    this.term = null;
  }

  destroy() {
    this.ending.abort();
    clearTimeout(this.leaving);
  }
}

export default mount(View);
