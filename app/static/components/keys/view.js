// Keys that turn pages, and the wheel or touch beyond a page's end. Keys work wherever the focus
// is, unless the focused element uses them itself; wheel and touch do nothing with reduced motion.

/** @import { Common, Given } from "../../shared/mount.js" */

import { isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";
import { Wheel } from "../../shared/wheel.js";

/** @typedef {{ values: Record<string, string> }} Data names of keys and their values */

const PAGE = "[data-testid=stMain]"; // what scrolls

class View {
  constructor() {
    /** @type {Record<string, string>} */
    this.values = {};
    /** @type {number | null} */
    this.finger = null; // px from the window's top; null if there are several
    this.ending = new AbortController();
    const { signal } = this.ending;
    window.addEventListener("keydown", (event) => this.key(event), { signal });
    const wheel = new Wheel((way) => this.turn(way));
    window.addEventListener("wheel", (event) => this.roll(event, event.deltaY, wheel), {
      signal,
      passive: true,
    });
    // Browsers reload a page that is pulled down at its beginning, so touch only turns forwards.
    const pull = new Wheel((way) => way > 0 && this.turn(way));
    window.addEventListener("touchstart", (event) => this.touch(event, pull), {
      signal,
      passive: true,
    });
    window.addEventListener("touchmove", (event) => this.drag(event, pull), {
      signal,
      passive: true,
    });
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
   * Start a gesture, which lasts until the finger is lifted.
   *
   * @param {TouchEvent} event
   * @param {Wheel} pull
   */
  touch({ touches }, pull) {
    this.finger = touches.length === 1 ? touches[0].clientY : null;
    pull.begin();
  }

  /**
   * @param {TouchEvent} event
   * @param {Wheel} pull
   */
  drag(event, pull) {
    if (this.finger === null) return;
    const { clientY } = event.touches[0];
    this.roll(event, this.finger - clientY, pull);
    this.finger = clientY;
  }

  /**
   * @param {WheelEvent | TouchEvent} event
   * @param {number} delta px
   * @param {Wheel} wheel
   */
  roll(event, delta, wheel) {
    const box = document.querySelector(PAGE);
    const [on] = event.composedPath();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!box || still || event.ctrlKey || !(on instanceof Node) || !within(box, on)) return;
    wheel.turn(event.timeStamp, delta, box);
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
 * Whether a box contains an element, including those in shadow roots.
 *
 * @param {Element} box
 * @param {Node} node
 */
function within(box, node) {
  const root = node.getRootNode();
  return box.contains(root instanceof ShadowRoot ? root.host : node);
}

export default mount(View);
