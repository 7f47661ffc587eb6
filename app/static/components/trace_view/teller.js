// Describes a token, an expert or a cell, for screen readers and in the tooltip.

/** @import { Spot } from "../../shared/tip.js" */
/** @import { View } from "./view.js" */

import { element } from "../../shared/element.js";
import { Tip } from "../../shared/tip.js";
import { visible } from "../../shared/tokens.js";

/**
 * @param {View} view
 * @param {number} i
 */
export function describe(view, i) {
  const { run, words } = view;
  const p = run.probs[i];
  const key = i < run.n_prompt ? "token_given" : p === null ? "token_first" : "token_line";
  const said = [
    words.say(key, {
      n: i,
      text: visible(run.texts[run.groups[i].last]),
      p: p === null ? "" : words.probability(p),
    }),
  ];
  if (i >= run.fed) said.push(words.say("not_fed"));
  if (i === view.pinned) said.push(words.say("state_pinned"));
  else if (i !== view.hovered && view.shown < run.length) said.push(words.say("state_newest"));
  return said.join(" ");
}

/**
 * @param {View} view
 * @param {number} i
 * @param {number} l
 */
function expertsOf(view, i, l) {
  return view.run
    .chosen(i, l)
    .map(({ expert, share }) => `${expert}\u00a0(${view.words.share.format(share)})`)
    .join(", ");
}

/**
 * Describe a token with its experts in all layers.
 *
 * @param {View} view
 * @param {number} i
 */
export function describeExperts(view, i) {
  if (i >= view.run.fed) return describe(view, i);
  const lines = view.run.layers.map((layer, l) =>
    view.words.say("layer_experts", { layer, experts: expertsOf(view, i, l) }),
  );
  return [describe(view, i), ...lines].join(" ");
}

export class Teller extends Tip {
  /** @param {View} view */
  constructor(view) {
    super(view.root);
    this.view = view;
  }

  /**
   * @param {number} i
   * @param {Spot | Element | null} at
   * @param {number | null} [layer] the index of the hovered layer
   */
  token(i, at, layer = null) {
    if (!at) return this.hide();
    const { run, words } = this.view;
    const { first, last } = run.groups[i];
    const p = run.probs[i];
    this.box.replaceChildren();
    const title = element("div", "tip-title", this.box);
    element("span", "", title, words.say("token_number", { n: i }));
    element("span", "token", title, visible(run.texts[last]));
    const facts = [words.say("token_id", { id: run.token_ids[i] })];
    if (p !== null) facts.push(words.say("token_probability", { p: words.probability(p) }));
    element("div", "", this.box, facts.join(" · "));
    if (last > first)
      element("div", "", this.box, words.say("byte_tokens", { first, last, n: last - first + 1 }));
    if (i >= run.fed) element("div", "", this.box, words.say("not_fed"));
    else
      run.layers.forEach((number, l) => {
        const here = l === (layer ?? (run.pooled ? this.view.layer : -1));
        if (run.pooled && !here) return; // there is no room for so many layers
        const text = words.say("layer_experts", {
          layer: number,
          experts: expertsOf(this.view, i, l),
        });
        element("div", here ? "tip-row here" : "tip-row", this.box, text);
      });
    this.place(at);
  }

  /**
   * @param {number} l
   * @param {number} expert
   * @param {Spot} at
   */
  expert(l, expert, at) {
    const { run, words, shown } = this.view;
    const i = this.view.current();
    const chosen = run.chosen(i, l);
    const rank = chosen.findIndex((c) => c.expert === expert);
    const fed = Math.min(shown, run.fed);
    let took = 0;
    for (let t = run.first; t < fed; t++)
      if (run.chosen(t, l).some((c) => c.expert === expert)) took += 1;
    const layer = run.layers[l];
    const values = { layer, expert, took, tokens: fed - run.first, rank: rank + 1, k: run.k };
    this.box.replaceChildren();
    element("div", "tip-title", this.box, words.say("expert_title", values));
    if (rank >= 0) {
      const share = words.share.format(chosen[rank].share);
      element("div", "", this.box, words.say("expert_chosen", { ...values, share }));
    } else element("div", "", this.box, words.say("expert_idle"));
    element("div", "", this.box, words.say("expert_took", values));
    this.place(at);
  }
}
