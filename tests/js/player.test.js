import assert from "node:assert/strict";
import { test } from "node:test";
import { PACES, Player, SPEEDS, shownAt, spread } from "../../app/static/shared/player.js";

/** A player at its start, with what it shows after each of so many ticks of a tenth of a second. */
function started(times, first, speed) {
  const player = new Player(times, first, speed);
  player.play();
  let now = 5000;
  player.tick(now);
  const ticks = (count) =>
    Array.from({ length: count }, () => {
      now += 100;
      player.tick(now);
      return player.shown;
    });
  return { player, ticks };
}

const SLOW = [0, 0.1, 0.2, 0.3, 2.3, 2.4]; // s; after the fourth token a pause

test("times rise strictly, and tokens that came together share the time since the last", () => {
  assert.deepEqual(spread([1, 2, 4]), [1, 2, 4]);
  assert.deepEqual(spread([1, 3, 3]), [1, 2, 3]);
  assert.deepEqual(spread([]), []);
  for (const seconds of [
    [0, 0, 0],
    [2, 1, 5],
    [0, 0, 3, 3, 3, 3],
    [1, 0.5, 0.5],
  ]) {
    const times = spread(seconds);
    assert.equal(times.length, seconds.length);
    for (let i = 1; i < times.length; i++) assert.ok(times[i] > times[i - 1], `${seconds}`);
  }
  assert.ok(spread([0, 0, 0]).at(-1) < 1e-4);
});

test("what is shown after some seconds is what was there by then", () => {
  const times = [0.5, 1, 2];
  assert.deepEqual(
    [0, 0.5, 0.9, 1, 1.99, 2, 9].map((seconds) => shownAt(times, seconds)),
    [0, 1, 1, 2, 2, 3, 3],
  );
  assert.equal(shownAt([], 1), 0);
});

test("a record is at its end until it is played", () => {
  const player = new Player(SLOW, 2, "reading");
  assert.equal(player.shown, 6);
  assert.ok(player.over && !player.playing);
  assert.ok(!player.tick(0));
  assert.equal(player.seconds, 2.4);
});

test("at reading pace tokens come evenly, whatever the computation did", () => {
  const times = Array.from({ length: 40 }, (_, i) => (i < 20 ? i * 1e-3 : i));
  const { player, ticks } = started(times, 0, "reading");
  const shown = ticks(20);
  shown.forEach((tokens, i) => {
    assert.ok(Math.abs(tokens - 0.1 * (i + 1) * PACES.reading) <= 1, `${i}: ${tokens}`);
  });
  ticks(6);
  assert.ok(player.over && !player.playing);
});

test("slow motion is even, too, and slower than one reads", () => {
  const { ticks } = started(
    Array.from({ length: 40 }, (_, i) => i * 1e-3),
    0,
    "slow",
  );
  assert.ok(PACES.slow < PACES.reading);
  assert.equal(ticks(20).at(-1), 2 * PACES.slow);
});

test("as computed, tokens come when they came", () => {
  const { player, ticks } = started(spread(SLOW), 2, "computed");
  assert.equal(player.shown, 2);
  assert.deepEqual(ticks(3), [3, 4, 4]);
  assert.deepEqual(ticks(17), Array(17).fill(4));
  ticks(4);
  assert.ok(player.over);
});

test("the computation's time stands still and goes on with the player", () => {
  const { player, ticks } = started(spread(SLOW), 2, "computed");
  ticks(10);
  assert.ok(Math.abs(player.seconds - 1.1) < 1e-9, `${player.seconds}`);
  player.pause();
  const before = player.place;
  ticks(5);
  assert.equal(player.place, before);
  player.play();
  ticks(1); // the time of the pause does not count
  assert.ok(player.seconds < 1.3, `${player.seconds}`);
});

test("all at once ends it, now and when it is played again", () => {
  const { player, ticks } = started(SLOW, 2, "reading");
  ticks(1);
  player.choose("once");
  assert.ok(player.over && !player.playing);
  player.play();
  assert.ok(player.over && !player.playing);
  player.choose("reading");
  assert.ok(player.over);
  player.play();
  assert.equal(player.shown, 2);
});

test("another speed goes on from where it is", () => {
  const { player, ticks } = started(spread(SLOW), 2, "reading");
  ticks(1);
  const { place } = player;
  for (const speed of SPEEDS.filter((one) => one !== "once")) {
    player.choose(speed);
    assert.equal(player.place, place);
    assert.ok(player.playing);
  }
});

test("steps and scrubbing pause, and stay between the first tokens and the end", () => {
  const { player, ticks } = started(SLOW, 2, "reading");
  ticks(1);
  player.step(1);
  assert.ok(!player.playing);
  assert.equal(player.shown, 4);
  player.step(-9);
  assert.equal(player.shown, 2);
  player.step(-1);
  assert.equal(player.shown, 2);
  player.seek(99);
  assert.ok(player.over);
  player.seek(3.4);
  assert.equal(player.place, 3);
  player.play();
  assert.equal(player.shown, 3);
});

test("a tab that was hidden does not catch up", () => {
  const { player } = started(
    Array.from({ length: 100 }, (_, i) => i),
    0,
    "reading",
  );
  player.tick(1e9);
  assert.ok(player.shown <= 0.25 * PACES.reading);
});

test("a record of nothing but its first tokens has nothing to play", () => {
  for (const times of [[], [0.1, 0.2]]) {
    const player = new Player(times, 5, "reading");
    player.play();
    assert.ok(player.over && !player.playing);
    assert.equal(player.shown, times.length);
  }
});
