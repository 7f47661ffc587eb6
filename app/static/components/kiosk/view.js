// A screen in a hall: when nobody has touched it for a while, what the last visitor left is
// forgotten, and the story plays by itself.

import { mount } from "../../shared/mount.js";

/** @typedef {{ home: string }} Data link of what plays by itself, beside the app's pages */

export const IDLE = 90_000; // ms
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

class View {
  constructor() {
    this.stir = () => this.wait();
    for (const sign of SIGNS) window.addEventListener(sign, this.stir, { passive: true });
    this.wait();
  }

  /** @param {Data} data */
  update(data) {
    this.home = data.home;
  }

  wait() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.forget(), IDLE);
  }

  // A new page is a new session: the server keeps nothing of the old one either.
  forget() {
    try {
      window.localStorage.clear();
      window.sessionStorage.clear();
    } catch {
      // a browser that refuses to remember has nothing to forget
    }
    window.location.replace(new URL(this.home ?? "", document.baseURI));
  }

  destroy() {
    clearTimeout(this.timer);
    for (const sign of SIGNS) window.removeEventListener(sign, this.stir);
  }
}

export default mount(View);
