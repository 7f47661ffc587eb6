// Tokens of a run, coloured by how an intervention changed their probability, and both answers.

/** @import { Common, Given, Send } from "../../shared/mount.js" */
/** @import { Told } from "../../shared/link.js" */

import { gradient } from "../../shared/colours.js";
import { element, target } from "../../shared/element.js";
import { hearOthers, nextTurn, PAUSE, tellOthers } from "../../shared/link.js";
import { mount } from "../../shared/mount.js";
import { saveButton } from "../../shared/save.js";
import { Tip } from "../../shared/tip.js";
import { groupBytes, visible } from "../../shared/tokens.js";
import { Words } from "../../shared/words.js";
import { diverging, LIMIT } from "./colours.js";

/**
 * @typedef {object} Data what Python sends (app/pages/experts/interventions/view.py)
 * @property {string} id of the comparison
 * @property {string} run name of the original run
 * @property {string[]} texts of the run
 * @property {number} n_prompt
 * @property {string[]} answer the run's
 * @property {string[]} written the answer with the intervention
 * @property {number | null} parting where the answers diverge, counted from their first token
 * @property {number | null} pinned
 * @property {(number | null)[]} [before] log-probabilities of the run's tokens, in nats
 * @property {(number | null)[]} [after] the same with the intervention
 * @property {number[]} [stayed] the share of a token's experts that stay the same, over all layers
 *
 * @typedef {{ node: HTMLElement, lines: string[] }} Chip a token of the strip, and its tip
 */

/**
 * The log-probability of several tokens together, in nats; null if none was computed.
 *
 * @param {(number | null)[]} values
 */
function together(values) {
  return values.reduce((sum, value) => (sum === null || value === null ? null : sum + value), 0);
}

