// A place where replies are shown: it updates the same replies, or replaces them.

/** @import { Common, Given } from "../../shared/mount.js" */
/** @import { Data } from "./replies.js" */

import { mount } from "../../shared/mount.js";
import { Replies } from "./replies.js";

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Replies | null} */
    this.replies = null;
    this.key = "";
  }

  /**
   * @param {Data & Common} data
   * @param {Given} given
   */
  update(data, given) {
    const send = given.setTriggerValue;
    const key = JSON.stringify([data.columns.map((c) => [c.id, c.texts.length]), data.locale]);
    if (this.replies && key === this.key) return this.replies.update(data, send);
    this.replies?.destroy();
    this.replies = new Replies(
      this.root,
      data,
      send,
      this.replies ? this.replies.colour : data.colour,
    );
    this.key = key;
  }

  destroy() {
    this.replies?.destroy();
  }
}

export default mount(View);
