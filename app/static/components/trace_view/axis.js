// Numbers along an axis of tokens.

/**
 * The number of tokens between two labels of the axis.
 *
 * @param {number} cell px of a token
 */
export const tokenStep = (cell) =>
  [1, 5, 10, 20, 50, 100, 500].find((step) => step * cell >= 36) || 1000;
