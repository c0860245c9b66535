import { describe, expect, it } from "vitest";
import { formatPlace, parsePlace } from "../src/live/places";

describe("addresses of screens", () => {
  it.each(["/", "/tracetune/"])("what is written under %s is read again, whatever the names", (base) => {
    const place = { path: ["services", 'a/b ?#%"é'], query: { op: "GET /x&y=1", from: "2026-06-21T12:00:00Z" } };

    const [path = "", search = ""] = formatPlace(place, base).split("?");

    expect(path.startsWith(`${base}services/`)).toBe(true);
    expect(parsePlace(path, `?${search}`, base)).toEqual(place);
  });

  it("empty values are left out, and times stay readable", () => {
    expect(formatPlace({ path: [], query: { from: "2026-06-21T12:00:00Z", to: "" } }, "/")).toBe("/?from=2026-06-21T12:00:00Z");
  });

  it("a broken escape is shown as it came", () => {
    expect(parsePlace("/services/%E0%A4%A", "", "/").path).toEqual(["services", "%E0%A4%A"]);
  });
});
