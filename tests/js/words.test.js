import assert from "node:assert/strict";
import { test } from "node:test";
import { Words } from "../../app/static/shared/words.js";

const labels = {
  said: "{a} of {b}, {a}",
  plain: "a {b c}",
  ended: { one: "after {n} token", other: "after {n} tokens" },
  counted: "{rows:rows} of {all:rows}",
  "count.rows": { one: "{n} row", other: "{n} rows" },
};
const words = new Words(labels, "en");

test("placeholders are filled, each time they stand there", () => {
  assert.equal(words.say("said", { a: 1, b: "$&" }), "1 of $&, 1");
  assert.equal(words.say("plain"), "a {b c}");
});

test("counts have their plural form and are written as people write them", () => {
  assert.equal(words.say("ended", { n: 1 }), "after 1 token");
  assert.equal(words.say("ended", { n: 1200 }), "after 1,200 tokens");
  assert.equal(words.say("counted", { rows: 1, all: 2000 }), "1 row of 2,000 rows");
});

test("a text that does not exist is a mistake", () => {
  assert.throws(() => words.say("other"), /other/);
});

test("numbers are the language's", () => {
  assert.equal(words.kilobytes(1234567), "1,234.6");
  assert.equal(words.probability(0.0004), "<0.1%");
  assert.equal(words.probability(0), "0%");
  assert.equal(words.probability(0.1234), "12.3%");
  assert.equal(new Words({}, "de").kilobytes(1234567), "1.234,6");
});
