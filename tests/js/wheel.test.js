import assert from "node:assert/strict";
import { test } from "node:test";
import { PAUSE, Wheel, WISH } from "../../app/static/shared/wheel.js";

const LONG = { clientHeight: 900, scrollHeight: 2000 };

/** What is wished for by turns of the wheel: [ms, px, scrollTop]. */
function wishes(turns, box = LONG) {
  const found = [];
  const wheel = new Wheel((way) => found.push(way));
  for (const [now, delta, scrollTop] of turns) wheel.turn(now, delta, { ...box, scrollTop });
  return found;
}

test("what carries a page to its end asks for nothing more", () => {
  assert.deepEqual(
    wishes([
      [0, 600, 500],
      [50, 600, 1100],
      [100, 600, 1100],
    ]),
    [],
  );
});

test("who scrolls on at the end wants the next page, once in a gesture", () => {
  const turns = [0, 1, 2, 3, 4].map((i) => [i * 50, WISH / 2, 1100]);
  assert.deepEqual(wishes(turns), [1]);
  assert.deepEqual(wishes([...turns, [9 * PAUSE, WISH, 1100]]), [1, 1]);
  assert.deepEqual(wishes([[0, WISH / 2, 1100]]), []);
});

test("a finger that comes down again begins anew, however soon", () => {
  const found = [];
  const wheel = new Wheel((way) => found.push(way));
  wheel.turn(0, WISH, { ...LONG, scrollTop: 500 });
  wheel.turn(10, WISH, { ...LONG, scrollTop: 1100 });
  assert.deepEqual(found, []);
  wheel.begin();
  wheel.turn(20, WISH, { ...LONG, scrollTop: 1100 });
  assert.deepEqual(found, [1]);
});

test("who scrolls back at the beginning wants the page before", () => {
  assert.deepEqual(wishes([[0, -WISH, 0]]), [-1]);
  assert.deepEqual(wishes([[0, -WISH, 10]]), []);
});

test("a page that fits has both ends on screen", () => {
  const fits = { clientHeight: 900, scrollHeight: 900 };
  assert.deepEqual(
    wishes(
      [
        [0, WISH, 0],
        [9 * PAUSE, -WISH, 0],
      ],
      fits,
    ),
    [1, -1],
  );
});
