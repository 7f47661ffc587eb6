// Detects scrolling beyond the end of a page, or beyond its beginning, as a request for the next or
// previous page. A gesture that only reaches the end does not count.

export const PAUSE = 250; // ms without scrolling after which another gesture begins
export const WISH = 200; // px beyond the end that count as a request

export class Wheel {
  /** @param {(way: -1 | 1) => void} wish called at most once per gesture */
  constructor(wish) {
    this.wish = wish;
    this.turned = Number.NEGATIVE_INFINITY; // when the wheel was last turned
    this.sum = 0; // px of this gesture; NaN if it did not begin at an end, or was used already
  }

  /** Let a new gesture begin with the next event, however soon. */
  begin() {
    this.turned = Number.NEGATIVE_INFINITY;
  }

  /**
   * @param {number} now ms
   * @param {number} delta px, positive is down
   * @param {{ scrollTop: number, clientHeight: number, scrollHeight: number }} box that scrolls
   */
  turn(now, delta, { scrollTop, clientHeight, scrollHeight }) {
    if (now - this.turned > PAUSE) {
      const end = delta > 0 ? scrollTop + clientHeight >= scrollHeight - 2 : scrollTop <= 0;
      this.sum = end ? 0 : Number.NaN;
    }
    this.turned = now;
    this.sum += delta;
    if (Math.abs(this.sum) < WISH || Number.isNaN(this.sum)) return;
    this.wish(this.sum > 0 ? 1 : -1);
    this.sum = Number.NaN;
  }
}
