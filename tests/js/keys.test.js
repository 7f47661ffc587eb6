import assert from "node:assert/strict";
import { test } from "node:test";

/** Where the focus is: in a field, or not. */
class Focused {
  /** @param {boolean} inField */
  constructor(inField) {
    this.inField = inField;
  }

  closest() {
    return this.inField ? this : null;
  }
}

const { isTaken } = await import("../../app/static/shared/keys.js");

/**
 * @param {boolean} inField
 * @param {Partial<KeyboardEvent>} [more]
 */
function pressed(inField, more = {}) {
  const none = { defaultPrevented: false, ctrlKey: false, metaKey: false, altKey: false };
  const event = { ...none, composedPath: () => [new Focused(inField)], ...more };
  return /** @type {KeyboardEvent} */ (/** @type {unknown} */ (event));
}

test("a key turns pages unless something else answers it", () => {
  assert.equal(isTaken(pressed(false)), false);
  assert.equal(isTaken(pressed(true)), true);
  assert.equal(isTaken(pressed(false, { defaultPrevented: true })), true);
  assert.equal(isTaken(pressed(false, { ctrlKey: true })), true);
  assert.equal(isTaken(pressed(false, { metaKey: true })), true);
  assert.equal(isTaken(pressed(false, { altKey: true })), true);
});
