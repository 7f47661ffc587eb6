// A talk, which the stage and the speaker's window share: its keys, its time, and what the windows tell
// one another. They are of one browser, and no server lies between them.

/** @type {Record<string, number>} what turns pages, and how far */
export const TURNS = {
  ...{ ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1 },
  ...{ ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Backspace: -1, Home: -1e6, End: 1e6 },
};
/** Keys that are the stage's wherever they are pressed; nobody leaves it from the other window. */
export const KEYS = [...Object.keys(TURNS), ..."b.olcp<>"];

/**
 * @typedef {{ at: string, blank: boolean, started: number | null }} Place of a talk: the id of the
 *   screen that is shown, whether it is blank, and when the first page was turned (ms; null: not yet)
 * @typedef {{ key: string }} Pressed
 * @typedef {{ turn: string }} Turned to the screen of this id
 * @typedef {{ ask: number | null }} Asked where the talk is; with the start that the asker knows
 * @typedef {{ again: true }} Again the time begins anew with the next turn
 * @typedef {Place | Pressed | Turned | Asked | Again} Said
 */

/**
 * The channel of the talk in this window's address: windows with one list of screens are one talk.
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
 * When a talk began, of what two windows know: one that was opened anew knows of a later turn, or none.
 *
 * @param {number | null} one ms
 * @param {number | null} other ms
 */
export const earlier = (one, other) =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

/**
 * Minutes and seconds since a start, with hours once there are any: "0:07", "1:02:33".
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
