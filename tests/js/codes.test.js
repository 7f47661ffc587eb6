// Codes to copy: a paper in a line.

import assert from "node:assert/strict";
import test from "node:test";

import { citedShort } from "../../app/static/components/share_view/codes.js";

const PAPERS = {
  one: "@article{one,\n  title   = {{DeepSeek-V3} Technical Report},\n  journal = {arXiv preprint arXiv:2412.19437},\n  year    = {2024}\n}",
  two: "@misc{two,\n  title  = {Learning to reason with {LLMs}},\n  year   = {2024},\n  url    = {https://example.org/o1}\n}",
};

/** @param {string} search */
const asked = (search) =>
  Object.assign(globalThis, { location: new URL(`http://127.0.0.1/training${search}`) });

test("a paper is cited by its title and where it is found, the room's before the page's", () => {
  const data = /** @type {any} */ ({ papers: PAPERS, paper: "one", rooms: { thinking: "two" } });
  asked("");
  assert.equal(citedShort(data), "DeepSeek-V3 Technical Report, arXiv:2412.19437, 2024");
  asked("?room=thinking");
  assert.equal(citedShort(data), "Learning to reason with LLMs, https://example.org/o1, 2024");
  asked("?room=other");
  assert.match(citedShort(data), /V3/);
});
