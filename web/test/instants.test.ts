import { describe, expect, it } from "vitest";
import { ago, minuteOf, pasted, rfc3339, spanName, windowOf } from "../src/live/instants";

describe("times in addresses", () => {
  it("a relative time is so many minutes ago, any other text is none", () => {
    expect([ago("now"), ago("now-3h"), ago("now-7d"), ago("now-90s")]).toEqual([0, 180, 10_080, 1.5]);
    expect([ago("now+1h"), ago("yesterday"), ago("2026-06-21T12:00:00Z")]).toEqual([null, null, null]);
  });

  it("minutes are written as they are read", () => {
    expect(rfc3339(minuteOf("2026-06-21T13:42:00Z") ?? 0)).toBe("2026-06-21T13:42:00Z");
    expect(minuteOf("soon")).toBeNull();
    expect(minuteOf(null)).toBeNull();
  });

  it("a window ends where the server's minutes end, and is what two instants say where they say it", () => {
    const held = { start: 1_000, end: 10_000 };
    expect(windowOf("now-3h", "", held)).toEqual({ start: 9_820, end: 10_000 });
    expect(windowOf("now-2h", "now-90s", held)).toEqual({ start: 9_880, end: 9_999 });
    expect(windowOf("", "now-1h", held)).toEqual({ start: 1_000, end: 9_940 });
    expect(windowOf("1970-01-01T01:00:30Z", "1970-01-01T02:00:30Z", held)).toEqual({ start: 60, end: 121 });
    expect([windowOf("soon", "", held), windowOf("now", "now-1h", held)]).toEqual([null, null]);
  });

  it.each([
    ["1782043200", "2026-06-21T12:00:00Z"],
    ["1782043200000", "2026-06-21T12:00:00Z"],
    ["1782043200000000", "2026-06-21T12:00:00Z"],
    ["1782043200000000000", "2026-06-21T12:00:00Z"],
    ["2026-06-21T14:00:00+02:00", "2026-06-21T12:00:00Z"],
    ["2026-06-21 12:00", "2026-06-21T12:00:00Z"],
    ["2026-06-21 12:00:00,123 UTC", "2026-06-21T12:00:00Z"],
    [" 2026-06-21 ", "2026-06-21T00:00:00Z"],
    ["now-15m", "now-15m"],
  ])("a pasted %s is %s", (text, instant) => {
    expect(pasted(text)).toBe(instant);
  });

  it.each(["soon", "12", "2026-13-45", "2026-06-21T25:00", ""])("a pasted %s is no time", (text) => {
    expect(pasted(text)).toBeNull();
  });

  it("a range is said in words, or by its ends", () => {
    expect(spanName("now-3h", "")).toBe("Last 3 hours");
    expect(spanName("now-5h", "")).toBe("Last 5 hours");
    expect(spanName("now-1w", "")).toBe("Last 1 week");
    expect(spanName("2026-06-21T12:00:00Z", "2026-06-21T16:00:00Z")).toBe("2026-06-21 12:00 – 16:00");
    expect(spanName("2026-06-21T12:00:00Z", "2026-06-22T16:00:00Z")).toBe("2026-06-21 12:00 – 2026-06-22 16:00");
    expect(spanName("2026-06-21T12:00:00Z", "")).toBe("Since 2026-06-21 12:00");
  });
});
