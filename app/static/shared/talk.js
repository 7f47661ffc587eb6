// What the stage and the speaker's window of a talk share: keys, elapsed time, and messages. Both
// are in the same browser and communicate without the server.

/** @type {Record<string, number>} keys that turn pages, and by how many */
export const TURNS = {
  ...{ ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1 },
  ...{ ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1, Home: -1e6, End: 1e6 },
};
/** Keys that act on the stage from both windows; leaving it is not among them. */
export const KEYS = [...Object.keys(TURNS), ..."b.olcp<>"];

/**
 * @typedef {{ at: string, blank: boolean, started: number | null }} Place of a talk: the id of the
 *   current screen, whether it is blank, and when the first page was turned (ms; null: not yet)
 * @typedef {{ key: string }} Pressed
 * @typedef {{ turn: string }} Turned to the screen with this id
 * @typedef {{ ask: number | null }} Asked for the place, with the start time known to the sender
 * @typedef {{ again: true }} Again restart the time with the next turn
 * @typedef {Place | Pressed | Turned | Asked | Again} Said
 */

/**
 * The channel of this window's talk: windows with the same list of screens in their URL share it.
 *
 * @param {(said: Said) => void} hear
 */
export function talk(hear) {
  const listed = new URLSearchParams(window.location.search).get("screens") ?? "";
  const channel = new BroadcastChannel(`inside-r1 ${listed}`);
  channel.onmessage = ({ data }) => hear(data);
  return {
    /** @param {Said} said */
    say: (said) => channel.postMessage(said),
    end: () => channel.close(),
  };
}

/**
 * The start time of a talk from what two windows know; a reopened one knows a later one, or none.
 *
 * @param {number | null} one ms
 * @param {number | null} other ms
 */
export const earlier = (one, other) =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/**
 * The time since a start in minutes and seconds, with hours if any: "0:07", "1:02:33".
 *
 * @param {number | null} started ms
 * @param {number} now ms
 */
export function since(started, now) {
  const seconds = started === null ? 0 : Math.max(0, Math.floor((now - started) / 1000));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
}
