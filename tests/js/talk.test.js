import assert from "node:assert/strict";
import { test } from "node:test";
import { earlier, KEYS, since, TURNS } from "../../app/static/shared/talk.js";

test("the time of a talk is read in minutes, and in hours once there are any", () => {
  const start = 1_000_000;
  const after = (/** @type {number} */ seconds) => since(start, start + 1000 * seconds);
  assert.equal(since(null, start), "0:00");
  assert.equal(since(start, start - 5000), "0:00"); // two windows' clocks, or one that was set
  assert.equal(after(7.9), "0:07");
  assert.equal(after(59 * 60 + 59), "59:59");
  assert.equal(after(3600), "1:00:00");
  assert.equal(after(3 * 3600 + 62), "3:01:02");
});

test("whichever window is opened anew, the talk began when it began", () => {
  assert.equal(earlier(null, null), null);
  for (const [one, other] of [
    [5, null],
    [5, 9],
    [5, 5],
  ]) {
    assert.equal(earlier(one, other), 5);
    assert.equal(earlier(other, one), 5);
  }
});

test("what turns pages does so from the other window, and nothing there leaves the stage", () => {
  for (const key of Object.keys(TURNS)) assert.ok(KEYS.includes(key), key);
  for (const key of ["Escape", "f", "s", "n"]) assert.ok(!KEYS.includes(key), key);
});
