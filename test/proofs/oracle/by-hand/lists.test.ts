// each, batches, and composed items; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { type Call, fails, verdicts, written } from "../scenario.ts";
import { A, a, B, b, bffOf, by, C, dead, message, up } from "./small-protos.ts";

const { ir, get } = bffOf(
  {
    Parts: message(
      "Parts",
      [
        `name: "x" ${a}`,
        `name: "parts" each: { var: "i" in: "x.items" if: "i.n >= 0" partial: true call: { method: "up.v1.Up/B" set: { name: "id" by: "i.id" } } }`,
      ],
      `repeated string names = 1 ${by("parts.map(p, p.s)")}; int32 count = 2 ${by("parts.size()")};`,
    ),
    PartsOptional: message(
      "PartsOptional",
      [
        `name: "x" ${a}`,
        `name: "parts" supplementary: true each: { var: "i" in: "x.items" max: 2 partial: true call: { method: "up.v1.Up/B" set: { name: "id" by: "i.id" } } }`,
      ],
      `repeated string names = 1 ${by("parts.map(p, p.s)")};`,
    ),
    Keyed: message(
      "Keyed",
      [`name: "x" ${a}`, `name: "by_id" supplementary: true each: { var: "i" in: "x.items" key: "i.id" by: "i.name" }`],
      `map<string, string> by_id = 1 ${by("by_id")};`,
    ),
    Cards: message(
      "Cards",
      [
        `name: "x" ${a}`,
        `name: "cards" each: { var: "i" in: "x.items" partial: true compose: { message: "Card" args: { name: "item" by: "i" } } }`,
        `name: "keyed" each: { var: "i" in: "x.items" key: "i.id" partial: true compose: { message: "Card" args: { name: "item" by: "i" } } }`,
      ],
      `repeated Card cards = 1 ${by("cards")}; map<string, Card> keyed = 2 ${by("keyed")}; repeated string details = 3 ${by("cards.map(c, c.name)")};`,
    ),
    Children: message(
      "Children",
      [
        `name: "x" supplementary: true ${a}`,
        `name: "child" compose: { message: "Child" args: [{ name: "stock" by: "x" }, { name: "n" by: "args.n" if: "args.flag" }] }`,
        `name: "careful" supplementary: true compose: { message: "Strict" args: { name: "id" by: "args.id" } }`,
      ],
      `Child child = 1 ${by("child")}; Strict careful = 2 ${by("careful")};`,
    ),
    Batched: message(
      "Batched",
      [
        `name: "x" ${a}`,
        `name: "rows" each: { var: "i" in: "x.items" call: { method: "up.v1.Up/ItemMap" set: { name: "group" by: "args.id" } batch: { name: "ids" by: "i.id" items: "items" } } }`,
        `name: "many" call: { method: "up.v1.Up/Items" batch: { name: "ids" by: "args.id" items: "items" key: "id" many: true } }`,
      ],
      `repeated string names = 1 ${by("rows.map(i, i.name)")}; repeated string many = 2 ${by("many.map(i, i.name)")}; int32 sum = 3 ${by("many.map(i, i.n).sum()")};`,
    ),
    Rescued: message(
      "Rescued",
      [
        `name: "row" call: { method: "up.v1.Up/ItemMap" batch: { name: "ids" by: "args.id" items: "items" } on_error: { fallback: "up.v1.Item{name: 'no ' + args.id}" } }`,
        `name: "many" call: { method: "up.v1.Up/Items" batch: { name: "ids" by: "args.id" items: "items" key: "id" many: true } on_error: { fallback: "[up.v1.Item{name: 'none'}]" } }`,
      ],
      `optional string row = 1 ${by("row.name")}; repeated string many = 2 ${by("many.map(i, i.name)")};`,
    ),
  },
  [
    `message Card { option (bff.v1.message) = { let: [{ name: "more" supplementary: true call: { method: "up.v1.Up/B" set: { name: "id" by: "args.item.id" } } },
     { name: "need" call: { method: "up.v1.Up/C" set: { name: "id" by: "args.item.id" } } }] };
     string name = 1 ${by("args.item.name")}; optional string more = 2 ${by("more.s")}; string need = 3 ${by("need.s")}; }`,
    `message Child { string stock = 1 ${by("ok(args.stock) ? args.stock.s : 'unknown'")}; optional string raw = 2 ${by("args.stock.s")}; optional int32 n = 3 ${by("args.n")}; }`,
    `message Strict { option (bff.v1.message) = { let: [{ name: "y" ${b} }, { guard: { if: "y.n == 1" fail: { code: NOT_FOUND } } }] }; string s = 1 ${by("y.s")}; }`,
  ],
);

