import assert from "node:assert/strict";
import { test } from "node:test";
import { folds } from "../../app/static/components/reasoning_view/folds.js";

const rows = (text) => [...text].map((sign) => sign === ".");

test("what is short stays whole", () => {
  assert.deepEqual(folds([]), []);
  assert.deepEqual(folds(rows("........")), []);
});

test("the middle of a long thought is folded; its beginning and end stay", () => {
  assert.deepEqual(folds(rows(".........")), [[2, 6]]);
  assert.deepEqual(folds(rows("....................")), [[2, 17]]);
});

test("rows with something in them stay, and part the folds", () => {
  assert.deepEqual(folds(rows("......!.....!!.....!......")), [
    [2, 6],
    [7, 12],
    [14, 19],
  ]);
  assert.deepEqual(folds(rows("!!!!!!!!!!!!")), []);
});

test("folds never overlap, and none holds a row with something in it", () => {
  for (let seed = 1; seed < 300; seed++) {
    const quiet = Array.from({ length: seed % 40 }, (_, i) => (seed * (i + 7) * 31) % 5 > 0);
    let at = 2;
    for (const [first, last] of folds(quiet)) {
      assert.ok(first >= at && last - first >= 4 && last <= quiet.length - 3);
      assert.ok(quiet.slice(first, last).every(Boolean));
      at = last;
    }
  }
});
