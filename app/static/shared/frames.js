// Draws when asked, at most 30 times a second: a laptop draws more at twice the cost, and nobody sees
// it.

const GAP = 1000 / 30; // ms
const EARLY = 4; // ms before that, so as not to miss the frame that is due then

export class Frames {
  /** @param {(now: number) => void} draw gets ms on a monotonic clock */
  constructor(draw) {
    this.draw = draw;
    this.last = Number.NEGATIVE_INFINITY; // ms
    this.frame = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** Draw soon, once, however often this is called until then. */
  ask() {
    if (this.frame || this.timer !== undefined) return;
    const wait = this.last + GAP - EARLY - performance.now();
    if (wait <= 0) this.next();
    else this.timer = setTimeout(() => this.next(), wait);
  }

  next() {
    this.timer = undefined;
    this.frame = requestAnimationFrame((now) => {
      this.frame = 0;
      this.last = now;
      this.draw(now);
    });
  }

  /** Draw no more, until asked again. */
  cancel() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.timer = undefined;
    this.frame = 0;
  }
}
