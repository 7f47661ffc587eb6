// The colourings of tokens: a token's position on a scale, and the scale's colours.

import { cividis, inkOn } from "../../shared/colours.js";

const UNSURE = 2; // nats, end of the colour scale: as if 7 tokens were equally likely
const SURE_COLOUR = [250, 247, 255];
const UNSURE_COLOUR = [84, 39, 143];

/**
 * @typedef {object} Scale
 * @property {(p: number | null, nats: number | null) => number | null} place position for a
 * token's probability and entropy; null if unknown
 * @property {(x: number) => string} colour
 * @property {(x: number) => string} ink
 */

/** @type {Record<"probability" | "entropy", Scale>} */
export const COLOURS = {
  probability: { place: (p) => p, colour: cividis, ink: inkOn },
  entropy: {
    place: (_, nats) => (nats === null ? null : Math.min(1, nats / UNSURE)),
    colour: (x) => {
      const parts = SURE_COLOUR.map((c, j) => Math.round(c + (UNSURE_COLOUR[j] - c) * x));
      return `rgb(${parts.join(" ")})`;
    },
    ink: (x) => (x > 0.69 ? "#ffffff" : "#000000"), // 4.5 : 1 at least
  },
};

/** @typedef {keyof typeof COLOURS} Colouring */
/** @type {Colouring[]} */
export const COLOURINGS = ["probability", "entropy"];
