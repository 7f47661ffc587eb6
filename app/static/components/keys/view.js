// Keys that turn pages, and the wheel beyond a page's end. Keys are heard wherever the focus is,
// unless it is where they mean something; the wheel turns nothing for who wants no motion.

/** @import { Common, Given } from "../../shared/mount.js" */

import { isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";
import { Wheel } from "../../shared/wheel.js";

/** @typedef {{ values: Record<string, string> }} Data a key's name and what it stands for */

const PAGE = "[data-testid=stMain]"; // what scrolls

class View {
  constructor() {
    /** @type {Record<string, string>} */
    this.values = {};
    this.ending = new AbortController();
    const { signal } = this.ending;
    window.addEventListener("keydown", (event) => this.key(event), { signal });
    const wheel = new Wheel((way) => this.turn(way));
    window.addEventListener("wheel", (event) => this.roll(event, wheel), { signal, passive: true });
  }

  /**
   * @param {Data & Common} data
   * @param {Given} given
   */
  update(data, given) {
    this.values = data.values;
    this.send = given.setTriggerValue;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const value = this.values[event.key];
    if (value === undefined || isTaken(event)) return;
    event.preventDefault();
    this.send?.("pressed", value);
  }

  /**
   * @param {WheelEvent} event
   * @param {Wheel} wheel
   */
  roll(event, wheel) {
    const box = document.querySelector(PAGE);
    const [on] = event.composedPath();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!box || still || event.ctrlKey || !(on instanceof Node) || !within(box, on)) return;
    wheel.turn(event.timeStamp, event.deltaY, box);
  }

  /** @param {-1 | 1} way */
  turn(way) {
    const value = this.values[way > 0 ? "ArrowRight" : "ArrowLeft"];
    if (value === undefined) return;
    document.querySelector(PAGE)?.scrollTo(0, 0);
    this.send?.("pressed", value);
  }

  destroy() {
    this.ending.abort();
  }
}

/**
 * Does a box hold an element, also one in the shadow of another?
 *
 * @param {Element} box
 * @param {Node} node
 */
function within(box, node) {
  const root = node.getRootNode();
  return box.contains(root instanceof ShadowRoot ? root.host : node);
}

export default mount(View);
