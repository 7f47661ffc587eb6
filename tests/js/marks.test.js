import assert from "node:assert/strict";
import { test } from "node:test";
import {
  computes,
  describe,
  looks,
  sign,
} from "../../app/static/components/reasoning_view/marks.js";

const words = { say: (key, values = {}) => [key, ...Object.values(values)].join(" ") };

const mark = (made) => ({
  kind: "step",
  text: "6+7=13",
  value: 13,
  right: true,
  first_error: false,
  builds: false,
  follows: null,
  ...made,
});
const compare = (text, value, right = true) => mark({ kind: "compare", text, value, right });

test("two digits that are compared are no step, and differing ones are seen", () => {
  assert.ok(computes(mark({})));
  assert.ok(!computes(compare("6/7", 67)));
  assert.deepEqual(looks(compare("6/7", 67)), ["compare", "right", "differ"]);
  assert.deepEqual(looks(compare("6/6", 66)), ["compare", "right", "same"]);
  assert.deepEqual([compare("6/7", 67), compare("6/6", 66)].map(sign), ["≠", ""]);
});

test("a wrong comparison says which digits belong there, zeros included", () => {
  const wrong = compare("6/6", 6, false);
  assert.equal(sign(wrong), "✗");
  assert.deepEqual(describe(words, wrong, true), ["compare_same", "compare_wrong 0/6"]);
});

test("a verdict says whether it is fair, and whether it follows from its digits", () => {
  const said = { kind: "no", value: null, right: false };
  assert.deepEqual(describe(words, mark({ ...said }), true), ["said_no_unfair"]);
  assert.deepEqual(describe(words, mark({ ...said, follows: false }), true), [
    "said_no_unfair",
    "follows_not",
  ]);
  assert.equal(sign(mark(said)), "!");
});

test("one can go on from a step only where that is offered", () => {
  assert.ok(describe(words, mark({}), true).includes("step_click"));
  assert.ok(!describe(words, mark({}), false).includes("step_click"));
});
