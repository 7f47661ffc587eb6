import assert from "node:assert/strict";
import { test } from "node:test";
import { unpacked } from "../../app/static/shared/packed.js";
import { bytes } from "./bytes.js";

test("arrays come back where they were, whatever lies before them", () => {
  const header = {
    text: "토큰",
    run: {
      experts: { $array: "u1", from: 0, length: 3 },
      choices: { $array: "u2", from: 3, length: 2 },
    },
    none: null,
  };
  const sent = bytes(header, [1, 2, 255], [1, 0, 0, 1]);
  const shifted = new Uint8Array([9, ...sent]).subarray(1); // as a part of a larger message
  for (const each of [sent, shifted]) {
    const data = unpacked(each);
    assert.equal(data.text, "토큰");
    assert.deepEqual(data.run.experts, new Uint8Array([1, 2, 255]));
    assert.deepEqual(data.run.choices, new Uint16Array([1, 256]));
    assert.equal(data.none, null);
  }
});

test("without arrays it is JSON", () => {
  assert.deepEqual(unpacked(bytes({ texts: ["$array"], n: 1 })), { texts: ["$array"], n: 1 });
});
