// Tokens coloured by the change of their probability; full colour at ten points or more.

/** @import { Common } from "../../shared/mount.js" */

import { element } from "../../shared/element.js";
import { mount } from "../../shared/mount.js";
import { saveButton } from "../../shared/save.js";
import { Words } from "../../shared/words.js";

/**
 * @typedef {object} Reply
 * @property {string} title
 * @property {string} verdict
 * @property {string[]} tokens
 * @property {number[]} before probabilities
 * @property {number[]} after
 *
 * @typedef {{ replies: Reply[] }} Data what Python sends (app/pages/training/grpo_step/view.py)
 */

const FULL = 0.1;
const LEAST = 0.0005; // smaller changes count as none

/**
 * @param {Element} parent
 * @param {string} text
 * @param {number} change
 * @param {string} [title]
 */
function token(parent, text, change, title = "") {
  const span = element("span", "tok", parent, text);
  if (Math.abs(change) >= LEAST) {
    span.classList.add(change > 0 ? "up" : "down");
    span.style.setProperty("--amount", Math.min(1, 0.15 + Math.abs(change) / FULL).toFixed(3));
  }
  if (title) span.title = title;
}

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {Data & Common} data */
  update(data) {
    const { root } = this;
    const words = new Words(data.labels, data.locale);
    root.replaceChildren();
    const percent = new Intl.NumberFormat(data.locale, {
      style: "percent",
      maximumFractionDigits: 2,
    });
    const box = element("section", "", root);
    const legend = element("div", "legend", box);
    token(legend, words.say("rises"), FULL);
    token(legend, words.say("falls"), -FULL);
    saveButton({ root, data }, legend, box, words.say("title"), "changed-tokens");
    const cards = element("div", "cards", box);
    for (const reply of data.replies) {
      const card = element("div", "card", cards);
      const head = element("div", "head", card);
      element("span", "title", head, reply.title);
      element("span", "verdict", head, reply.verdict);
      const text = element("div", "text", card);
      text.tabIndex = 0; // it scrolls
      text.setAttribute("role", "group");
      text.ariaLabel = reply.title;
      reply.tokens.forEach((shown, i) => {
        const [before, after] = [reply.before[i], reply.after[i]];
        const title = `${percent.format(before)} → ${percent.format(after)}`;
        token(text, shown === "<eos>" ? ` ${words.say("end")}` : shown, after - before, title);
      });
    }
  }

  destroy() {}
}

export default mount(View);
