// What a run can be drawn as, and what draws it.

import { makeCache } from "./cache.js";
import { makeGrid } from "./grid.js";
import { makeHeatmap, makeMultiples } from "./heat.js";
import { makeStrip, makeText } from "./texts.js";

/**
 * @typedef {"strip" | "text" | "grid" | "heatmap" | "multiples" | "cache"} PartName
 *
 * @typedef {object} Part
 * @property {() => void} reset forget what is drawn: the tokens of another window come
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
/** Parts that stand beside the others, if there is room. */
export const BESIDE = ["grid", "cache"];
