// The parts that a run can be drawn as, and the functions that draw them.

import { makeCache } from "./cache.js";
import { makeGrid } from "./grid.js";
import { makeHeatmap, makeMultiples } from "./heat.js";
import { makeStrip, makeText } from "./texts.js";

/**
 * @typedef {"strip" | "text" | "grid" | "heatmap" | "multiples" | "cache"} PartName
 *
 * @typedef {object} Part
 * @property {() => void} reset clear what is drawn, before the tokens of another window
 * @property {(shown: number, current: number) => void} draw
 * @property {(i: number) => HTMLElement | undefined} [anchor] where a token's tip belongs
 */

export const MAKERS = {
  strip: makeStrip,
  text: makeText,
  grid: makeGrid,
  heatmap: makeHeatmap,
  multiples: makeMultiples,
  cache: makeCache,
};
/** Parts that are placed beside the others if there is room. */
export const BESIDE = ["grid", "cache"];
