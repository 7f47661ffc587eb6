// Replies to one question: the player, the strips, the columns, the tip and the colours.

/** @import { Common, Send } from "../../shared/mount.js" */
/** @import { Colouring } from "./colours.js" */
/** @import { Reply } from "./column.js" */

import { gradient } from "../../shared/colours.js";
import { element } from "../../shared/element.js";
import { saveButton } from "../../shared/save.js";
import { Tip } from "../../shared/tip.js";
import { Words } from "../../shared/words.js";
import { COLOURINGS, COLOURS } from "./colours.js";
import { Column } from "./column.js";
import { makeStrips } from "./strips.js";

/**
 * @typedef {object} Data what Python sends (app/ui/components/reasoning_view)
 * @property {Reply[]} columns
 * @property {boolean} live
 * @property {boolean} playing
 * @property {boolean} clickable
 */

const TOKENS_PER_SECOND = 16; // of the longest reply when recorded ones are played

export class Replies {
  /**
   * @param {HTMLElement} root
   * @param {Data & Common} data
   * @param {Send} send
   * @param {Colouring | null} colour
   */
  constructor(root, data, send, colour) {
    this.root = root;
    this.data = data;
    this.send = send;
    this.colour = colour;
    this.words = new Words(data.labels, data.locale);
    /** @type {{ run: string, mark: number } | null} */
    this.pick = null;
    /** @type {{ at: number, running: boolean, last: number | null } | null} */
    this.player = null;
    this.slower = 1;
    this.frame = 0;
    this.state = "";

    root.replaceChildren();
    this.whole = element("section", "", root);
    this.bar = element("div", "tools", this.whole);
    this.button = this.data.playing ? element("button", "tool", this.bar) : null;
    if (this.button) {
      this.button.type = "button";
      this.button.onclick = () => this.pressPlay();
    }
    this.colourButtons = COLOURINGS.map((by) => {
      const button = element("button", "tool", this.bar, this.words.say(`colour_${by}`));
      button.type = "button";
      button.onclick = () => this.toggleColour(by);
      return button;
    });
    this.legend = element("span", "colour-legend", this.bar);
    this.saver = this.offerSaving();
    const columns = element("div", `reply-columns of-${data.columns.length}`);
    this.columns = data.columns.map((reply) => new Column(this, reply, columns));
    this.strips = makeStrips(this, this.whole);
    this.whole.append(columns);
    element("p", "key", this.whole, this.words.say("key"));
    this.tip = new Tip(root);
    this.status = element("div", "only-read", root);
    this.status.setAttribute("role", "status");
    this.showColour();
    this.begin();
  }

  /**
   * The same replies, grown or ended.
   *
   * @param {Data & Common} data
   * @param {Send} send
   */
  update(data, send) {
    const before = this.data;
    this.data = data;
    this.send = send;
    this.columns.forEach((column, i) => {
      column.data = data.columns[i];
    });
    if (data.saving.format !== before.saving.format) {
      this.saver.remove();
      this.saver = this.offerSaving();
    }
    if (!this.player) this.showAll();
    if (before.live && !data.live) this.announce();
    this.redraw();
  }

  offerSaving() {
    const names = this.data.columns.map((reply) => reply.name).join(" · ");
    const title = this.words.say("picture", { names });
    return saveButton(this, this.bar, this.whole, title, "replies");
  }

  // --- Playing ------------------------------------------------------------------------------

  begin() {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.data.playing && !still) return this.replay();
    if (this.data.playing) this.player = { at: Infinity, running: false, last: null };
    this.showAll();
    return this.redraw();
  }

  showAll() {
    for (const column of this.columns) column.shown = column.length;
  }

  replay() {
    const longest = this.columns.reduce((a, b) => (a.length >= b.length ? a : b));
    const lasted = longest.seconds[longest.length - 1] || 1;
    this.slower = longest.length / TOKENS_PER_SECOND / lasted;
    this.player = { at: 0, running: true, last: null };
    for (const column of this.columns) column.shown = Math.min(column.data.given, column.length);
    this.tip.hide();
    this.redraw();
  }

  pressPlay() {
    if (this.over() || !this.player) return this.replay();
    this.player.running = !this.player.running;
    this.player.last = null;
    return this.redraw();
  }

  over() {
    return this.columns.every((column) => column.shown >= column.length);
  }

  /** @param {number} now */
  advance(now) {
    const { player } = this;
    if (!player?.running) return;
    if (player.last !== null) player.at += Math.min(0.25, (now - player.last) / 1000);
    player.last = now;
    for (const column of this.columns) {
      const { seconds } = column;
      const due = () => 0.4 + seconds[column.shown] * this.slower <= player.at;
      while (column.shown < column.length && due()) column.shown += 1;
    }
    if (!this.over()) return;
    player.running = false;
    this.announce();
  }

  announce() {
    this.status.textContent = this.words.say("ended");
  }

  // --- Drawing ------------------------------------------------------------------------------

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  /** @param {number} now */
  draw(now) {
    this.frame = 0;
    this.advance(now);
    const state = JSON.stringify([this.colour, this.pick, this.columns.map((c) => c.shown)]);
    if (state !== this.state || !this.player) {
      this.state = state;
      for (const column of this.columns) column.draw();
      this.strips.draw();
    }
    if (this.button) {
      const key = this.over() ? "replay" : this.player?.running ? "pause" : "play";
      const text = this.words.say(key);
      if (this.button.textContent !== text) this.button.textContent = text;
    }
    if (this.player?.running) this.redraw();
  }

  // --- Colour and choice ----------------------------------------------------------------------

  /** @param {Colouring} by */
  toggleColour(by) {
    this.colour = this.colour === by ? null : by;
    this.showColour();
    this.redraw();
  }

  showColour() {
    COLOURINGS.forEach((by, i) => {
      this.colourButtons[i].setAttribute("aria-pressed", String(this.colour === by));
    });
    this.legend.replaceChildren();
    if (!this.colour) return;
    element("span", "", this.legend, this.words.say(`legend_${this.colour}_low`));
    const bar = element("span", "legend-bar", this.legend);
    bar.style.background = gradient(COLOURS[this.colour].colour);
    element("span", "", this.legend, this.words.say(`legend_${this.colour}_high`));
  }

  /**
   * The mark that was chosen in a column.
   *
   * @param {Column} column
   */
  picked(column) {
    return this.pick && this.pick.run === column.data.id ? this.pick.mark : null;
  }

  /**
   * @param {Column} column
   * @param {number} mark
   */
  choose(column, mark) {
    if (!this.data.clickable) return;
    this.pick = { run: column.data.id, mark };
    this.send("step", this.pick);
    this.redraw();
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }
}
