// Scrolling on beyond the end of a page, or back beyond its beginning: a wish for the next page or
// the one before. What carries a page to its end is not such a wish.

export const PAUSE = 250; // ms without a turn of the wheel: another gesture begins
export const WISH = 200; // px

export class Wheel {
  /** @param {(way: -1 | 1) => void} wish called once in a gesture */
  constructor(wish) {
    this.wish = wish;
    this.turned = Number.NEGATIVE_INFINITY; // when the wheel was last turned
    this.sum = 0; // px of this gesture; NaN if it did not begin at an end, or has had its wish
  }

  /** What comes next is another gesture, however soon. */
  begin() {
    this.turned = Number.NEGATIVE_INFINITY;
  }

  /**
   * @param {number} now ms
   * @param {number} delta px, down is more
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
