// Keys that turn pages. They are heard wherever the focus is, unless it is where keys mean something.

/** @import { Common, Given } from "../../shared/mount.js" */

import { isTaken } from "../../shared/keys.js";
import { mount } from "../../shared/mount.js";

/** @typedef {{ values: Record<string, string> }} Data a key's name and what it stands for */

class View {
  constructor() {
    /** @type {Record<string, string>} */
    this.values = {};
    this.hear = (/** @type {KeyboardEvent} */ event) => this.key(event);
    window.addEventListener("keydown", this.hear);
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

  destroy() {
    window.removeEventListener("keydown", this.hear);
  }
}

export default mount(View);
