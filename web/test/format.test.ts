import { describe, expect, it } from "vitest";
import { bytes, clock, duration, durations, durationTicks, length, number, percent, period, sentence, setting, share, shortCount, timeTicks } from "../src/format";

const MIDNIGHT = 29_700_000 - (29_700_000 % 1440);

describe("numbers", () => {
  it("have three significant digits and separated thousands", () => {
    expect([1234567, 1234.5, 12.345, 0.0012345, 0].map((value) => number(value))).toEqual(["1,234,567", "1,235", "12.3", "0.00123", "0"]);
  });

  it("are a dash where they are not known", () => {
    expect([number(null), duration(null), durations(null, 1), percent(null), share(Number.NaN)]).toEqual(["–", "–", "–", "–", "–"]);
  });

  it("carry a unit, milliseconds until a second", () => {
    expect([0.000012, 0.0009994, 0.0123, 0.9994, 0.9996, 75, 600, 9000, 0].map(duration)).toEqual([
      "12.0 µs", "999 µs", "12.3 ms", "999 ms", "1.00 s", "75.0 s", "10.0 min", "2.50 h", "0 ms",
    ]);
    expect([0.45, 2].map(setting)).toEqual(["450 ms", "2 s"]);
  });

  it("of one range or axis share their unit", () => {
    expect(durations(0.11, 0.147)).toBe("110–147 ms");
    expect(durations(0.8, 1.2)).toBe("0.8–1.2 s");
    expect(durationTicks([0, 0.5, 1])).toEqual(["0", "0.5 s", "1 s"]);
  });

  it("that are shares never show a false zero", () => {
    expect([0, 0.0001, 0.017, 0.0996, 0.95, -0.02].map(share)).toEqual(["0.0 %", "< 0.1 %", "1.7 %", "10 %", "95 %", "−2.0 %"]);
  });

  it("that are counts or sizes are short where room is short", () => {
    expect([412, 4100, 41_000, 1_240_000].map(shortCount)).toEqual(["412", "4,100", "41 k", "1.24 M"]);
    expect([12, 2114, 48_211_020].map(bytes)).toEqual(["12 B", "2.11 kB", "48.2 MB"]);
  });
});

describe("sentences", () => {
  it("begin with a capital and end with a stop, names left as they are", () => {
    expect(sentence("more calls than forecast")).toBe("More calls than forecast.");
    expect(sentence("k8s.pod.name is missing.")).toBe("k8s.pod.name is missing.");
    expect(sentence("4 replicas are busy")).toBe("4 replicas are busy.");
  });
});

describe("times", () => {
  it("are UTC", () => {
    expect(clock(MIDNIGHT + 822)).toBe("13:42");
    expect(period(MIDNIGHT + 822, MIDNIGHT + 870)).toBe("13:42–14:30");
    expect(period(MIDNIGHT + 822, null)).toBe("since 13:42");
  });

  it("say the day where a period goes past midnight", () => {
    expect(period(MIDNIGHT + 1430, MIDNIGHT + 1450)).toContain(" – ");
  });

  it("have lengths in the largest unit that fits", () => {
    expect([48, 130, 120, 4320].map(length)).toEqual(["48 min", "2 h 10 min", "2 h", "3 days"]);
  });

  it("are marked at round minutes inside the range", () => {
    const ticks = timeTicks(MIDNIGHT + 7, MIDNIGHT + 67, 6);
    expect(ticks.map((tick) => tick.label)).toEqual(["00:10", "00:20", "00:30", "00:40", "00:50", "01:00"]);
  });
});
