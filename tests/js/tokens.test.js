import assert from "node:assert/strict";
import { test } from "node:test";
import { groupBytes, isTag, visible } from "../../app/static/shared/tokens.js";

test("a token without text belongs to the one that completes its character", () => {
  assert.deepEqual(groupBytes(["a", "", "", "한", "b", ""]), [
    { first: 0, last: 0 },
    { first: 1, last: 3 },
    { first: 1, last: 3 },
    { first: 1, last: 3 },
    { first: 4, last: 4 },
    { first: 5, last: 5 },
  ]);
});

test("groups of a window count from its first token", () => {
  const groups = groupBytes(["", "é"], 7);
  assert.equal(groups.length, 9);
  assert.deepEqual(groups[8], { first: 7, last: 8 });
  assert.deepEqual(groups[7], { first: 7, last: 8 });
});

test("what cannot be seen has a sign", () => {
  assert.equal(visible(""), "·");
  assert.equal(visible("  "), "␣␣");
  assert.equal(visible(" a b"), " a b");
  assert.equal(visible("\n\t"), "↵⇥");
  assert.equal(visible("\u0000\u001b\u007f\u0085"), "␀␛␡␡");
  assert.equal(visible("<b>한</b>"), "<b>한</b>");
});

test("tags are the model's, not any text in brackets", () => {
  for (const text of ["<think>", "</answer>"]) assert.ok(isTag(text), text);
  for (const text of ["<b c>", "<>", "a<think>", "<Think>"]) assert.ok(!isTag(text), text);
});
