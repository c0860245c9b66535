import { expect, it } from "vitest";
import { decode, minutesOf } from "../src/columns";

it("decodes whole numbers, zero and gaps of a linear column", () => {
  // Codes 0 (not observed), 1 (zero), 2 and 65: high digit first.
  expect(decode({ scale: "linear", origin: 0, step: 1, codes: "AAABACBB" })).toEqual([null, 0, 1, 64]);
});

it("decodes a logarithmic column from its origin", () => {
  const values = decode({ scale: "log", origin: 0.5, step: Math.log(2), codes: "ACADAB" });
  expect(values.map((value) => Number(value?.toFixed(9)))).toEqual([0.5, 1, 0]);
});

it("takes every minute where no distances are given, else adds them up", () => {
  expect(minutesOf([], 100, 3)).toEqual([100, 101, 102]);
  expect(minutesOf([0, 2, 5], 100, 8)).toEqual([100, 102, 107]);
});
