// The colour of a change: blue if it made a token more likely, orange if less likely.

export const LIMIT = 3; // nats, end of the colour scale: 20 times as likely, or as unlikely
const LESS = [213, 94, 0]; // orange
const SAME = [136, 142, 152]; // grey
const MORE = [0, 114, 178]; // blue

/**
 * @param {number} nats change of the log-probability
 */
export function diverging(nats) {
  const x = Math.max(-1, Math.min(1, nats / LIMIT));
  const end = x < 0 ? LESS : MORE;
  const strength = Math.abs(x);
  const mix = SAME.map((c, j) => Math.round(c + (end[j] - c) * strength));
  return `rgb(${mix.join(" ")} / ${Math.round(15 + 70 * strength)}%)`;
}
