import assert from "node:assert/strict";
import { test } from "node:test";
import { diverging, LIMIT } from "../../app/static/components/intervention_view/colours.js";
import { COLOURINGS, COLOURS } from "../../app/static/components/reasoning_view/colours.js";
import { cividis, cividisParts, gradient, inkOn } from "../../app/static/shared/colours.js";

test("cividis runs from blue to yellow and stays at its ends", () => {
  assert.equal(cividis(0), "rgb(0 32 76)");
  assert.equal(cividis(1), "rgb(255 233 69)");
  assert.equal(cividis(-1), cividis(0));
  assert.equal(cividis(7), cividis(1));
});

test("lightness grows with the amount, so that grey prints keep the order", () => {
  const lightness = Array.from({ length: 101 }, (_, i) => {
    const [r, g, b] = cividisParts(i / 100);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  for (let i = 1; i < lightness.length; i++)
    assert.ok(lightness[i] > lightness[i - 1] - 0.5, `${i}`);
});

// Contrast of a text with what it stands on, after WCAG 2.
function contrast(one, other) {
  const luminance = (colour) => {
    const parts = colour.startsWith("#")
      ? [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16))
      : colour.match(/\d+/g).map(Number);
    const [r, g, b] = parts.map((c) =>
      c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

test("texts on a colour are legible", () => {
  for (let i = 0; i <= 100; i++) {
    const x = i / 100;
    assert.ok(contrast(cividis(x), inkOn(x)) >= 4.5, `cividis at ${x}`);
    for (const by of COLOURINGS) {
      const { colour, ink } = COLOURS[by];
      assert.ok(contrast(colour(x), ink(x)) >= 3.9, `${by} at ${x}`);
    }
  }
});

test("each colouring reads its own value", () => {
  assert.equal(COLOURS.probability.place(0.25, 9), 0.25);
  assert.equal(COLOURS.entropy.place(0.25, 1), 0.5);
  assert.equal(COLOURS.entropy.place(0.25, 9), 1);
  assert.equal(COLOURS.entropy.place(0.25, null), null);
  assert.equal(COLOURS.probability.place(0.25, null), 0.25);
});

test("a change is orange or blue, strongest at the limit, and grey without one", () => {
  assert.equal(diverging(0), "rgb(136 142 152 / 15%)");
  assert.equal(diverging(LIMIT), "rgb(0 114 178 / 85%)");
  assert.equal(diverging(-9), "rgb(213 94 0 / 85%)");
});

test("a colour bar has both ends", () => {
  const bar = gradient((x) => `c${x}`);
  assert.ok(bar.startsWith("linear-gradient(to right, c0, c0.125, "));
  assert.ok(bar.endsWith(", c1)"));
});
