import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenStep } from "../../app/static/components/trace_view/axis.js";
import { Run } from "../../app/static/components/trace_view/run.js";

/** A run of two layers and two experts a token, with everything but the last token fed. */
function raw(tokens, more = {}) {
  const fed = tokens - 1;
  const each = (make) => Array.from({ length: tokens }, (_, i) => make(i));
  const cells = Array.from({ length: fed * 4 }, (_, i) => i);
  return {
    id: "run",
    n_prompt: 1,
    fed,
    layers: [1, 2],
    n_experts: 8,
    n_group: 2,
    n_shared: 1,
    k: 2,
    first: 0,
    texts: each((i) => `t${i}`),
    token_ids: each((i) => i),
    probs: each((i) => (i ? 0.5 : null)),
    cache_bytes: each((i) => 100 * Math.min(i + 1, fed)),
    seconds: each((i) => i / 10),
    experts: new Uint8Array(cells),
    shares: new Uint8Array(cells.map((_, i) => (i % 2 ? 51 : 153))),
    share_units: 204,
    pooled: null,
    ...more,
  };
}

test("experts are told by token and layer; what is not fed has none", () => {
  const run = new Run(raw(4));
  assert.deepEqual(run.chosen(1, 1), [
    { expert: 6, share: 0.75 },
    { expert: 7, share: 0.25 },
  ]);
  assert.deepEqual(run.chosen(3, 0), []);
  assert.equal(run.bytesPerToken, 100);
});

test("a window's tokens keep their numbers", () => {
  const pooled = {
    length: 100,
    fed: 99,
    layer: 1,
    tokens: 8,
    experts: 1,
    choices: new Uint16Array(),
    load: [],
  };
  const run = new Run(raw(4, { first: 40, pooled, fed: 43 }));
  assert.equal(run.texts[40], "t0");
  assert.equal(run.length, 44);
  assert.equal(run.total, 100);
  assert.equal(run.span, 4);
  assert.deepEqual(
    run.chosen(41, 0).map((c) => c.expert),
    [4, 5],
  );
  assert.deepEqual(run.chosen(39, 0), []);
  assert.deepEqual(run.groups[43], { first: 43, last: 43 });
});

test("a run is itself; one of other tokens, a longer or a shorter one, is another", () => {
  const run = new Run(raw(5));
  assert.ok(new Run(raw(5)).is(run));
  assert.ok(!run.is(new Run(raw(3))));
  assert.ok(!new Run(raw(3)).is(run));
  assert.ok(!new Run(raw(5, { id: "other" })).is(run));
  assert.ok(!new Run(raw(5, { token_ids: [9, 1, 2, 3, 4] })).is(run));
  assert.ok(!run.is(null));
});

test("numbers on the axis stand 36 px apart or more", () => {
  for (const cell of [0.05, 0.5, 3, 8, 18, 40]) {
    const step = tokenStep(cell);
    assert.ok(step * cell >= 36 || step === 1000, `${cell}`);
  }
  assert.equal(tokenStep(18), 5);
});

test("what nobody recorded is not known, and shares are even", () => {
  const bare = { cache_bytes: null, seconds: null, shares: null };
  const run = new Run(raw(3, bare));
  assert.equal(run.seconds, null);
  assert.equal(run.cache_bytes, null);
  assert.equal(run.bytesPerToken, 0);
  assert.deepEqual(run.chosen(0, 0), [
    { expert: 0, share: 0.5 },
    { expert: 1, share: 0.5 },
  ]);
});
