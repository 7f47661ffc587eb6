// A record that is played, token by token: the clock, which knows of no page. What drives it and
// shows its place is in controls.js.

/** @typedef {"slow" | "computed" | "reading" | "once"} Speed */

/** @type {Speed[]} */
export const SPEEDS = ["slow", "reading", "computed", "once"]; // from slow to fast
/** @type {Partial<Record<Speed, number>>} tokens per second, where they are even */
export const PACES = { slow: 4, reading: 16 };
const LONGEST_GAP = 0.25; // s between two ticks: a page that was hidden does not catch up
const LEAST = 1e-6; // s between two tokens, so that their order is one in time

/**
 * Seconds at which each token was there, strictly rising. Tokens that came together, as those of
 * one step or of a coarse clock do, share the time since the ones before them.
 *
 * @param {number[]} seconds as they were taken down
 */
export function spread(seconds) {
  /** @type {number[]} */
  const times = [];
  let before = 0;
  for (let i = 0; i < seconds.length; ) {
    let end = i + 1;
    while (end < seconds.length && seconds[end] <= seconds[i]) end += 1;
    const each = Math.max(LEAST, (seconds[i] - before) / (end - i));
    for (let j = i; j < end; j++) times.push(before + each * (j - i + 1));
    before = times[end - 1];
    i = end;
  }
  return times;
}

/**
 * Tokens that were there after so many seconds.
 *
 * @param {number[]} times strictly rising
 * @param {number} seconds
 */
export function shownAt(times, seconds) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Player {
  /**
   * At the end and paused at first.
   *
   * @param {number[]} times seconds at which each token was there, strictly rising
   * @param {number} first tokens that are there from the start, as a prompt is
   * @param {Speed} speed
   */
  constructor(times, first, speed) {
    this.times = times;
    this.first = Math.min(first, times.length);
    this.speed = speed;
    this.playing = false;
    this.place = this.length; // in tokens, and a part of the one to come
    /** @type {number | null} */
    this.ticked = null; // ms
  }

  get length() {
    return this.times.length;
  }

  /** Tokens that are shown. */
  get shown() {
    return Math.floor(this.place);
  }

  get over() {
    return this.place >= this.length;
  }

  /** Seconds that the computation had taken when it was here. */
  get seconds() {
    return this.timeOf(this.place);
  }

  /** Go on, or from the start if all is shown. */
  play() {
    if (this.over) this.place = this.first;
    if (this.speed === "once") this.place = this.length;
    this.playing = !this.over;
    this.ticked = null;
  }

  pause() {
    this.playing = false;
  }

  /**
   * Show so many tokens, and pause.
   *
   * @param {number} shown
   */
  seek(shown) {
    this.pause();
    this.place = Math.min(this.length, Math.max(this.first, Math.round(shown)));
  }

  /**
   * Go some tokens back or on, and pause.
   *
   * @param {number} tokens
   */
  step(tokens) {
    this.seek(this.shown + tokens);
  }

  /** @param {Speed} speed */
  choose(speed) {
    this.speed = speed;
    if (speed === "once") this.seek(this.length);
  }

  /**
   * Let time go by; is another token shown now?
   *
   * @param {number} now ms on a clock that never goes back
   */
  tick(now) {
    if (!this.playing) return false;
    const gone = this.ticked === null ? 0 : Math.min(LONGEST_GAP, (now - this.ticked) / 1000);
    this.ticked = now;
    const { shown } = this;
    this.place = Math.min(this.length, this.after(gone));
    if (this.over) this.pause();
    return this.shown !== shown;
  }

  /**
   * The place after some seconds of playing.
   *
   * @param {number} gone
   */
  after(gone) {
    const pace = PACES[this.speed];
    if (pace) return this.place + gone * pace;
    const time = this.timeOf(this.place) + gone;
    const shown = Math.max(this.first, shownAt(this.times, time));
    if (shown >= this.length) return this.length;
    const start = this.timeOf(shown);
    return shown + Math.max(0, time - start) / (this.times[shown] - start);
  }

  /**
   * Seconds of the computation at a place; between two tokens it is between their times.
   *
   * @param {number} place
   */
  timeOf(place) {
    const shown = Math.floor(place);
    const start = shown > 0 ? this.times[shown - 1] : 0;
    if (shown >= this.length) return start;
    return start + (place - shown) * (this.times[shown] - start);
  }
}
