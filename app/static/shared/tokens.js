// Tokens as text: what they look like, and which of them make one character together.

/** @typedef {{ first: number, last: number }} Group tokens of one character */

/**
 * The group that each token belongs to. A token without text only begins a character; the token
 * that completes it carries the text.
 *
 * @param {string[]} texts of tokens `from` on
 * @param {number} [from]
 * @returns {Group[]}
 */
export function groupBytes(texts, from = 0) {
  /** @type {Group[]} */
  const groups = Array(from);
  let first = from;
  texts.forEach((text, j) => {
    const last = from + j;
    groups.push({ first, last });
    for (let i = first; i < last; i++) groups[i].last = last;
    if (text !== "") first = last + 1;
  });
  return groups;
}

/**
 * What a token looks like in a strip of tokens: signs instead of what cannot be seen.
 *
 * @param {string} text
 */
export function visible(text) {
  if (text === "") return "·";
  return text
    .replace(/^ +$/, (s) => "␣".repeat(s.length))
    .replace(/\n/g, "↵")
    .replace(/\t/g, "⇥")
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f]/g, "␡");
}

/**
 * Is a token one of the model's tags, as <think> is?
 *
 * @param {string} text
 */
export const isTag = (text) => /^<\/?[a-z]+>$/.test(text);