describe("lists", () => {
  const three = { items: [{ id: "1" }, { id: "2" }, { id: "3", n: -1 }] };
  it("leave failing items out if they are partial: what is computed from the list is INCOMPLETE, too", () => {
    const calls = [A(three), B(dead, { id: "1" }), B({ s: "two" }, { id: "2" })];
    expect(get("Parts", { calls })).toMatchObject({
      answer: { names: ["two"], count: 1 },
      degraded: [up("names", "INCOMPLETE"), up("count", "INCOMPLETE")],
    });
  });

  it("fail if they are partial and no item succeeds, and not if they are empty", () => {
    expect(
      get("Parts", { calls: [A(three), B(dead, { id: "1" }), B(fails("NOT_FOUND"), { id: "2" })] }).statuses,
    ).toEqual([[14]]);
    expect(get("Parts", { calls: [A({})] })).toEqual({ answer: {} });
    expect(get("PartsOptional", { calls: [A({ items: [{ id: "1" }] }), B(dead, { id: "1" })] }).degraded).toEqual([
      up("names"),
    ]);
  });

  it("with more than max items make no call and fail their step", () => {
    expect(get("PartsOptional", { calls: [A(three)] }).degraded).toEqual(["names MISSING INVALID"]);
  });

  it("with a duplicate key fail their step", () => {
    expect(get("Keyed", { calls: [A({ items: [{ id: "1", name: "x" }] })] }).answer).toEqual({ byId: { 1: "x" } });
    expect(get("Keyed", { calls: [A({ items: [{ id: "1" }, { id: "1" }] })] }).degraded).toEqual([
      "by_id MISSING INVALID",
    ]);
  });

  it("have paths of composed children by final position or key, and one entry for a field that reads failed parts of them", () => {
    const twice = (call: Call): Call[] => [call, call];
    const calls = [
      A({
        items: [
          { id: "1", name: "one" },
          { id: "2", name: "two" },
        ],
      }),
      ...twice(B({}, { id: "1" })),
      ...twice(B(fails("DEADLINE_EXCEEDED"), { id: "2" })),
      ...twice(C(dead, { id: "1" })),
      ...twice(C({ s: "c" }, { id: "2" })),
    ];
    expect(get("Cards", { calls })).toMatchObject({
      answer: { cards: [{ name: "two", need: "c" }], keyed: { 2: { name: "two" } }, details: ["two"] },
      degraded: [
        up("cards", "INCOMPLETE"),
        up("cards[0].more", "MISSING", "TIMEOUT"),
        up("keyed", "INCOMPLETE"),
        up('keyed["2"].more', "MISSING", "TIMEOUT"),
        up("details", "INCOMPLETE"),
      ],
      header: "cards,cards[*].more,keyed,keyed[*].more,details",
    });
  });

  it("pass absence and its cause to arguments", () => {
    const strict = B({ s: "strict" });
    expect(get("Children", { calls: [A(dead), strict] })).toMatchObject({
      answer: { child: { stock: "unknown" }, careful: { s: "strict" } },
      degraded: [up("child.stock", "REPLACED"), up("child.raw")],
    });
    expect(get("Children", { request: { flag: true, n: 4 }, calls: [A({ s: "5" }), strict] })).toEqual({
      answer: { child: { stock: "5", raw: "5", n: 4 }, careful: { s: "strict" } },
    });
  });

  it("lack a supplementary child that fails, and fail if its guard holds", () => {
    expect(get("Children", { calls: [A({}), B(dead)] }).degraded).toEqual([up("careful")]);
    expect(get("Children", { calls: [A({}), B({ n: 1 })] }).statuses).toEqual([[5]]);
  });

  it("in batches have map items, groups and repeated values", () => {
    const items = A({ items: [{ id: "1" }, { id: "2" }, { id: "1" }] });
    const map = (ids: string[], group = "i"): Call => [
      "up.v1.Up/ItemMap",
      { ids, group },
      { items: { 1: { name: "one" } } },
    ];
    const list: Call = [
      "up.v1.Up/Items",
      { ids: ["i"] },
      { items: [{ id: "i", name: "x", n: 2 }, { id: "j" }, { id: "i", name: "y", n: 3 }] },
    ];
    expect(get("Batched", { calls: [items, map(["1", "2"]), list] })).toEqual({
      answer: { names: ["one", "one"], many: ["x", "y"], sum: 5 },
    });
    expect(get("Batched", { calls: [items, map(["1", "2"], "other"), list] })).toMatchObject({
      unasked: ["up.v1.Up/ItemMap"],
    });
  });

  it("in batches take a fallback of on_error for each key", () => {
    const calls: Call[] = [
      ["up.v1.Up/ItemMap", { ids: ["i"] }, dead],
      ["up.v1.Up/Items", { ids: ["i"] }, dead],
    ];
    expect(get("Rescued", { calls })).toMatchObject({
      answer: { row: "no i", many: ["none"] },
      degraded: [up("row", "REPLACED"), up("many", "REPLACED")],
    });
  });
});

describe("logs with several readings", () => {
  const rpc = "b.v1.S/GetBatched";
  const calls: Call[] = [
    A({ items: [{ id: "1" }, { id: "1" }] }),
    ["up.v1.Up/ItemMap", { ids: ["1"], group: "i" }, dead],
    ["up.v1.Up/ItemMap", { ids: ["1"], group: "i" }, { items: { 1: { name: "one" } } }],
    ["up.v1.Up/Items", { ids: ["i"] }, {}],
  ];
  it("allow a second call for a key after a failure", () => {
    const found = verdicts(ir, rpc, { request: { id: "i" }, calls }).map(written);
    expect(found).toContainEqual({ answer: { names: ["one", "one"] } });
    expect(found).toContainEqual({ statuses: [[14]] });
    expect(found.every((outcome) => outcome.unasked === undefined)).toBe(true);
  });
});
