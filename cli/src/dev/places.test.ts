import { expect, test } from "vitest";
import { Places } from "./places.ts";

test("a renamed or returning server keeps its port, and all ports differ", () => {
  const places = new Places(8080);
  expect(places.take("a.v1")).toEqual({ index: 0, port: 8080 });
  expect(places.take("b.v1")).toEqual({ index: 1, port: 8081 });
  places.leave("a.v1", 8080);
  expect(places.take("c.v1")).toEqual({ index: 0, port: 8080 });
  expect(places.take("a.v1")).toEqual({ index: 2, port: 8082 });
  places.leave("b.v1", 8081);
  places.leave("a.v1", 8082);
  expect(places.take("a.v1")).toEqual({ index: 2, port: 8082 });
});

test("a free port is kept, too", () => {
  const places = new Places(0);
  expect(places.take("a.v1")).toEqual({ index: 0, port: 0 });
  places.leave("a.v1", 40_123);
  expect(places.take("b.v1")).toEqual({ index: 0, port: 40_123 });
});
