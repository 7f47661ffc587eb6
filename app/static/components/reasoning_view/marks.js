// The marks in a reply, their appearance and their descriptions.

/** @import { Words } from "../../shared/words.js" */

/**
 * A mark in a reply: a step of arithmetic, a comparison of two digits, a verdict, or the beginning
 * of a row. It covers tokens `first` to `last` - 1.
 *
 * @typedef {object} Mark
 * @property {string} kind
 * @property {number} first
 * @property {number} last
 * @property {string} text
 * @property {number | null} value the true value of a step, or both digits of a comparison (67 for
 * 6/7); null for other marks
 * @property {boolean} right
 * @property {boolean} first_error
 * @property {boolean} builds on a wrong value
 * @property {boolean | null} follows whether a verdict agrees with the digits before it
 */

/**
 * Whether a mark is a step of arithmetic; a comparison of two digits is not.
 *
 * @param {Mark} mark
 */
export const computes = (mark) => mark.value !== null && mark.kind !== "compare";

/** @param {Mark} mark of two digits */
const differs = (mark) => mark.text.at(0) !== mark.text.at(-1);

/**
 * The CSS classes of a mark.
 *
 * @param {Mark} mark
 */
export function looks(mark) {
  if (mark.value === null) return ["said", mark.right ? "fair" : "unfair"];
  const right = mark.right ? "right" : "wrong";
  if (!computes(mark)) return ["compare", right, differs(mark) ? "differ" : "same"];
  return ["step", right, ...(mark.builds ? ["builds"] : [])];
}

/**
 * The sign after a mark; equal digits need none.
 *
 * @param {Mark} mark
 */
export function sign(mark) {
  if (mark.value === null) return mark.right ? "" : "!";
  if (!mark.right) return "✗";
  if (computes(mark)) return "✓";
  return differs(mark) ? "≠" : "";
}

/**
 * The lines of a mark's tooltip.
 *
 * @param {Words} words
 * @param {Mark} mark
 * @param {boolean} clickable whether steps can be clicked
 * @returns {string[]}
 */
export function describe(words, mark, clickable) {
  if (mark.value === null) {
    const said = [words.say(`said_${mark.kind}_${mark.right ? "fair" : "unfair"}`)];
    if (mark.follows !== null) said.push(words.say(mark.follows ? "follows" : "follows_not"));
    return said;
  }
  if (!computes(mark)) {
    const lines = [words.say(differs(mark) ? "compare_differ" : "compare_same")];
    const value = `${Math.floor(mark.value / 10)}/${mark.value % 10}`;
    lines.push(words.say(mark.right ? "compare_right" : "compare_wrong", { value }));
    if (mark.first_error) lines.push(words.say("step_first_error"));
    return lines;
  }
  const lines = [`${mark.text}.`];
  lines.push(words.say(mark.right ? "step_right" : "step_wrong", { value: mark.value }));
  if (mark.kind !== "step")
    lines.push(words.say("step_kind", { kind: words.say(`kind_${mark.kind}`) }));
  if (mark.first_error) lines.push(words.say("step_first_error"));
  if (mark.builds) lines.push(words.say("step_builds"));
  if (clickable) lines.push(words.say("step_click"));
  return lines;
}
