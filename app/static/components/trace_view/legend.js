// The colour bar under a picture.

/** @import { View } from "./view.js" */

import { cividis, gradient } from "../../shared/colours.js";
import { element } from "../../shared/element.js";

/**
 * A colour bar from 0 to the end of the scale, with the meaning of the colour.
 *
 * @param {Element} parent
 * @param {View} view
 * @param {string} most
 * @param {string} said
 */
export function colourBar(parent, view, most, said) {
  const box = element("div", "legend", parent);
  element("span", "", box, view.words.say("legend_low"));
  element("span", "legend-bar", box).style.background = gradient(cividis);
  element("span", "", box, view.words.say("legend_high", { share: most }));
  element("span", "", box, said);
  return box;
}

/**
 * The colour bar of shares.
 *
 * @param {Element} parent
 * @param {View} view
 */
export function legend(parent, view) {
  const { share, fine } = view.words;
  const said = view.words.say("legend_even", { share: fine.format(1 / view.run.k) });
  return colourBar(parent, view, share.format(view.run.fullShare), said);
}
