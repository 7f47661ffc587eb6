// The stage's part of a talk: keys and remote, notes, overview, blank, views in frames, and opening
// the speaker's window.

/** @import { Common, Given } from "../../shared/mount.js" */
/** @import { Said } from "../../shared/talk.js" */

import { element } from "../../shared/element.js";
import { focusedOf, isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";
import { earlier, TURNS, talk } from "../../shared/talk.js";
import { Words } from "../../shared/words.js";
import { fill, steer } from "./framed.js";

/**
 * @typedef {object} Data
 * @property {{ id: string, title: string }[]} screens
 * @property {number} place of the screen that is shown
 * @property {string} notes
 * @property {string | null} frame link to a view of the app, relative to its pages
 * @property {string | null} nextFrame that of the next screen, to be preloaded
 * @property {boolean} playing advance automatically until there is input
 */

const SCREEN = [1280, 720]; // px that all sizes are for
const STEPS = 20; // sizes grow in steps of 1 / STEPS
const MANY = 18; // screens from which on the overview has three columns
export const PLAYED = 12_000; // ms per screen when playing automatically
const POPUP = "popup,width=1000,height=720";

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.hear = (/** @type {KeyboardEvent} */ event) => this.key(event);
    this.touched = () => this.data?.playing && this.begin();
    window.addEventListener("keydown", this.hear);
    window.addEventListener("pointerdown", this.touched);
    this.resized = () => this.measure();
    window.addEventListener("resize", this.resized);
    this.scale = 1; // times the size for which all sizes are given
    this.place = element("div", "place", root);
    this.notes = this.over("notes");
    this.overview = this.over("overview");
    this.blank = this.over("blank");
    this.blocked = this.over("blocked");
    this.opener = element("button", "speaker", root);
    this.opener.type = "button";
    this.opener.onclick = () => {
      this.opener.blur(); // so that the next key goes to the stage
      this.speak();
    };
    this.talk = talk((said) => this.told(said));
    /** @type {number | null} */
    this.started = null; // when the first page was turned, ms
    /** @type {Map<string, HTMLIFrameElement>} */
    this.frames = new Map();
    this.at = 0; // index of the screen that is shown, or was requested
    /** @type {string | null} */
    this.asked = null; // id of a requested screen
  }

  /** @param {string} name */
  over(name) {
    const box = element("div", `over ${name}`, this.root);
    box.hidden = true;
    return box;
  }

  /**
   * @param {Data & Common} data
   * @param {Given} given
   */
  update(data, given) {
    const words = new Words(data.labels, data.locale);
    this.data = data;
    this.send = given.setTriggerValue;
    this.keep = given.setStateValue;
    this.measure();
    const { place, screens } = data;
    if (!this.asked || this.asked === screens[place].id) {
      this.at = place;
      this.asked = null;
    }
    this.place.textContent = words.say("place", { number: place + 1, screens: screens.length });
    this.notes.textContent = data.notes;
    this.notes.setAttribute("role", "note");
    this.notes.setAttribute("aria-label", words.say("notes"));
    this.blank.setAttribute("aria-label", words.say("blank"));
    this.overview.setAttribute("role", "navigation");
    this.overview.setAttribute("aria-label", words.say("overview"));
    this.overview.classList.toggle("many", screens.length > MANY);
    this.overview.replaceChildren();
    for (const [at, screen] of screens.entries()) {
      const button = element("button", "", this.overview);
      element("span", "", button, `${at + 1}  ${screen.title}`);
      button.type = "button";
      if (at === place) button.setAttribute("aria-current", "page");
      button.onclick = () => this.to(at);
    }
    this.opener.textContent = words.say("speaker");
    this.opener.hidden = place > 0 || data.playing;
    const link = element("a", "", null, words.say("speaker_link"));
    link.href = this.speakers();
    link.target = "_blank";
    link.onclick = () => this.toggle(this.blocked);
    this.blocked.setAttribute("role", "alert");
    this.blocked.replaceChildren(words.say("speaker_blocked"), " ", link);
    this.tell();
    this.show(data, words.say("frame", { title: screens[place].title }));
    clearTimeout(this.timer);
    if (data.playing) this.timer = setTimeout(() => this.to((place + 1) % screens.length), PLAYED);
  }

  // Enlarge everything in proportion to the screen: the page by a CSS variable, figures in Python.
  measure() {
    const [width, height] = SCREEN;
    const fits = Math.min(window.innerWidth / width, window.innerHeight / height);
    const scale = Math.max(1, Math.floor(STEPS * fits) / STEPS);
    document.documentElement.style.setProperty("--stage", String(scale));
    if (scale === this.scale) return;
    this.scale = scale;
    this.keep?.("scale", scale);
  }

  /**
   * Draw the screen's frame and, hidden beneath it, the next one's; remove all others.
   *
   * @param {Data} data
   * @param {string} title
   */
  show({ frame, nextFrame }, title) {
    for (const [link, made] of this.frames)
      if (link !== frame && link !== nextFrame) {
        made.remove();
        this.frames.delete(link);
      }
    for (const link of [frame, nextFrame]) {
      if (link === null) continue;
      const made = this.frames.get(link) ?? this.load(link);
      made.classList.toggle("waiting", link !== frame);
      made.title = title;
    }
  }

  /** @param {string} link */
  load(link) {
    const made = element("iframe", "waiting", this.root);
    made.src = new URL(link, document.baseURI).href;
    made.onload = () => {
      made.contentWindow?.addEventListener("keydown", this.hear);
      fill(made);
    };
    this.frames.set(link, made);
    return made;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.data || isTaken(event)) return;
    if (this.data.playing) return this.begin();
    const { key } = event;
    const turn = TURNS[key];
    const onButton = focusedOf(event)?.closest("button") != null;
    const pressed = onButton && (key === " " || key === "Enter");
    if (pressed) return;
    const over = { b: this.blank, ".": this.blank, n: this.notes, o: this.overview }[
      key.toLowerCase()
    ];
    if (over) this.toggle(over);
    else if (key === "Escape") this.back();
    else if (key.toLowerCase() === "l") this.send?.("turn", "live");
    else if (key.toLowerCase() === "f") this.fill();
    else if (key.toLowerCase() === "s") this.speak();
    else if (key.toLowerCase() === "c") steer(this.frames.get(this.data.frame ?? ""));
    else if (key === "<" || key === ">") return this.pass(event);
    else if (turn !== undefined) this.to(this.at + turn);
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement} over */
  toggle(over) {
    over.hidden = !over.hidden;
    if (over === this.overview && !over.hidden)
      /** @type {HTMLElement | null} */ (over.querySelector("[aria-current]"))?.focus();
    this.tell();
  }

  // Close an overlay first; without one, leave the stage for the story.
  back() {
    const boxes = [this.blank, this.overview, this.blocked, this.notes];
    const over = boxes.find((box) => !box.hidden);
    if (over) this.toggle(over);
    else this.leave(`story?lang=${document.documentElement.lang}`);
  }

  /**
   * Pass a key on to the view in the frame, which seldom has the focus. It comes back here, as the
   * frame's keys are listened to, too.
   *
   * @param {KeyboardEvent} event
   */
  pass({ key, view }) {
    const frame = this.frames.get(this.data?.frame ?? "")?.contentWindow;
    if (frame && view !== frame) press(frame, key);
  }

  // --- The speaker's own window ------------------------------------------------------------------

  speakers() {
    const link = new URL(window.location.href);
    link.searchParams.set("speaker", "1");
    return link.href;
  }

  // Only one window is ever opened; the viewer is told if the browser blocks it.
  speak() {
    if (this.window && !this.window.closed) return this.window.focus();
    this.window = window.open(this.speakers(), "inside-r1-speaker", POPUP);
    this.blocked.hidden = this.window !== null;
  }

  /** @param {Said} said */
  told(said) {
    if ("key" in said) return press(window, said.key);
    if ("turn" in said) {
      const place = this.data?.screens.findIndex(({ id }) => id === said.turn) ?? -1;
      if (place >= 0) this.to(place);
    } else if ("again" in said) this.started = null;
    else if ("ask" in said) this.started = earlier(this.started, said.ask);
    else return; // another stage
    this.tell();
  }

  tell() {
    if (!this.data) return;
    const at = this.data.screens[this.at].id;
    this.talk.say({ at, blank: !this.blank.hidden, started: this.started });
  }

  fill() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch(() => {}); // the browser may refuse
  }

  /** @param {number} place */
  to(place) {
    if (!this.data) return;
    this.overview.hidden = this.blank.hidden = this.blocked.hidden = true;
    const { screens } = this.data;
    const before = this.at;
    this.at = Math.min(screens.length - 1, Math.max(0, place));
    this.asked = screens[this.at].id;
    if (this.at !== before) this.started ??= Date.now();
    this.send?.("turn", this.asked);
    this.tell();
  }

  // The page where visitors begin, in the stage's language, keeping the list of screens.
  begin() {
    const query = new URLSearchParams({ kiosk: "1", lang: document.documentElement.lang });
    const listed = new URLSearchParams(window.location.search).get("screens");
    if (listed) query.set("screens", listed);
    this.leave(`./?${query}`);
  }

  /** @param {string} link */
  leave(link) {
    window.location.assign(new URL(link, document.baseURI));
  }

  destroy() {
    clearTimeout(this.timer);
    window.removeEventListener("keydown", this.hear);
    window.removeEventListener("pointerdown", this.touched);
    window.removeEventListener("resize", this.resized);
    document.documentElement.style.removeProperty("--stage");
    this.talk.end();
  }
}

/**
 * Dispatch a key as if it had been pressed in a window.
 *
 * @param {Window} view
 * @param {string} key
 */
function press(view, key) {
  view.dispatchEvent(new KeyboardEvent("keydown", { key, view, bubbles: true, cancelable: true }));
}

export default mount(View);
