import { expect, it } from "vitest";
import { formatReplicas, parseReplicas } from "../src/live/replicas";

it("replicas are read as they were written, whatever the names", () => {
  const asked = new Map([
    ["payments", 6],
    ["a:b,c", 2],
  ]);

  expect(parseReplicas(formatReplicas(asked))).toEqual(asked);
});

it("what is no count is left out", () => {
  expect(parseReplicas("payments:0,checkout:x,:3,cart")).toEqual(new Map());
});
