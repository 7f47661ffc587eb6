// The replies to one question: player, strips, columns, tooltip and colours.

/** @import { Common, Send } from "../../shared/mount.js" */
/** @import { Colouring } from "./colours.js" */
/** @import { Player } from "../../shared/player.js" */
/** @import { Reply } from "./column.js" */

import { gradient } from "../../shared/colours.js";
import { Controls, playerOf } from "../../shared/controls.js";
import { element } from "../../shared/element.js";
import { Frames } from "../../shared/frames.js";
import { shownAt, spread } from "../../shared/player.js";
import { saveButton } from "../../shared/save.js";
import { Tip } from "../../shared/tip.js";
import { Words } from "../../shared/words.js";
import { COLOURINGS, COLOURS } from "./colours.js";
import { Column } from "./column.js";
import { makeStrips } from "./strips.js";

/**
 * @typedef {object} Data what Python sends (app/ui/components/reasoning_view)
 * @property {Reply[]} columns
 * @property {boolean} playing
 * @property {boolean} clickable
 * @property {{ run: string, mark: number } | null} pick the picked step
 * @property {string} question for the title of a saved picture
 * @property {"h2" | "h3"} heading of a column
 * @property {Colouring | null} colour requested by the link
 */

const LONG = 120; // maximum characters of a question in a picture's title

/**
 * The time of each token of each reply; all replies advance in step if any time is unknown.
 *
 * @param {Reply[]} replies
 */
function timesOf(replies) {
  const known = replies.every((reply) => reply.seconds);
  return replies.map((reply) => spread((known && reply.seconds) || reply.texts.map(() => 0)));
}

/**
 * Show the newest rows of columns: all heights first, as each would be laid out anew after a change.
 *
 * @param {Column[]} columns
 */
function follow(columns) {
  const heights = columns.map(({ thinking }) => thinking.scrollHeight);
  columns.forEach(({ thinking }, i) => {
    thinking.scrollTop = heights[i];
  });
}

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
    this.pick = data.pick;
    this.times = timesOf(data.columns);
    this.player = data.playing ? this.playerFor() : null;
    this.frames = new Frames((now) => this.draw(now));

    root.replaceChildren();
    this.whole = element("section", "", root);
    this.controls = this.player && this.controlsOf(this.whole, this.player);
    const columns = element("div", `reply-columns of-${data.columns.length}`, this.whole);
    this.bar = element("div", "tools", this.whole);
    this.colourButtons = COLOURINGS.map((by) => {
      const button = element("button", "tool", this.bar, this.words.say(`colour_${by}`));
      button.type = "button";
      button.onclick = () => this.toggleColour(by);
      return button;
    });
    this.legend = element("span", "colour-legend", this.bar);
    this.saver = this.offerSaving();
    this.columns = data.columns.map((reply) => new Column(this, reply, columns));
    this.strips = makeStrips(this, this.whole);
    element("p", "key", this.whole, this.words.say("key"));
    this.tip = new Tip(root);
    this.status = element("div", "only-read", root);
    this.status.setAttribute("role", "status");
    this.showColour();
    this.redraw();
  }

  /**
   * Update the same replies, with another pick or format of pictures.
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
    this.redraw();
  }

  offerSaving() {
    const names = this.data.columns.map((reply) => reply.name).join(" · ");
    const asked = this.data.question.replaceAll(/\s+/g, " ").trim();
    const question = asked.length > LONG ? `${asked.slice(0, LONG)}…` : asked;
    const title = this.words.say("picture", { question, names });
    return saveButton(this, this.bar, this.whole, title, "replies");
  }

  // --- Playing ------------------------------------------------------------------------------

  /**
   * The player, whose clock follows the reply that ended last.
   */
  playerFor() {
    /** @param {number[]} times */
    const end = (times) => times.at(-1) ?? 0;
    const leader = this.times.reduce((a, b, i) => (end(b) > end(this.times[a]) ? i : a), 0);
    return playerOf(this.times[leader], this.data.columns[leader].given, false);
  }

  /**
   * @param {HTMLElement} parent
   * @param {Player} player
   */
  controlsOf(parent, player) {
    const taken = this.data.columns.map((reply) => reply.seconds?.at(-1) ?? null);
    const known = taken.filter((seconds) => seconds !== null);
    const seconds = known.length ? Math.max(...known) : null;
    return new Controls(parent, this.words, player, seconds, () => {
      this.tip.hide();
      this.redraw();
    });
  }

  /** Show of each reply what existed at the time of the leader's newest token. */
  showPlayed() {
    const { player } = this;
    this.columns.forEach((column, i) => {
      const given = Math.min(column.data.given, column.length);
      const due = player ? Math.max(given, shownAt(this.times[i], player.seconds)) : column.length;
      column.shown = player?.over ? column.length : due;
    });
  }

  announce() {
    this.status.textContent = this.words.say("ended");
  }

  // --- Drawing ------------------------------------------------------------------------------

  redraw() {
    this.frames.ask();
  }

  /**
   * @param {number} now
   * @param {boolean} [changed] whether something other than the state has changed
   */
  draw(now, changed = false) {
    const { player } = this;
    if (player?.tick(now) && player.over) this.announce();
    this.showPlayed();
    const chosen = JSON.stringify([this.colour, this.pick]);
    const old = this.columns.filter((column) => {
      const state = `${column.shown} ${chosen}`;
      if (column.drawnAs === state && !changed && player) return false;
      column.drawnAs = state;
      return true;
    });
    for (const column of old) column.draw();
    if (player?.playing) follow(old.filter((column) => column.follows));
    if (old.length) this.strips.draw();
    this.controls?.draw();
    if (player?.playing) this.redraw();
  }

  // --- Colour and choice ----------------------------------------------------------------------

  /** @param {Colouring} by */
  toggleColour(by) {
    this.colour = this.colour === by ? null : by;
    this.send("colour", this.colour ?? "none");
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
   * The picked mark in a column.
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
    this.frames.cancel();
  }
}
