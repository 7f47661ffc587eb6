// Which rows of a long thought can be folded away.

const FIRST = 2; // rows that stay visible at the beginning
const LAST = 3; // and at the end
const LEAST = 4; // minimum rows worth folding

/**
 * Runs of consecutive rows to fold, as [first row, row after the last).
 *
 * @param {boolean[]} quiet for each row, whether nothing in it is wrong or new
 * @returns {[number, number][]}
 */
export function folds(quiet) {
  /** @type {[number, number][]} */
  const found = [];
  let first = FIRST;
  for (let row = FIRST; row <= quiet.length - LAST; row++) {
    if (row < quiet.length - LAST && quiet[row]) continue;
    if (row - first >= LEAST) found.push([first, row]);
    first = row + 1;
  }
  return found;
}
