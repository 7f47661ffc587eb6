// The controls of a player: play and pause, step back or forward, scrub, speed.

/** @import { Speed } from "./player.js" */
/** @import { Words } from "./words.js" */

import { element } from "./element.js";
import { isTaken } from "./keys.js";
import { Player, SPEEDS } from "./player.js";

/** @type {Speed} */
let chosen = SPEEDS[1]; // the viewer's last choice, shared by all views
/** @type {Record<string, number>} keys that change the speed, and their direction */
const FASTER = { "<": -1, ">": 1 };

/**
 * A player of a record that starts playing, unless it should wait or motion is reduced: then it is
 * paused at its end.
 *
 * @param {number[]} times time of each token in seconds, strictly increasing
 * @param {number} first number of tokens present from the start
 * @param {boolean} waits
 */
export function playerOf(times, first, waits) {
  const player = new Player(times, first, chosen);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!waits && !still) player.play();
  return player;
}

export class Controls {
  /**
   * @param {HTMLElement} parent
   * @param {Words} words
   * @param {Player} player
   * @param {number | null} seconds that the computation took; null if not measured
   * @param {() => void} moved called when the viewer has used the controls
   */
  constructor(parent, words, player, seconds, moved) {
    this.words = words;
    this.player = player;
    this.moved = moved;
    this.bar = element("div", "player", parent);
    const { bar } = this;
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", words.say("player"));
    this.button = this.press(bar, "play", () => (player.playing ? player.pause() : player.play()));
    this.back = this.press(bar, "one", () => player.step(-1), "back", "◀");
    this.slider = element("input", "place", bar);
    this.slider.type = "range";
    this.slider.min = String(player.first);
    this.slider.max = String(player.length);
    this.slider.setAttribute("aria-label", words.say("place"));
    this.slider.oninput = () => {
      player.seek(Number(this.slider.value));
      moved();
    };
    this.forth = this.press(bar, "one", () => player.step(1), "forth", "▶");
    this.progress = element("span", "progress", bar);
    this.speed = element("select", "speed", bar);
    this.speed.setAttribute("aria-label", words.say("speed"));
    for (const speed of SPEEDS)
      element("option", "", this.speed, words.say(`speed_${speed}`)).value = speed;
    this.speed.value = player.speed;
    this.speed.title = words.say("speed_keys");
    this.speed.onchange = () => {
      chosen = SPEEDS[this.speed.selectedIndex];
      player.choose(chosen);
      moved();
    };
    const hear = (/** @type {KeyboardEvent} */ event) => {
      if (!bar.isConnected) return window.removeEventListener("keydown", hear);
      this.key(event);
    };
    window.addEventListener("keydown", hear);
    if (seconds !== null) {
      element("span", "took", bar, words.say("took", { seconds: words.two.format(seconds) }));
    }
  }

  /**
   * Add a button; `key` is the text of its accessible name if that differs from its label.
   *
   * @param {HTMLElement} bar
   * @param {string} className
   * @param {() => void} act
   * @param {string} [key]
   * @param {string} [sign]
   */
  press(bar, className, act, key, sign) {
    const button = element("button", className, bar, sign);
    button.type = "button";
    if (key) button.title = button.ariaLabel = this.words.say(key);
    button.onclick = () => {
      act();
      this.moved();
    };
    return button;
  }

  /**
   * Change the speed by key, wherever the focus is, so that a speaker need not find the list.
   *
   * @param {KeyboardEvent} event
   */
  key(event) {
    const place = this.speed.selectedIndex + (FASTER[event.key] ?? 0);
    if (!FASTER[event.key] || isTaken(event) || !SPEEDS[place]) return;
    this.speed.selectedIndex = place;
    this.speed.dispatchEvent(new Event("change"));
  }

  draw() {
    const { player, words } = this;
    const key = player.over ? "replay" : player.playing ? "pause" : "play";
    if (this.button.dataset.key !== key) {
      this.button.dataset.key = key;
      this.button.textContent = words.say(key);
    }
    const said = words.say("progress", { token: player.shown, tokens: player.length });
    this.slider.value = String(player.shown);
    this.slider.setAttribute("aria-valuetext", said);
    this.progress.textContent = said;
    this.back.disabled = player.shown <= player.first;
    this.forth.disabled = player.over;
  }
}
