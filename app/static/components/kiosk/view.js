// Kiosk mode: after a while without input, what the last visitor left is forgotten, and the story
// plays by itself.

import { mount } from "../../shared/mount.js";

/** @typedef {{ home: string }} Data link to what plays by itself, relative to the app's pages */

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

  // Loading a page starts a new session, so the server forgets the old one, too.
  forget() {
    try {
      window.localStorage.clear();
      window.sessionStorage.clear();
    } catch {
      // a browser that refuses storage has nothing to forget
    }
    window.location.replace(new URL(this.home ?? "", document.baseURI));
  }

  destroy() {
    clearTimeout(this.timer);
    for (const sign of SIGNS) window.removeEventListener(sign, this.stir);
  }
}

export default mount(View);
