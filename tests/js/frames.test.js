// Drawing when asked, at most thirty times a second.

import assert from "node:assert/strict";
import test from "node:test";

import { Frames } from "../../app/static/shared/frames.js";

const HZ = 60; // of the browser's screen

/**
 * A clock, timers and a screen, which go on by `pass`.
 *
 * @param {import("node:test").TestContext} t
 */
function clock(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  let asked = 0;
  /** @type {Map<number, (now: number) => void>} */
  const waiting = new Map();
  t.mock.method(performance, "now", () => now);
  Object.assign(globalThis, {
    requestAnimationFrame: (/** @type {(now: number) => void} */ draw) => {
      waiting.set(++asked, draw);
      return asked;
    },
    cancelAnimationFrame: (/** @type {number} */ id) => waiting.delete(id),
  });
  return (/** @type {number} */ ms) => {
    for (const end = now + ms; now < end; ) {
      now += 1;
      t.mock.timers.tick(1);
      if (Math.floor((now * HZ) / 1000) === Math.floor(((now - 1) * HZ) / 1000)) continue;
      const due = [...waiting.values()];
      waiting.clear();
      for (const draw of due) draw(now);
    }
  };
}

test("who asks again at each draw is drawn thirty times a second", (t) => {
  const pass = clock(t);
  /** @type {number[]} */
  const drawn = [];
  const frames = new Frames((now) => {
    drawn.push(now);
    frames.ask();
  });
  frames.ask();
  pass(1000);
  assert.ok(drawn.length >= 28 && drawn.length <= 31, `${drawn.length} times`);
});

test("the first draw is at the next frame, once, and none comes after the end", (t) => {
  const pass = clock(t);
  let drawn = 0;
  const frames = new Frames(() => {
    drawn += 1;
  });
  for (let i = 0; i < 5; i++) frames.ask();
  pass(17);
  assert.equal(drawn, 1);
  pass(1000);
  assert.equal(drawn, 1);
  frames.ask();
  pass(17);
  frames.ask(); // waits for its turn
  frames.cancel();
  pass(1000);
  assert.equal(drawn, 2);
});
