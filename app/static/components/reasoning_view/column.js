// One reply: its verdict, the thinking in rows with every step marked, the answer, and facts.

/** @import { Mark } from "./marks.js" */
/** @import { Replies } from "./replies.js" */

import { element } from "../../shared/element.js";
import { isTag } from "../../shared/tokens.js";
import { COLOURS } from "./colours.js";
import { folds } from "./folds.js";
import { computes, describe, looks, sign } from "./marks.js";

/**
 * A reply as sent by Python; tokens are counted from its first one.
 *
 * @typedef {object} Reply
 * @property {string} id
 * @property {string} name
 * @property {string} typical
 * @property {number} given number of tokens that the reply was begun with
 * @property {string[]} texts
 * @property {(number | null)[]} probs
 * @property {(number | null)[]} entropies nats
 * @property {number[] | null} seconds since the end of the prompt; null if not measured
 * @property {Mark[]} marks
 * @property {number} split the answer's first token
 * @property {string} cut why it ended
 * @property {string | null} answer
 * @property {boolean | null} correct
 * @property {string | null} right_answer
 * @property {number | null} language share of words in the question's language
 * @property {number | null} appeared the token with which the right answer first appeared
 */

const NEAR = 40; // px from the end of a thought within which the view keeps following it

export class Column {
  /**
   * @param {Replies} view
   * @param {Reply} reply
   * @param {Element} parent
   */
  constructor(view, reply, parent) {
    this.view = view;
    this.data = reply;
    this.shown = 0;
    this.drawnAs = ""; // what it depends on, when it was last drawn
    this.factsNow = "";
    this.answerState = "";
    this.root = element("section", "reply-column", parent);
    element(view.data.heading, "column-name", this.root, this.data.name);
    this.verdict = element("div", "verdict-line", this.root);
    this.brief = element("div", "brief", this.root);
    this.thinking = element("div", "thinking", this.root);
    this.thinking.tabIndex = 0; // it scrolls
    this.thinking.setAttribute("role", "group");
    this.thinking.ariaLabel = view.words.say("thinking_of", { name: this.data.name });
    this.none = element("div", "none", this.thinking, view.words.say("no_thinking"));
    element("div", "part-title", this.root, view.words.say("answer"));
    this.answer = element("div", "reply-answer", this.root);
    this.facts = element("dl", "facts", this.root);
    if (this.data.typical) element("p", "typical", this.root, this.data.typical);
    /** @type {{ root: HTMLElement, state: string }[]} */
    this.rows = [];
    /** @type {Map<number, HTMLElement>} by their first row */
    this.folded = new Map();
    /** @type {Set<number>} first rows of the folds that were opened */
    this.unfolded = new Set();
    this.follows = true; // follows the newest row until the reader scrolls away
    this.thinking.onscroll = () => {
      const { scrollHeight, scrollTop, clientHeight } = this.thinking;
      this.follows = scrollHeight - scrollTop - clientHeight < NEAR;
    };
  }

  get length() {
    return this.data.texts.length;
  }

  ended() {
    return this.shown >= this.length;
  }

  marks() {
    return this.data.marks.filter((mark) => mark.last <= this.shown);
  }

  steps() {
    return this.marks().filter(computes);
  }

  tally() {
    const steps = this.steps();
    return { right: steps.filter((mark) => mark.right).length, all: steps.length };
  }

  sign() {
    if (this.data.answer === null) return "–";
    if (this.data.correct === null) return "•";
    return this.data.correct ? "✓" : "✗";
  }

  draw() {
    this.drawFacts();
    this.drawThinking();
    this.drawAnswer();
  }

  // The text that says how the reply ended.
  judgement() {
    const { answer, correct, cut } = this.data;
    if (!this.ended()) return "verdict_writing";
    if (answer === null && cut === "length") return "verdict_cut";
    if (answer === null && cut === "stopped") return "verdict_stopped";
    if (answer === null) return "verdict_none";
    if (correct === null) return "verdict_unjudged";
    return correct ? "verdict_right" : "verdict_wrong";
  }

