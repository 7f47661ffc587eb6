import assert from "node:assert/strict";
import { test } from "node:test";
import { mount } from "../../app/static/shared/mount.js";
import { bytes } from "./bytes.js";

/** A component that takes down what happens to its views, and a page with one place for it. */
function page() {
  const said = [];
  let views = 0;
  class View {
    constructor() {
      views += 1;
      this.name = views;
    }
    update(data) {
      said.push(`${this.name} gets ${data}`);
    }
    destroy() {
      said.push(`${this.name} ends`);
    }
  }
  const root = {};
  globalThis.document = { documentElement: {} };
  const show = mount(View);
  const parentElement = { querySelector: () => root };
  return { said, call: (data) => show({ data: bytes(data), parentElement }) };
}

test("a place has one view, which ends with it", () => {
  const { said, call } = page();
  call("a");
  const end = call("b");
  end();
  call("c");
  assert.deepEqual(said, ["1 gets a", "1 gets b", "1 ends", "2 gets c"]);
});

test("a call that was overtaken does not end the view that goes on", () => {
  const { said, call } = page();
  const overtaken = call("a");
  const end = call("b");
  overtaken();
  call("c");
  assert.deepEqual(said, ["1 gets a", "1 gets b", "1 gets c"]);
  end();
  assert.equal(said.at(-1), "1 gets c");
});
