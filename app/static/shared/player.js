// Plays a record token by token: the clock only, independent of the page. controls.js drives it and
// shows its position.

/** @typedef {"slow" | "computed" | "reading" | "once"} Speed */

/** @type {Speed[]} */
export const SPEEDS = ["slow", "reading", "computed", "once"]; // from slow to fast
/** @type {Partial<Record<Speed, number>>} tokens per second, for even speeds */
export const PACES = { slow: 4, reading: 16 };
const LONGEST_GAP = 0.25; // maximum s between ticks, so that a hidden page does not catch up
const LEAST = 1e-6; // minimum s between tokens, so that times are strictly increasing

/**
 * The time of each token, strictly increasing. Tokens with equal times, from one step or a coarse
 * clock, share the time since the tokens before them.
 *
 * @param {number[]} seconds as recorded
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
 * The number of tokens after some seconds.
 *
 * @param {number[]} times strictly increasing
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
   * Start paused at the end.
   *
   * @param {number[]} times time of each token in seconds, strictly increasing
   * @param {number} first number of tokens present from the start, such as a prompt
   * @param {Speed} speed
   */
  constructor(times, first, speed) {
    this.times = times;
    this.first = Math.min(first, times.length);
    this.speed = speed;
    this.playing = false;
    this.place = this.length; // in tokens, including a fraction of the next one
    /** @type {number | null} */
    this.ticked = null; // ms
  }

  get length() {
    return this.times.length;
  }

  /** The number of tokens shown. */
  get shown() {
    return Math.floor(this.place);
  }

  get over() {
    return this.place >= this.length;
  }

  /** The computation time at the current position, in seconds. */
  get seconds() {
    return this.timeOf(this.place);
  }

  /** Continue, or play from the start if everything is shown. */
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
   * Show a number of tokens, and pause.
   *
   * @param {number} shown
   */
  seek(shown) {
    this.pause();
    this.place = Math.min(this.length, Math.max(this.first, Math.round(shown)));
  }

  /**
   * Step some tokens back or forward, and pause.
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
   * Advance the clock; returns whether the number of tokens shown has changed.
   *
   * @param {number} now ms on a monotonic clock
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
   * The position after some seconds of playing.
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
   * The computation time at a position, interpolated between tokens.
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
