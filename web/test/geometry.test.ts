import { describe, expect, it } from "vitest";
import { curve, decades, middle, niceLevels, runsOf, nearest, ownTimes } from "../src/geometry";

it("joins neighbouring cells of one level and keeps what was not observed apart", () => {
  expect(runsOf("00 44")).toEqual([
    { first: 0, last: 2, level: 0, by: " " },
    { first: 2, last: 3, level: -1, by: " " },
    { first: 3, last: 5, level: 4, by: " " },
  ]);
});

it("keeps cells of one level apart that another number departed in", () => {
  expect(runsOf("0444", " mpp")).toEqual([
    { first: 0, last: 1, level: 0, by: " " },
    { first: 1, last: 2, level: 4, by: "m" },
    { first: 2, last: 4, level: 4, by: "p" },
  ]);
});

it("finds the bin of the median", () => {
  expect(middle([1, 1, 8, 1])).toBe(2);
  expect(middle([])).toBe(0);
});

it("marks round durations inside a logarithmic scale", () => {
  // From 1/16 s to 1 s.
  expect(decades(-32, 32)).toEqual([0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7]);
  // From 1/64 s to 16 s, and from 1/32 s to 2 s.
  expect(decades(-48, 80)).toEqual([0.1, 1, 10]);
  expect(decades(-40, 48)).toEqual([0.05, 0.1, 0.2, 0.5, 1]);
});

it("marks an axis in round steps up to its highest value", () => {
  expect(niceLevels(0.29)).toEqual([0, 0.1, 0.2]);
  expect(niceLevels(0.49)).toEqual([0, 0.2, 0.4]);
});

it("draws level pieces straight and the others bent", () => {
  expect(curve([[0, 0], [10, 0], [20, 8]])).toBe("M0 0H10C15 0 15 8 20 8");
});

describe("the map by arrow keys", () => {
  const nodes = [
    { service_name: "a", x: 0, y: 0 },
    { service_name: "b", x: 100, y: 10 },
    { service_name: "c", x: 100, y: -90 },
    { service_name: "d", x: 300, y: 0 },
  ];

  it("goes to what lies straight on before what is merely near", () => {
    expect(nearest(nodes, "a", "ArrowRight")).toBe("b");
    expect(nearest(nodes, "b", "ArrowUp")).toBe("c");
    expect(nearest(nodes, "b", "ArrowRight")).toBe("d");
  });

  it("stays where there is nothing in that direction, and for other keys", () => {
    expect(nearest(nodes, "a", "ArrowLeft")).toBeNull();
    expect(nearest(nodes, "a", "j")).toBeNull();
  });
});

describe("own times of a trace", () => {
  it("are each span's time without that of the calls it waited for, overlaps counted once", () => {
    const found = ownTimes([
      ["front", "GET /", 0, 0, 10, false],
      ["pay", "Authorize", 1, 1, 6, false],
      ["bank", "charge", 2, 2, 4, false],
      ["cart", "Get", 1, 5, 4, false],
    ]);

    expect(Object.fromEntries(found)).toEqual({ front: 2, pay: 2, bank: 4, cart: 4 });
  });
});
