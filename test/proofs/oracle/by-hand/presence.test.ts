// What is set and what is left unset; conversion, aliases, oneofs; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { A, a, B, b, bffOf, by, D, dead, message, up } from "./small-protos.ts";

const { get } = bffOf({
  Presence: message(
    "Presence",
    [`name: "x" ${a}`],
    `optional string path = 1 ${by("x.maybe")}; optional string computed = 2 ${by("x.maybe + '!'")}; optional int64 deep = 3 ${by("x.inner.big")};
     google.protobuf.StringValue wrapped = 4 ${by("x.wrapped")}; optional string left = 5 ${by("x.left")}; int32 small = 6 ${by("int(x.big) * 2")};
     repeated string list = 7 ${by("x.list")}; google.protobuf.Timestamp at = 8 ${by("now")}; int64 limit = 9 ${by("env.LIMIT + 1")};
     google.protobuf.Int32Value boxed = 10 ${by("x.n")}; up.v1.Inner same = 11 ${by("x.inner")};`,
  ),
  Noted: message(
    "Noted",
    [],
    `optional string note = 1 ${by("args.note")}; string text = 2 ${by("args.note")}; optional string computed = 3 ${by("args.note + '!'")};`,
  ),
  Asked: message(
    "Asked",
    [],
    `bool has = 1 ${by("has(args.note)")}; optional string note = 2 ${by("args.note")}; string or = 3 ${by("has(args.note) ? args.note : 'none'")};`,
  ),
  Mixed: message("Mixed", [], `optional string note = 1 ${by("args.note")}; bool given = 2 ${by("ok(args.note)")};`),
  AroundAsked: message(
    "AroundAsked",
    [
      `name: "x" ${a}`,
      `name: "given" compose: { message: "Asked" args: { name: "note" by: "x.maybe" } }`,
      `name: "mixed" compose: { message: "Mixed" args: { name: "note" by: "x.maybe" if: "has(x.maybe)" } }`,
    ],
    `Asked given = 1 ${by("given")}; Mixed mixed = 2 ${by("mixed")};`,
  ),
  AroundNoted: message(
    "AroundNoted",
    [
      `name: "x" ${a}`,
      `name: "given" compose: { message: "Noted" args: { name: "note" by: "x.maybe" } }`,
      `name: "handed" compose: { message: "Noted" args: { spread: "args" } }`,
    ],
    `Noted given = 1 ${by("given")}; Noted handed = 2 ${by("handed")};`,
  ),
  Aliased: message(
    "Aliased",
    [`name: "x" ${a}`],
    `Copy copy = 1 ${by("x")}; repeated Kind kinds = 2 ${by("x.items.map(i, x.kind)")};`,
  ),
  Auto: message(
    "Auto",
    [`name: "x" supplementary: true autobind: true ${a}`],
    `optional string maybe = 1; repeated string list = 2; CopyInner inner = 3;`,
  ),
  AutoUnnamed: message("AutoUnnamed", [`autobind: true ${a}`], `optional string maybe = 1; repeated string list = 2;`),
  Pick: `message Pick { option (bff.v1.message) = { let: [{ name: "x" supplementary: true ${a} }, { name: "y" ${b} }] };
    oneof of { string from_x = 1 [(bff.v1.field) = { if: "x.n > 0" by: "x.s" }]; string from_y = 2 [(bff.v1.field) = { by: "y.maybe" }];
               string none = 3 [(bff.v1.field) = { by: "'none'" default: true }]; } ${D} }`,
});

describe("presence and conversion", () => {
  const base = { env: { LIMIT: 3 }, now: 1000 };
  it("a pure path keeps unset fields unset, and a computed value sets", () => {
    expect(get("Presence", { ...base, calls: [A({})] }).answer).toEqual({
      computed: "!",
      at: "1970-01-01T00:00:01Z",
      limit: "4",
      boxed: 0,
    });
    const res = { maybe: "", inner: { big: "5" }, wrapped: "w", left: "", big: "1000", list: ["l"], n: 2 };
    expect(get("Presence", { ...base, calls: [A(res)] }).answer).toEqual({
      path: "",
      computed: "!",
      deep: "5",
      wrapped: "w",
      left: "",
      small: 2000,
      list: ["l"],
      at: "1970-01-01T00:00:01Z",
      limit: "4",
      boxed: 2,
      same: { big: "5" },
    });
  });

  it("unset arguments stay unset, also in composed messages, and paths and spreads pass them on", () => {
    expect(get("Noted", { calls: [] }).answer).toEqual({ computed: "!" });
    expect(get("Noted", { request: { note: "" }, calls: [] }).answer).toEqual({ note: "", computed: "!" });
    expect(get("AroundNoted", { calls: [A({})] }).answer).toEqual({
      given: { computed: "!" },
      handed: { computed: "!" },
    });
  });

  it("`has` tests arguments that all places set by a path with presence; `ok` tests arguments under an `if`", () => {
    expect(get("AroundAsked", { calls: [A({})] }).answer).toEqual({ given: { or: "none" }, mixed: {} });
    expect(get("AroundAsked", { calls: [A({ maybe: "" })] }).answer).toEqual({
      given: { has: true, note: "" },
      mixed: { note: "", given: true },
    });
  });

  it("a number outside its type's range fails the response", () => {
    expect(get("Presence", { ...base, calls: [A({ big: "2000000000" })] }).statuses).toEqual([[13]]);
  });

  it("an alias prunes fields, maps enums, and keeps unset fields unset", () => {
    const full = {
      s: "s",
      n: 3,
      maybe: "",
      inner: { tag: "pruned", big: "5" },
      items: [{ id: "1", name: "one" }],
      kind: "KIND_X",
      byId: { k: { name: "k" } },
      kinds: ["KIND_Y", "KIND_X"],
      right: { big: "6" },
      wrapped: "w",
    };
    expect(get("Aliased", { calls: [A(full)] }).answer).toEqual({
      copy: {
        s: "s",
        count: 3,
        maybe: "",
        inner: { big: "5" },
        items: [{ name: "one" }],
        kind: "KIND_EX",
        byId: { k: { name: "k" } },
        kinds: ["KIND_OTHER", "KIND_EX"],
        right: { big: "6" },
        wrapped: "w",
      },
      kinds: ["KIND_EX"],
    });
    expect(get("Aliased", { calls: [A({})] }).answer).toEqual({ copy: {} });
  });

  it("autobind fills fields without a source", () => {
    expect(get("Auto", { calls: [A({ maybe: "m", list: ["l"], inner: { big: "1" } })] }).answer).toEqual({
      maybe: "m",
      list: ["l"],
      inner: { big: "1" },
    });
    expect(get("AutoUnnamed", { calls: [A({ maybe: "m", list: ["l"] })] }).answer).toEqual({ maybe: "m", list: ["l"] });
    expect(get("Auto", { calls: [A(dead)] }).degraded).toEqual([up("maybe"), up("list"), up("inner")]);
  });

  it("a oneof takes the first member whose condition holds", () => {
    expect(get("Pick", { calls: [A({ n: 1, s: "x" }), B({ maybe: "y" })] }).answer).toEqual({ fromX: "x" });
    expect(get("Pick", { calls: [A({}), B({ maybe: "y" })] }).answer).toEqual({ fromY: "y" });
    expect(get("Pick", { calls: [A({}), B({})] })).toEqual({ answer: { none: "none" } });
    expect(get("Pick", { calls: [A(dead), B({})] })).toMatchObject({
      answer: { none: "none" },
      degraded: [up("from_x"), up("none?", "REPLACED")],
    });
  });
});
