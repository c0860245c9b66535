import { expect, it } from "vitest";
import { positionOf, valueAt } from "../src/series";

it("a minute is found at its place, or after the one before it", () => {
  const minutes = [10, 11, 15, 16];

  expect([9, 10, 12, 15, 99].map((minute) => positionOf(minutes, minute))).toEqual([-1, 0, 1, 2, 3]);
});

it("a minute that is not in the track has no value", () => {
  const track = { minutes: [10, 11, 15], value: [1, null, 3], expected: null };

  expect([10, 11, 12, 15].map((minute) => valueAt(track, minute))).toEqual([1, null, null, 3]);
  expect(valueAt(null, 10)).toBeNull();
});
