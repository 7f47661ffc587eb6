// A tooltip next to the hovered element.

import { element } from "./element.js";

/**
 * @typedef {{ left: number, right: number, top: number, bottom: number, beside?: boolean }} Spot
 * a place on the screen; `beside`: put the tooltip at its side
 */

const GAP = 6; // px between the tooltip and its place

export class Tip {
  /** @param {HTMLElement} root the component's; the tooltip is its last child and stays inside */
  constructor(root) {
    this.root = root;
    this.box = element("div", "tip", root);
    this.box.hidden = true;
  }

  /**
   * @param {string[]} lines
   * @param {Spot | Element} at
   */
  say(lines, at) {
    this.box.replaceChildren();
    for (const line of lines) element("div", "", this.box, line);
    this.place(at);
  }

  /**
   * Show the tooltip below its place, or above if there is no room, or at its side; never over it.
   *
   * @param {Spot | Element} at
   */
  place(at) {
    /** @type {Spot} */
    const spot = at instanceof Element ? at.getBoundingClientRect() : at;
    const frame = this.root.getBoundingClientRect();
    this.box.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    let [left, top] = [spot.left, spot.bottom + GAP];
    if (spot.beside) {
      left = spot.right + 12 + width < frame.right ? spot.right + 12 : spot.left - 12 - width;
      top = spot.top - height / 2;
    } else if (top + height > window.innerHeight) top = spot.top - height - GAP;
    left = Math.max(0, Math.min(left - frame.left, frame.width - width));
    this.box.style.left = `${left}px`;
    this.box.style.top = `${top - frame.top}px`;
  }

  hide() {
    this.box.hidden = true;
  }
}
