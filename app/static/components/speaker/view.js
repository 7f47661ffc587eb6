// The speaker's own window of a talk: notes, the next screen, clock and elapsed time. It follows
// the stage, and keys pressed here are passed on to it.

/** @import { Common } from "../../shared/mount.js" */
/** @import { Said } from "../../shared/talk.js" */

import { element } from "../../shared/element.js";
import { focusedOf, isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";
import { earlier, KEYS, since, talk } from "../../shared/talk.js";
import { Words } from "../../shared/words.js";

/**
 * @typedef {object} Data
 * @property {{ id: string, title: string, idea: string, notes: string }[]} screens
 * @property {number} place of the screen in the URL, where the stage was
 */

const TICK = 500; // ms
const LOST = 4; // ticks without a message until the stage counts as closed

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.at = "";
    this.blank = false;
    /** @type {number | null} */
    this.started = null;
    this.silent = 0; // ticks
    this.talk = talk((said) => this.told(said));
    this.hear = (/** @type {KeyboardEvent} */ event) => this.key(event);
    window.addEventListener("keydown", this.hear);
    const top = element("div", "top", root);
    this.position = element("span", "position", top);
    this.clock = element("span", "clock", top);
    this.clock.setAttribute("role", "timer");
    this.time = element("span", "time", top);
    this.time.setAttribute("role", "timer");
    this.lost = element("p", "lost", root);
    this.link = element("a");
    this.link.target = "_blank";
    const spread = element("div", "spread", root);
    const now = element("section", "now", spread);
    this.title = element("h1", "", now);
    this.idea = element("p", "idea", now);
    this.notes = element("p", "notes", now);
    this.notes.tabIndex = 0; // long ones are scrolled
    const next = element("section", "next", spread);
    this.nextLabel = element("h2", "", next);
    this.next = element("p", "title", next);
    this.nextIdea = element("p", "idea", next);
    this.list = element("select", "", next);
    this.list.onchange = () => {
      this.talk.say({ turn: this.list.value });
      this.list.blur(); // so that the next key goes to the stage
    };
    const foot = element("div", "foot", root);
    this.buttons = {
      back: this.button(foot, () => this.talk.say({ key: "PageUp" })),
      forward: this.button(foot, () => this.talk.say({ key: "PageDown" })),
      blank: this.button(foot, () => this.talk.say({ key: "b" })),
      again: this.button(foot, () => this.again()),
    };
    this.keys = element("p", "keys", root);
    this.timer = setInterval(() => this.tick(), TICK);
  }

  /**
   * @param {HTMLElement} parent
   * @param {() => void} press
   */
  button(parent, press) {
    const made = element("button", "", parent);
    made.type = "button";
    made.onclick = press;
    return made;
  }

  /** @param {Data & Common} data */
  update(data) {
    this.data = data;
    this.words = new Words(data.labels, data.locale);
    const { words } = this;
    this.at ||= data.screens[data.place].id;
    this.clock.setAttribute("aria-label", words.say("clock"));
    this.time.setAttribute("aria-label", words.say("time"));
    this.notes.setAttribute("aria-label", words.say("notes"));
    this.list.setAttribute("aria-label", words.say("list"));
    this.nextLabel.textContent = words.say("next");
    this.buttons.back.textContent = words.say("back");
    this.buttons.forward.textContent = words.say("next");
    this.buttons.blank.textContent = words.say("blank");
    this.buttons.again.textContent = words.say("again");
    this.keys.textContent = words.say("keys");
    this.link.textContent = words.say("open");
    this.lost.replaceChildren(words.say("lost"), " ", this.link);
    this.list.replaceChildren(
      ...data.screens.map(({ id, title }, at) => new Option(`${at + 1}  ${title}`, id)),
    );
    this.draw();
    this.tick();
  }

  /** @param {Said} said */
  told(said) {
    if ("again" in said) this.started = null;
    if (!("at" in said)) return;
    this.silent = 0;
    this.at = said.at;
    this.blank = said.blank;
    this.started = earlier(this.started, said.started);
    this.draw();
  }

  again() {
    this.started = null;
    this.talk.say({ again: true });
    this.tick();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { key } = event;
    const focused = focusedOf(event);
    const pressed = focused?.closest("button, a") != null && (key === " " || key === "Enter");
    const scrolled = focused === this.notes && (key === "ArrowUp" || key === "ArrowDown");
    if (isTaken(event) || pressed || scrolled) return;
    if (!KEYS.includes(key.length > 1 ? key : key.toLowerCase())) return;
    this.talk.say({ key });
    event.preventDefault();
  }

  // The stage is polled; no answer means that it was closed or left.
  tick() {
    const now = new Date();
    this.clock.textContent = now.toLocaleTimeString(this.data?.locale, { timeStyle: "short" });
    this.time.textContent = since(this.started, now.getTime());
    this.silent += 1;
    this.lost.hidden = this.silent < LOST;
    this.talk.say({ ask: this.started });
  }

  draw() {
    const { data, words } = this;
    if (!data || !words) return;
    const { screens } = data;
    const place = Math.max(
      0,
      screens.findIndex(({ id }) => id === this.at),
    );
    const [screen, next] = [screens[place], screens[place + 1]];
    if (this.title.textContent !== screen.title) this.notes.scrollTop = 0;
    this.position.textContent = words.say("place", { number: place + 1, screens: screens.length });
    this.title.textContent = screen.title;
    this.idea.textContent = screen.idea;
    this.notes.textContent = screen.notes;
    this.next.textContent = next?.title ?? words.say("last");
    this.nextIdea.textContent = next?.idea ?? "";
    this.list.value = screen.id;
    const stage = new URL(window.location.href);
    stage.searchParams.delete("speaker");
    stage.searchParams.set("screen", screen.id);
    this.link.href = stage.href;
    this.buttons.blank.setAttribute("aria-pressed", String(this.blank));
    this.lost.hidden = this.silent < LOST;
  }

  destroy() {
    clearInterval(this.timer);
    window.removeEventListener("keydown", this.hear);
    this.talk.end();
  }
}

export default mount(View);
