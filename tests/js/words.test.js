import assert from "node:assert/strict";
import { test } from "node:test";
import { Words } from "../../app/static/shared/words.js";

const words = new Words({ said: "{n} of {m}, {n}", plain: "a {b c}" }, "en");

test("placeholders are filled, each time they stand there", () => {
  assert.equal(words.say("said", { n: 1, m: "$&" }), "1 of $&, 1");
  assert.equal(words.say("plain"), "a {b c}");
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
