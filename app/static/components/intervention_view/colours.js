// The colour of a change: blue where it made a token likelier, orange where less likely.

export const LIMIT = 3; // nats, where colours end: 20 times as likely, or as unlikely
const LESS = [213, 94, 0]; // orange
const SAME = [136, 142, 152]; // grey
const MORE = [0, 114, 178]; // blue

/**
 * @param {number} nats by which the log-probability rose
 */
export function diverging(nats) {
  const x = Math.max(-1, Math.min(1, nats / LIMIT));
  const end = x < 0 ? LESS : MORE;
  const strength = Math.abs(x);
  const mix = SAME.map((c, j) => Math.round(c + (end[j] - c) * strength));
  return `rgb(${mix.join(" ")} / ${Math.round(15 + 70 * strength)}%)`;
}
