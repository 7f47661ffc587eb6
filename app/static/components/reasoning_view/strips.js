// A strip per reply on a shared token axis: its thinking, and where and how each step ends.

/** @import { Column } from "./column.js" */
/** @import { Replies } from "./replies.js" */

import { element } from "../../shared/element.js";

/** @param {number} most */
function niceTick(most) {
  return [5, 10, 20, 50, 100, 200].find((step) => most / step <= 8) ?? 500;
}

/**
 * @param {Replies} view
 * @param {Element} parent
 */
export function makeStrips(view, parent) {
  const box = element("section", "strips", parent);
  element("div", "part-title", box, view.words.say("axis_title"));
  const rows = view.columns.map((column) => {
    const row = element("div", "strip-row", box);
    element("div", "strip-name", row, column.data.name);
    const track = element("div", "track", row);
    track.setAttribute("role", "img");
    return track;
  });
  const axisRow = element("div", "strip-row", box);
  element("div", "strip-name", axisRow);
  const axis = element("div", "axis", axisRow);
  axis.setAttribute("aria-hidden", "true");

  /** @type {(token: number, most: number) => string} */
  const at = (token, most) => `${(100 * token) / most}%`;

  /**
   * @param {Element} track
   * @param {string} kind
   * @param {number} first
   * @param {number} last
   * @param {number} most
   */
  function bar(track, kind, first, last, most) {
    if (last <= first) return;
    const made = element("div", `bar ${kind}`, track);
    made.style.left = at(first, most);
    made.style.width = at(last - first, most);
  }

  /**
   * @param {Element} track
   * @param {string} kind
   * @param {number} token
   * @param {number} most
   * @param {string} text
   */
  function sign(track, kind, token, most, text) {
    const made = element("span", `sign ${kind}`, track, text);
    made.style.left = at(token, most);
  }

  /**
   * @param {Element} track
   * @param {Column} column
   * @param {number} most
   */
  function draw(track, column, most) {
    const { data, shown } = column;
    track.replaceChildren();
    const given = Math.min(data.given, shown);
    const split = Math.min(data.split, shown);
    bar(track, "given", 0, given, most);
    bar(track, "think", given, Math.max(given, split), most);
    bar(track, "reply", Math.max(given, split), shown, most);
    for (const mark of column.steps()) {
      const made = element("span", mark.right ? "tick right" : "tick wrong", track);
      made.textContent = mark.right ? "" : "✗";
      made.style.left = at(mark.last, most);
    }
    if (data.appeared !== null && data.appeared <= shown)
      sign(track, "appeared", data.appeared, most, "▼");
    if (column.ended()) sign(track, "end", shown, most, column.sign());
    const { right, all } = column.tally();
    track.setAttribute(
      "aria-label",
      view.words.say("strip_alt", {
        name: data.name,
        tokens: shown,
        right,
        all,
        wrong: all - right,
      }),
    );
  }

  return {
    draw() {
      const most = Math.max(10, ...view.columns.map((c) => c.length));
      view.columns.forEach((column, i) => {
        draw(rows[i], column, most);
      });
      if (axis.dataset.most === String(most)) return;
      axis.dataset.most = String(most);
      axis.replaceChildren();
      for (let token = 0; token <= most; token += niceTick(most)) {
        const tick = element("span", "axis-tick", axis, view.words.whole.format(token));
        tick.style.left = at(token, most);
      }
    },
  };
}
