// The parts that are text: the strip of tokens and the plain text.

/** @import { Part } from "./parts.js" */
/** @import { View } from "./view.js" */

import { element, target } from "../../shared/element.js";
import { isTag, visible } from "../../shared/tokens.js";

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeStrip(view, parent) {
  const box = element("section", view.run.pooled ? "part strip windowed" : "part strip", parent);
  /** @param {string} key */
  const heading = (key) => element("div", "part-title", box, view.words.say(key));
  /** @returns {HTMLElement[]} */
  const none = () => Array(view.run.first); // placeholders for tokens before a window
  const list = () => {
    const made = element("div", "tokens", box);
    made.setAttribute("role", "listbox");
    made.tabIndex = 0;
    return made;
  };
  const promptTitle = heading("strip_prompt");
  const prompt = list();
  prompt.classList.add("given");
  prompt.setAttribute("aria-label", view.words.say("strip_prompt"));
  const answerTitle = heading("strip_answer");
  const answer = list();
  answer.setAttribute("aria-label", view.words.say("strip_answer"));
  let chips = none();

  /** @param {Event} event */
  const chipAt = (event) => /** @type {HTMLElement | null} */ (target(event).closest(".token"));
  /** @param {HTMLElement | null} chip */
  const tokenOf = (chip) => (chip ? Number(chip.dataset.token) : null);
  for (const tokens of [prompt, answer]) {
    tokens.onpointerover = (event) => view.hover(tokenOf(chipAt(event)), chipAt(event));
    tokens.onpointerleave = () => view.hover(null);
    tokens.onclick = (event) => {
      const chip = chipAt(event);
      view.toggle(tokenOf(chip), event, chip);
    };
  }

  /** @param {number} i */
  function add(i) {
    const group = view.run.groups[i];
    const text = view.run.texts[i];
    const tokens = i < view.run.n_prompt ? prompt : answer;
    let chip = group.first < i ? chips[group.first] : undefined;
    if (!chip) {
      chip = element("span", "token", tokens);
      chip.setAttribute("role", "option");
      chip.id = `token-${i}`;
    }
    chip.dataset.token = String(i);
    chip.textContent = visible(text);
    chip.classList.toggle("tag", isTag(text));
    chip.classList.toggle("pending", text === "");
    chips[i] = chip;
    for (let j = group.first; j < i; j++) chips[j] = chip;
    if (text.endsWith("\n")) element("br", "", chip.parentElement);
  }

  /** @param {HTMLElement} chip */
  function follow(chip) {
    if (answer.scrollHeight <= answer.clientHeight || view.pinned !== null) return;
    answer.scrollTop = chip.offsetTop - answer.clientHeight / 2;
  }

  return {
    reset() {
      chips = none();
      prompt.replaceChildren();
      answer.replaceChildren();
    },
    draw(shown, current) {
      const { first, n_prompt, pooled } = view.run; // a window may be within prompt or reply
      promptTitle.hidden = prompt.hidden = Boolean(pooled) && first >= n_prompt;
      answerTitle.hidden = answer.hidden = Boolean(pooled) && shown <= n_prompt;
      const grown = chips.length < shown;
      const promptGrows = chips.length < n_prompt;
      while (chips.length < shown) add(chips.length);
      if (promptGrows && view.grows) prompt.scrollTop = prompt.scrollHeight;
      for (const chip of box.querySelectorAll(".newest, .current, .pinned")) {
        chip.classList.remove("newest", "current", "pinned");
        chip.removeAttribute("aria-selected");
      }
      if (!shown) return;
      const newest = chips[shown - 1];
      if (view.grows) newest.classList.add("newest");
      if (grown && shown > n_prompt && view.grows) follow(newest);
      const marked = chips[current];
      marked.classList.add("current");
      marked.setAttribute("aria-selected", "true");
      if (view.pinned !== null) chips[view.pinned]?.classList.add("pinned");
      for (const tokens of [prompt, answer])
        tokens.setAttribute("aria-activedescendant", marked.id);
    },
    anchor: (i) => chips[i],
  };
}

/**
 * @param {View} view
 * @param {Element} parent
 * @returns {Part}
 */
export function makeText(view, parent) {
  const box = element("section", "part text", parent);
  element("div", "part-title", box, view.words.say("text_title"));
  const text = element("div", "answer", box);
  /** @type {HTMLElement[]} */
  let pieces = [];
  /** @param {Event} event */
  const tokenAt = (event) => {
    const { token } = target(event).dataset;
    return token === undefined ? null : Number(token);
  };
  text.onpointerover = (event) => view.hover(tokenAt(event), target(event));
  text.onpointerleave = () => view.hover(null);
  text.onclick = (event) => view.toggle(tokenAt(event), event, target(event));

  return {
    reset() {
      pieces = [];
      text.replaceChildren();
    },
    draw(shown, current) {
      const first = Math.max(view.run.n_prompt, view.run.first);
      while (first + pieces.length < shown) {
        const i = first + pieces.length;
        const piece = element("span", "piece", text, view.run.texts[i]);
        piece.dataset.token = String(i);
        pieces.push(piece);
      }
      for (const piece of text.querySelectorAll(".current, .pinned, .newest"))
        piece.classList.remove("current", "pinned", "newest");
      /** @type {(i: number | null, name: string) => void} */
      const mark = (i, name) => {
        const group = i === null ? undefined : view.run.groups[i];
        if (group) pieces[group.last - first]?.classList.add(name);
      };
      if (shown < view.run.length) mark(shown - 1, "newest");
      if (view.hovered !== null) mark(current, "current");
      mark(view.pinned, "pinned");
    },
  };
}
