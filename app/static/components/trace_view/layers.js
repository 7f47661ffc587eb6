// Controls for the layer that is shown large. Each returns a function that updates the control.

/** @import { View } from "./view.js" */

import { element } from "../../shared/element.js";

/**
 * Buttons, for a few layers.
 *
 * @param {View} view
 * @param {Element} parent
 */
export function layerButtons(view, parent) {
  const choice = element("div", "layers", parent);
  choice.setAttribute("role", "radiogroup");
  choice.setAttribute("aria-label", view.words.say("layer_choice"));
  const buttons = view.run.layers.map((layer, l) => {
    const button = element("button", "layer", choice, view.words.say("layer", { layer }));
    button.type = "button";
    button.setAttribute("role", "radio");
    button.onclick = () => view.chooseLayer(l);
    return button;
  });
  return () =>
    buttons.forEach((button, l) => {
      button.setAttribute("aria-checked", String(l === view.layer));
    });
}

/**
 * A menu, for many layers.
 *
 * @param {View} view
 * @param {Element} parent
 */
export function layerMenu(view, parent) {
  const menu = element("select", "layer", parent);
  menu.setAttribute("aria-label", view.words.say("layer_choice"));
  view.run.layers.forEach((layer, l) => {
    element("option", "", menu, view.words.say("layer", { layer })).value = String(l);
  });
  menu.onchange = () => view.chooseLayer(Number(menu.value));
  return () => {
    menu.value = String(view.layer);
  };
}
