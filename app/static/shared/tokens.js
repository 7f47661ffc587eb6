// Tokens as text: their appearance, and which of them form one character.

/** @typedef {{ first: number, last: number }} Group the tokens of one character */

/**
 * The group of each token. A token without text leaves a character incomplete; the token that
 * completes it carries the text.
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
 * The appearance of a token in a strip, with signs for invisible characters.
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
 * Whether a token is one of the model's tags, such as <think>.
 *
 * @param {string} text
 */
export const isTag = (text) => /^<\/?[a-z]+>$/.test(text);
