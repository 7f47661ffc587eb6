// The colour scale for amounts: cividis, as in the app's other pictures.

const CIVIDIS = [
  [0, 32, 76],
  [0, 42, 102],
  [0, 52, 110],
  [39, 63, 108],
  [60, 74, 107],
  [76, 85, 107],
  [91, 95, 109],
  [104, 106, 112],
  [117, 117, 117],
  [131, 129, 120],
  [146, 140, 120],
  [161, 152, 118],
  [176, 165, 114],
  [192, 177, 109],
  [209, 191, 102],
  [225, 204, 92],
  [243, 219, 79],
  [255, 233, 69],
];
const STOPS = 9; // colour stops of a colour bar

/**
 * Red, green and blue for an amount, 0 to 255 each; amounts are clamped to 0 to 1.
 *
 * @param {number} value
 */
export function cividisParts(value) {
  const x = Math.min(1, Math.max(0, value)) * (CIVIDIS.length - 1);
  const low = Math.min(Math.floor(x), CIVIDIS.length - 2);
  return CIVIDIS[low].map((c, j) => Math.round(c + (CIVIDIS[low + 1][j] - c) * (x - low)));
}

/** @param {number} value */
export const cividis = (value) => `rgb(${cividisParts(value).join(" ")})`;

/**
 * Black or white, whichever is legible on a value's colour.
 *
 * @param {number} value
 */
export const inkOn = (value) => (value < 0.47 ? "#ffffff" : "#000000");

/**
 * A colour bar as a CSS background, from the colour of 0 on the left to that of 1 on the right.
 *
 * @param {(value: number) => string} colour
 */
export function gradient(colour) {
  const stops = Array.from({ length: STOPS }, (_, i) => colour(i / (STOPS - 1)));
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
