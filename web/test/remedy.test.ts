import { describe, expect, it } from "vitest";
import { mayEnd } from "../src/remedy";

describe("what to do first", () => {
  it("more replicas are no remedy for own time, errors or the way between", () => {
    const kinds = ["own_time", "gap", "errors", "load", "unknown"] as const;
    expect(kinds.map((kind) => mayEnd({ knob: "replicas", action: "set" }, { kind }))).toEqual([false, false, false, true, true]);
  });

  it("retries and timeouts are no remedy for load, room is", () => {
    const knobs = ["replicas", "cpu", "concurrency_limit", "retries", "timeout"] as const;
    expect(knobs.map((knob) => mayEnd({ knob, action: "set" }, { kind: "load" }))).toEqual([true, true, true, false, false]);
  });

  it("to leave a release is one, also where it is gone", () => {
    expect(mayEnd({ knob: "rollback", action: "keep" }, { kind: "own_time" })).toBe(true);
  });

  it("what is to stay as it is, is none", () => {
    expect([mayEnd({ knob: "timeout", action: "keep" }, undefined), mayEnd({ knob: "timeout", action: "set" }, undefined)]).toEqual([false, true]);
  });
});
