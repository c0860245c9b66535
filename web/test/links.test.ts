import { expect, it } from "vitest";
import { compareLink, linksFor, traceLink } from "../src/live/links";

it("templates are filled, with names escaped", () => {
  expect(traceLink({ trace: "https://j/trace/{trace_id}" }, "ab12")).toBe("https://j/trace/ab12");
  expect(compareLink({ compare: "https://j/trace/{a}...{b}" }, "a", "b")).toBe("https://j/trace/a...b");
  expect(linksFor({ runbook: "https://r/{service}", trace: "https://j/{trace_id}" }, "a/b")).toEqual([["Runbook", "https://r/a%2Fb"]]);
});

it("what was not configured is no link, and a script never is", () => {
  expect(traceLink({}, "ab12")).toBeNull();
  expect(traceLink({ trace: "javascript:alert('{trace_id}')" }, "1")).toBe("about:blank");
});