  drawFacts() {
    const { words } = this.view;
    const { data } = this;
    this.verdict.textContent = words.say(this.judgement(), { answer: data.answer });
    this.verdict.className = "verdict-line";
    if (this.ended() && data.correct !== null)
      this.verdict.classList.add(data.correct ? "is-right" : "is-wrong");
    const { right, all } = this.tally();
    const brief = [words.say("brief_tokens", { n: this.shown - Math.min(this.shown, data.given) })];
    if (all) brief.unshift(words.say("brief_steps", { right, n: all }));
    this.brief.textContent = brief.join(" · ");
    const facts = [];
    if (this.shown && data.seconds) {
      const seconds = data.seconds[this.shown - 1];
      facts.push(["fact_seconds", seconds < 0.001 ? "< 0.001" : words.two.format(seconds)]);
    }
    if (data.right_answer !== null) {
      const seen = data.appeared !== null && data.appeared <= this.shown;
      const kept = !this.ended() ? "" : data.correct ? "kept" : "lost";
      const when = !seen
        ? this.ended()
          ? "never"
          : "not_yet"
        : kept
          ? `appeared_${kept}`
          : "appeared";
      facts.push([
        "fact_appeared",
        words.say(when, { token: words.whole.format(data.appeared ?? 0) }),
      ]);
      facts.push([
        "fact_language",
        data.language === null ? "–" : words.share.format(data.language),
      ]);
    }
    const now = JSON.stringify(facts);
    if (now === this.factsNow) return;
    this.factsNow = now;
    this.facts.replaceChildren();
    for (const [name, value] of facts) {
      const pair = element("div", "fact", this.facts);
      element("dt", "", pair, words.say(name));
      element("dd", "", pair, value);
    }
  }

  /**
   * The rows of the thinking as [first token, last token); each "row" mark begins a new one.
   *
   * @returns {[number, number][]}
   */
  cuts() {
    const end = Math.min(this.data.split, this.shown);
    const starts = this.data.marks
      .filter((mark) => mark.kind === "row" && mark.first < end && mark.first > 0)
      .map((mark) => mark.first);
    /** @type {(a: number, b: number) => boolean} */
    const hasText = (a, b) =>
      this.data.texts.slice(a, b).some((text) => text.trim() && !isTag(text));
    const all = [0, ...starts.filter((first) => hasText(0, first)), end];
    /** @type {[number, number][]} */
    const rows = all.slice(1).map((last, i) => [all[i], last]);
    return rows.filter(([a, b]) => b > a);
  }

  drawThinking() {
    const cuts = this.cuts();
    this.none.hidden = cuts.length > 0 || !this.ended();
    cuts.forEach(([first, last], i) => {
      const marks = this.marks().filter((mark) => mark.first >= first && mark.last <= last);
      const state = JSON.stringify([first, last, this.view.colour, marks, this.view.picked(this)]);
      let row = this.rows[i];
      if (!row) {
        row = { root: element("div", "row", this.thinking), state: "" };
        this.rows.push(row);
      }
      if (row.state === state) return;
      row.state = state;
      row.root.replaceChildren();
      element("span", "row-number", row.root, i + 1).ariaHidden = "true";
      this.fill(row.root, first, last, marks);
    });
    for (const row of this.rows.splice(cuts.length)) row.root.remove();
    this.fold(cuts);
  }

