import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.window = new EventTarget(); // all that the module asks of it
const { hearOthers, nextTurn, PAUSE, tellOthers } = await import("../../app/static/shared/link.js");

test("a view hears the others, not itself, until it is gone", () => {
  const [one, other] = [
    { hovered: 3, pinned: null },
    { hovered: null, pinned: null },
  ];
  const heard = [];
  const deafen = hearOthers(other, (told) => heard.push(told));
  tellOthers(one, "run");
  tellOthers(other, "run");
  deafen();
  tellOthers(one, "run");
  assert.equal(heard.length, 1);
  assert.equal(heard[0].hovered, 3);
  assert.equal(heard[0].run, "run");
});

test("those who are told send a pin one after another", () => {
  const told = { told: 0 };
  assert.deepEqual([nextTurn(told), nextTurn(told)], [2 * PAUSE, 3 * PAUSE]);
});
