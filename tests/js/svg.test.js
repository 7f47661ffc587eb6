import assert from "node:assert/strict";
import { test } from "node:test";
import { escaped, plainColour } from "../../app/static/shared/svg.js";

test("text is safe inside XML, whatever a model wrote", () => {
  assert.equal(escaped(`<a href="x">&`), "&#60;a href=&#34;x&#34;&#62;&#38;");
  assert.equal(escaped("a\u0000b\u001bc\ufffe"), "a\ufffdb\ufffdc\ufffd");
  assert.equal(escaped("half \ud83e pair"), "half \ufffd pair");
  assert.equal(escaped("tab\tnew\nline 🦆"), "tab\tnew\nline 🦆");
});

test("colours are read in each way that browsers write them", () => {
  assert.deepEqual(plainColour("#0072b2"), ["rgb(0,114,178)", 1]);
  assert.deepEqual(plainColour("rgba(1, 2, 3, 0.25)"), ["rgb(1,2,3)", 0.25]);
  assert.deepEqual(plainColour("color(srgb 0.2 0.4 1)"), ["rgb(51,102,255)", 1]);
  assert.deepEqual(plainColour("color(srgb 0 0 1e-7 / 0.5)"), ["rgb(0,0,0)", 0.5]);
});