  /**
   * Once a reply has ended, fold away its rows without errors, if there are many.
   *
   * @param {[number, number][]} cuts
   */
  fold(cuts) {
    const { appeared, marks } = this.data;
    const quiet = cuts.map(([first, last]) => {
      const here = marks.filter((mark) => mark.first >= first && mark.last <= last);
      const found = appeared !== null && first < appeared && appeared <= last;
      return !found && here.every((mark) => (mark.right ?? true) && !mark.builds);
    });
    const found = this.ended() ? folds(quiet) : [];
    const wanted = new Map(found);
    for (const [first, made] of this.folded)
      if (!wanted.has(first)) {
        made.remove();
        this.folded.delete(first);
      }
    for (const row of this.rows) row.root.hidden = false;
    for (const [first, last] of found) {
      const open = this.unfolded.has(first);
      for (let i = first; i < last; i++) this.rows[i].root.hidden = !open;
      const made = this.folded.get(first) ?? this.foldAt(first, last - first);
      const button = /** @type {HTMLElement} */ (made.firstElementChild);
      button.textContent = open ? "▾" : "▸";
      button.ariaExpanded = String(open);
    }
  }

  /**
   * The placeholder for folded rows.
   *
   * @param {number} first
   * @param {number} n
   */
  foldAt(first, n) {
    const made = element("div", "fold");
    const button = element("button", "fold-button", made);
    button.type = "button";
    const said = this.view.words.say("folded", { n });
    button.ariaLabel = said;
    element("span", "fold-words", made, said);
    made.onclick = () => {
      if (!this.unfolded.delete(first)) this.unfolded.add(first);
      this.view.draw(performance.now(), true);
    };
    this.rows[first].root.before(made);
    this.folded.set(first, made);
    return made;
  }

  drawAnswer() {
    const first = Math.min(this.data.split, this.shown);
    const state = `${first}-${this.shown}-${this.view.colour}`;
    if (state === this.answerState) return;
    this.answerState = state;
    this.answer.replaceChildren();
    this.fill(this.answer, first, this.shown, []);
  }

  /**
   * @param {Element} parent
   * @param {number} first
   * @param {number} last
   * @param {Mark[]} marks
   */
  fill(parent, first, last, marks) {
    let at = first;
    for (const mark of marks) {
      if (mark.kind === "row" || mark.first < at) continue;
      for (; at < mark.first; at++) this.token(parent, at);
      this.mark(parent, mark);
      at = mark.last;
    }
    for (; at < last; at++) this.token(parent, at);
  }

  /**
   * @param {Element} parent
   * @param {number} i
   */
  token(parent, i) {
    const text = this.data.texts[i];
    const given = i < this.data.given ? " is-given" : "";
    const made = element("span", (isTag(text) ? "tok tag" : "tok") + given, parent, text);
    if (i >= this.data.given) this.paint(made, i);
  }

  /**
   * @param {HTMLElement} made
   * @param {number} i
   */
  paint(made, i) {
    if (!this.view.colour) return;
    const [p, h] = [this.data.probs[i], this.data.entropies[i]];
    const { place, colour, ink } = COLOURS[this.view.colour];
    const x = place(p, h);
    if (x === null) return;
    made.style.background = colour(x);
    made.style.color = ink(x);
    if (p === null || h === null) return;
    const { words } = this.view;
    made.title = words.say("token_title", { p: words.probability(p), h: words.tenth.format(h) });
  }

  /**
   * @param {Element} parent
   * @param {Mark} mark
   */
  mark(parent, mark) {
    const isStep = computes(mark);
    if (mark.first_error) element("span", "arrow", parent, "➤").setAttribute("aria-hidden", "true");
    const made = element("span", looks(mark).join(" "), parent);
    made.tabIndex = 0;
    made.setAttribute("role", isStep && this.view.data.clickable ? "button" : "note");
    const number = this.data.marks.indexOf(mark);
    if (this.view.picked(this) === number) made.classList.add("picked");
    for (let i = mark.first; i < mark.last; i++) this.token(made, i);
    element("span", "mark-sign", made, sign(mark)).setAttribute("aria-hidden", "true");
    const lines = describe(this.view.words, mark, this.view.data.clickable);
    made.setAttribute("aria-label", lines.join(" "));
    made.onpointerenter = made.onfocus = () => this.view.tip.say(lines, made);
    made.onpointerleave = made.onblur = () => this.view.tip.hide();
    const choose = () => {
      if (isStep) this.view.choose(this, number);
    };
    made.onclick = choose;
    made.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    };
  }
}