class View {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {number | null} */
    this.hovered = null;
    /** @type {number | null} */
    this.pinned = null;
    this.run = ""; // its name
    this.key = "";
    this.state = "";
    this.touched = false; // whether the viewer has pinned a token
    this.sending = 0;
    /** @type {Chip[]} */
    this.chips = [];
    /** @type {Chip[]} */
    this.chipOf = []; // by token; a character of several tokens has one chip
    /** @type {HTMLElement} */
    this.list = element("div");
    /** @type {HTMLElement} */
    this.unchanged = element("div");
    /** @type {HTMLElement} */
    this.changed = element("div");
    this.tip = new Tip(root);
    this.words = new Words({}, "en");
    /** @type {Send} */
    this.send = () => {};
    root.onkeydown = (event) => this.pressed(event);
    this.deafen = hearOthers(this, (told) => this.follow(told));
  }

  /**
   * @param {Data & Common} data
   * @param {Given} given
   */
  update(data, given) {
    this.send = given.setStateValue;
    this.words = new Words(data.labels, data.locale);
    const key = JSON.stringify([data.id, data.locale, data.saving, Boolean(data.before)]);
    if (key !== this.key) this.build(data);
    this.key = key;
    if (data.run !== this.run) this.touched = false;
    this.run = data.run;
    if (!this.touched) this.pinned = data.pinned;
    this.write(data);
    this.mark();
  }

  /** @param {Data & Common} data */
  build(data) {
    this.root.replaceChildren();
    this.chips = [];
    this.chipOf = [];
    this.state = "";
    const whole = element("section", "", this.root);
    const { before, after, stayed } = data;
    if (before && after && stayed) this.strip(whole, data, before, after, stayed);
    const pair = element("div", "pair", whole);
    /** @param {string} key */
    const block = (key) => {
      const box = element("section", "", pair);
      element("div", "part-title", box, this.words.say(key));
      return this.listen(element("div", "answer", box));
    };
    this.unchanged = block("unchanged");
    this.changed = block("changed");
    this.tip = new Tip(this.root);
  }

  /**
   * @param {HTMLElement} whole
   * @param {Data & Common} data
   * @param {(number | null)[]} before
   * @param {(number | null)[]} after
   * @param {number[]} stayed
   */
  strip(whole, data, before, after, stayed) {
    const box = element("section", "", whole);
    const title = this.words.say("strip");
    element("div", "part-title", box, title);
    saveButton({ root: this.root, data }, this.legend(box), whole, title, "change");
    this.list = this.listen(element("div", "tokens", box));
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", title);
    this.list.tabIndex = 0;
    groupBytes(data.texts).forEach(({ first, last }, i) => {
      if (i !== last) return;
      const text = data.texts[i];
      const node = element("span", "token", this.list, visible(text));
      node.setAttribute("role", "option");
      node.id = `compared-${i}`;
      node.dataset.token = String(i);
      if (i < data.n_prompt) node.classList.add("given");
      const plain = together(before.slice(first, i + 1));
      const changed = together(after.slice(first, i + 1));
      const lines = [this.words.say("tip_first")];
      if (plain !== null && changed !== null) {
        node.style.background = diverging(changed - plain);
        lines[0] = this.words.say("tip", {
          before: this.words.probability(Math.exp(plain)),
          after: this.words.probability(Math.exp(changed)),
        });
      }
      node.style.setProperty("--moved", `${Math.round(100 * (1 - stayed[i]))}%`);
      lines.push(this.words.say("tip_route", { share: this.words.share.format(stayed[i]) }));
      node.setAttribute("aria-label", [visible(text), ...lines].join(", "));
      const chip = { node, lines };
      this.chips.push(chip);
      for (let j = first; j <= i; j++) this.chipOf[j] = chip;
      if (text.endsWith("\n")) element("br", "", this.list);
    });
  }

  /** @param {HTMLElement} box */
  legend(box) {
    const line = element("div", "legend", box);
    element("span", "", line, this.words.say("legend_less"));
    const bar = element("span", "legend-bar", line);
    bar.style.background = gradient((x) => diverging((2 * x - 1) * LIMIT));
    element("span", "", line, this.words.say("legend_more"));
    element("span", "moved-sign", line);
    element("span", "", line, this.words.say("legend_moved"));
    return line;
  }

  /**
   * Make the run's tokens in a box hoverable and pinnable.
   *
   * @param {HTMLElement} box
   */
  listen(box) {
    /** @param {Event} event */
    const tokenAt = (event) => {
      const { token } = target(event).dataset;
      return token === undefined ? null : Number(token);
    };
    box.onpointerover = (event) => this.hover(tokenAt(event), target(event));
    box.onpointerleave = () => this.hover(null);
    box.onclick = (event) => {
      const token = tokenAt(event);
      if (token !== null) this.pin(token === this.pinned ? null : token);
    };
    return box;
  }

  /**
   * Draw both answers; the part after they diverge is marked, where the changed answer's tokens
   * are not those of the run.
   *
   * @param {Data} data
   */
  write({ answer, written, parting, n_prompt: first }) {
    const state = JSON.stringify([answer.length, written.length, parting]);
    if (state === this.state) return;
    this.state = state;
    /** @type {(box: HTMLElement, texts: string[], shared: number) => void} */
    const put = (box, texts, shared) => {
      box.replaceChildren();
      const end = parting === null ? texts.length : Math.min(parting, texts.length);
      const common = element("span", "", box);
      const apart = element("span", "apart", box);
      texts.forEach((text, j) => {
        const piece = element("span", "piece", j < end ? common : apart, text);
        if (j < shared) piece.dataset.token = String(first + j);
      });
    };
    put(this.unchanged, answer, answer.length);
    put(this.changed, written, Math.min(parting ?? answer.length, answer.length));
    if (!written.length) this.changed.textContent = this.words.say("not_yet");
  }

  mark() {
    for (const node of this.root.querySelectorAll(".current, .pinned")) {
      node.classList.remove("current", "pinned");
      if (node.role === "option") node.ariaSelected = "false";
    }
    /** @type {(token: number | null, name: string) => void} */
    const put = (token, name) => {
      if (token === null) return;
      this.chipOf[token]?.node.classList.add(name);
      for (const piece of this.root.querySelectorAll(`.piece[data-token="${token}"]`))
        piece.classList.add(name);
    };
    put(this.hovered, "current");
    put(this.pinned, "pinned");
    const chip = this.pinned === null ? undefined : this.chipOf[this.pinned];
    if (chip) chip.node.ariaSelected = "true";
  }

  /**
   * @param {number | null} token
   * @param {Element | null} [at]
   */
  hover(token, at = null) {
    const chip = token === null ? undefined : this.chipOf[token];
    if (at && chip) this.tip.say(chip.lines, at);
    else this.tip.hide();
    if (token === this.hovered) return;
    this.hovered = token;
    this.mark();
    tellOthers(this, this.run);
  }

  /** @param {number | null} token */
  pin(token) {
    this.keep(token);
    tellOthers(this, this.run);
  }

  /** @param {number | null} token */
  keep(token, wait = PAUSE) {
    this.pinned = token;
    this.touched = true; // from now on the viewer's choice overrides the page's
    this.mark();
    clearTimeout(this.sending);
    const value = { run: this.run, token };
    this.sending = setTimeout(() => this.send("pinned", value), wait);
  }

  /** @param {Told} told */
  follow(told) {
    if (told.run !== this.run) return;
    this.hovered = told.hovered;
    if (told.pinned !== this.pinned) this.keep(told.pinned, nextTurn(told));
    this.mark();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.target !== this.list || !this.chips.length) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const from = this.hovered ?? this.pinned;
      const here = from === null ? -1 : this.chips.indexOf(this.chipOf[from]);
      const next = here < 0 ? (step > 0 ? 0 : this.chips.length - 1) : here + step;
      const { node } = this.chips[Math.max(0, Math.min(this.chips.length - 1, next))];
      this.list.setAttribute("aria-activedescendant", node.id);
      this.hover(Number(node.dataset.token), node);
    } else if (event.key === "Enter" && this.hovered !== null) {
      this.pin(this.hovered === this.pinned ? null : this.hovered);
    } else if (event.key === "Escape") {
      this.hover(null);
      if (this.pinned !== null) this.pin(null);
    } else return;
    event.preventDefault();
  }

  destroy() {
    clearTimeout(this.sending);
    this.deafen();
  }
}

export default mount(View);
