import { describe, expect, it } from "vitest";
import type { WhatIfs } from "../src/document";
import { answerOf } from "../src/whatifs";

const nine = (first: number) => Array.from({ length: 9 }, (_, at) => first + at);

const all: WhatIfs = {
  service_name: "payments",
  present: 2,
  advised: 3,
  advice: 0,
  reason: "",
  loads: [1, 1.5],
  replicas: [2, 3],
  endpoints: [{ service_name: "front", span_name: "GET /", calls_per_second: 10, now: nine(1) }],
  services: [
    { service_name: "payments", replicas: 2, calls_per_second: 8, saturation_calls_per_second: 12 },
    { service_name: "cart", replicas: 1, calls_per_second: 4, saturation_calls_per_second: null },
  ],
  refusals: [{ reason: "saturated", service_name: "payments", said: "it is full", unlock: "more replicas", is_final: true }],
  answers: [
    [false, "as it is", [nine(1)], [0.7, null], []],
    [false, "one more", [nine(11)], [0.5, null], []],
    [false, "too much", null, [1.05, null], [0]],
    [true, "both", [nine(21)], [0.7, null], []],
  ],
};

describe("answers held in a report", () => {
  it("are found by load and replicas", () => {
    const both = answerOf(all, 1.5, 3);
    expect(both?.sentence).toBe("both");
    expect(both?.is_screened).toBe(true);
    expect(both?.endpoints[0]?.latency?.p95).toEqual({ value: 24, lower: 25, upper: 26 });
    expect(both?.endpoints[0]?.now.p50.value).toBe(1);
  });

  it("have calls of their load and a limit of their replicas", () => {
    const both = answerOf(all, 1.5, 3);
    expect(both?.endpoints[0]?.calls_per_second).toBe(15);
    expect(both?.services.map((one) => [one.replicas, one.calls_per_second, one.busy_share, one.saturation_calls_per_second])).toEqual([
      [3, 12, 0.7, 18],
      [1, 6, null, null],
    ]);
  });

  it("have their reasons where they were refused", () => {
    const refused = answerOf(all, 1.5, 2);
    expect(refused?.endpoints[0]?.latency).toBeNull();
    expect(refused?.refusals.map((one) => one.said)).toEqual(["it is full"]);
  });

  it("are none where nothing was worked out", () => {
    expect(answerOf(all, 2, 2)).toBeNull();
    expect(answerOf({ ...all, loads: [], answers: [] }, 1, 2)).toBeNull();
  });
});
