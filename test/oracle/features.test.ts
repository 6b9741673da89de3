// One small message per feature of the language; expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { Evaluator } from "./expression.ts";
import { type Call, fails, irOf, run, type Scenario, verdicts, written } from "./scenario.ts";
import { A, a, B, b, bff, by, C, D, DO, dead, message, UPSTREAM, up } from "./small-protos.ts";

const rooted = {
  // absence
  Ok: message(
    "Ok",
    [`name: "rich" supplementary: true ${a}`, `name: "plain" ${b}`],
    `string text = 1 ${by("ok(rich) ? rich.s : plain.s")}; optional string unsafe = 2 ${by("rich.s + plain.s")}; bool has_rich = 3 ${by("ok(rich)")};
     optional string also = 4 ${by("!ok(rich) || rich.s == '' ? 'none' : rich.s")};`,
  ),
  Order: message(
    "Order",
    [
      `name: "late" supplementary: true by: "second.s + first.s"`,
      `name: "second" supplementary: true ${b}`,
      `name: "first" supplementary: true ${a}`,
    ],
    `optional string text = 1 ${by("late")}; optional string other = 2 ${by("first.s + second.s")};`,
  ),
  Fallback: message(
    "Fallback",
    [
      `name: "x" supplementary: true fallback: "up.v1.Res{s: 'instead'}" ${a}`,
      `name: "y" if: "args.flag" fallback: "up.v1.Res{s: 'off'}" ${b}`,
    ],
    `string x = 1 ${by("x.s")}; string y = 2 ${by("y.s")};`,
  ),
  Conditional: message(
    "Conditional",
    [
      `name: "x" supplementary: true ${a}`,
      `name: "y" supplementary: true if: "ok(x) && x.n > 0" ${b}`,
      `name: "z" if: "args.flag" by: "'z'"`,
    ],
    `optional string y = 1 ${by("y.s")}; optional string z = 2 ${by("z")};`,
  ),
  Chosen: message(
    "Chosen",
    [
      `name: "x" ${a}`,
      `name: "y" ${b}`,
      `name: "r" switch: { case: [{ if: "args.n == 1" by: "x.s" }, { if: "args.n == 2" by: "y.s" }] default: "'none'" }`,
    ],
    `string r = 1 ${by("r")};`,
  ),
  SwitchTaint: message(
    "SwitchTaint",
    [
      `name: "x" supplementary: true ${a}`,
      `name: "y" supplementary: true ${b}`,
      `name: "r" switch: { case: [{ if: "args.flag" by: "'flag'" }, { if: "ok(x)" by: "x.s" }, { if: "ok(y)" by: "y.s" }] default: "'none'" }`,
    ],
    `string r = 1 ${by("r")};`,
  ),
  // presence and conversion
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
  Pick: `message Pick { option (bff.v1.message) = { let: [{ name: "x" supplementary: true ${a} }, { name: "y" ${b} }] };
    oneof of { string from_x = 1 [(bff.v1.field) = { if: "x.n > 0" by: "x.s" }]; string from_y = 2 [(bff.v1.field) = { by: "y.maybe" }];
               string none = 3 [(bff.v1.field) = { by: "'none'" default: true }]; } ${D} }`,
  // lists
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
  // resolvers
  Supplied: message(
    "Supplied",
    [`name: "x" ${a}`, `name: "y" supplementary: true ${b}`, `guard: { if: "x.n == 1" fail: { code: ABORTED } }`],
    `string s = 1 [(bff.v1.field).resolver = true]; optional string maybe = 2 [(bff.v1.field).resolver = true];
     repeated string list = 3 [(bff.v1.field).resolver = true]; string by_x = 4 ${by("x.s")};
     oneof pick { string left = 5 [(bff.v1.field) = { if: "args.flag" resolver: true }]; string right = 6 ${by("'right'")}; }`,
  ),
  Whole: `message Whole { option (bff.v1.message) = { resolver: true
    let: [{ name: "x" ${a} }, { name: "y" supplementary: true ${b} }] }; string s = 1; optional string note = 2; repeated string list = 3;
    oneof pick { string left = 4; int32 right = 5; } ${D} }`,
  Around: message(
    "Around",
    [
      `name: "y" supplementary: true ${b}`,
      `name: "part" supplementary: true compose: { message: "Part" args: [{ name: "id" by: "args.id" }, { name: "y" by: "y" }] }`,
    ],
    `Part part = 1 ${by("part")};`,
  ),
  // failures
  Rules: message(
    "Rules",
    [
      `name: "ignored" call: { method: "up.v1.Up/A" set: { name: "id" by: "args.id" } on_error: { on: [NOT_FOUND] ignore: true } }`,
      `name: "replaced" call: { method: "up.v1.Up/B" set: { name: "id" by: "args.id" } on_error: { if: "error.code == 14" fallback: "up.v1.Res{s: 'fb'}" } }`,
      `name: "fatal" supplementary: true call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } on_error: [{ on: [NOT_FOUND] fail: { message: "no {args.id}: {{{error.message}}" } }, { on: [PERMISSION_DENIED] fail: { code: UNAUTHENTICATED } }] }`,
    ],
    `optional string ignored = 1 ${by("ignored.s")}; string replaced = 2 ${by("replaced.s")}; optional string fatal = 3 ${by("fatal.s")};`,
  ),
  Guarded: message(
    "Guarded",
    [
      `name: "x" ${a}`,
      `name: "y" ${b}`,
      `guard: { if: "x.n == 1" fail: { code: PERMISSION_DENIED message: "first" } }`,
      `guard: { if: "x.n == 1 || y.n == 1" fail: { code: NOT_FOUND message: "second {x.s}" } }`,
    ],
    `string s = 1 ${by("x.s + y.s")};`,
  ),
  Effects: message(
    "Effects",
    [
      `name: "x" ${a}`,
      `name: "done" call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } }`,
      `after: ["done"] call: { method: "up.v1.Up/Do" set: { name: "id" by: "'2'" } }`,
      `guard: { if: "x.n == 1" fail: { code: ABORTED } }`,
    ],
    `string s = 1 ${by("done.s")};`,
  ),
  Broken: message(
    "Broken",
    [
      `name: "x" ${a}`,
      `name: "bad" supplementary: true by: "x.list[args.n]"`,
      `name: "y" supplementary: true call: { method: "up.v1.Up/B" set: { name: "n" by: "int(x.big) + 1" } }`,
    ],
    `optional string bad = 1 ${by("bad")}; optional string y = 2 ${by("y.s")};`,
  ),
  BrokenField: message("BrokenField", [`name: "x" ${a}`], `string bad = 1 ${by("x.list[args.n]")};`),
  Requests: message(
    "Requests",
    [
      `name: "x" call: { method: "up.v1.Up/A" request: "up.v1.Req{id: 'base', n: 7}" set: [{ spread: "args" }, { name: "inner.tag" by: "'t'" }, { name: "inner.big" by: "args.n" if: "args.flag" }] }`,
      `name: "y" call: { method: "up.v1.Up/B" set: { name: "note" by: "args.note" } }`,
    ],
    `string s = 1 ${by("x.s + y.s")};`,
  ),
};
const further = [
  `message Card { option (bff.v1.message) = { let: [{ name: "more" supplementary: true call: { method: "up.v1.Up/B" set: { name: "id" by: "args.item.id" } } },
     { name: "need" call: { method: "up.v1.Up/C" set: { name: "id" by: "args.item.id" } } }] };
     string name = 1 ${by("args.item.name")}; optional string more = 2 ${by("more.s")}; string need = 3 ${by("need.s")}; }`,
  `message Part { option (bff.v1.message).resolver = true; string s = 1; }`,
  `message Child { string stock = 1 ${by("ok(args.stock) ? args.stock.s : 'unknown'")}; optional string raw = 2 ${by("args.stock.s")}; optional int32 n = 3 ${by("args.n")}; }`,
  `message Strict { option (bff.v1.message) = { let: [{ name: "y" ${b} }, { guard: { if: "y.n == 1" fail: { code: NOT_FOUND } } }] }; string s = 1 ${by("y.s")}; }`,
];
const ir = irOf({
  "up/v1/up.proto": UPSTREAM,
  "b/v1/b.proto": bff([...Object.values(rooted), ...further].join("\n"), Object.keys(rooted)),
});

const get = (name: keyof typeof rooted, scenario: Scenario) =>
  run(ir, `b.v1.S/Get${name}`, { ...scenario, request: { id: "i", ...(scenario.request as object) } });
describe("absence", () => {
  it("safe reads replace, unsafe ones are not evaluated, ok is a read", () => {
    expect(get("Ok", { calls: [A({ s: "a" }), B({ s: "b" })] }).answer).toEqual({
      text: "a",
      unsafe: "ab",
      hasRich: true,
      also: "a",
    });
    const { answer, degraded } = get("Ok", { calls: [A(dead), B({ s: "b" })] });
    expect(answer).toEqual({ text: "b", also: "none" });
    expect(degraded).toEqual([
      up("text", "REPLACED"),
      up("unsafe"),
      up("has_rich", "REPLACED"),
      up("also", "REPLACED"),
    ]);
  });

  it("several causes: the first declared step that failed", () => {
    const { degraded } = get("Order", { calls: [A(fails("NOT_FOUND")), B(fails("DEADLINE_EXCEEDED"))] });
    expect(degraded).toEqual([up("text", "MISSING", "TIMEOUT"), up("other", "MISSING", "TIMEOUT")]);
  });

  it("a fallback stands in for any absence and is recorded only after a failure", () => {
    const { answer, degraded } = get("Fallback", { calls: [A(dead)] });
    expect(answer).toEqual({ x: "instead", y: "off" });
    expect(degraded).toEqual([up("x", "REPLACED")]);
    expect(get("Fallback", { request: { flag: true }, calls: [A({}), B(dead)] }).statuses).toEqual([[14]]);
  });

  it("an if carries the failure that it reads", () => {
    expect(get("Conditional", { calls: [A({ n: 0 })] })).toEqual({ answer: {} });
    expect(get("Conditional", { calls: [A(dead)] })).toMatchObject({ answer: {}, degraded: [up("y")] });
    expect(get("Conditional", { request: { flag: true }, calls: [A({ n: 1 }), B({ s: "y" })] })).toEqual({
      answer: { y: "y", z: "z" },
    });
  });

  it("a step that one case reads runs only when that case is chosen", () => {
    expect(get("Chosen", { request: { n: 1 }, calls: [A({ s: "x" })] })).toEqual({ answer: { r: "x" } });
    expect(get("Chosen", { request: { n: 2 }, calls: [B({ s: "y" })] })).toEqual({ answer: { r: "y" } });
    expect(get("Chosen", { calls: [] })).toEqual({ answer: { r: "none" } });
    expect(get("Chosen", { calls: [A({})] }).unasked).toEqual(["up.v1.Up/A"]);
    expect(get("Chosen", { request: { n: 1 }, calls: [A(dead)] }).statuses).toEqual([[14]]);
  });

  it("a switch is touched through its ifs up to the chosen case, and that case", () => {
    const degraded = (flag: boolean, calls: Call[]) => get("SwitchTaint", { request: { flag }, calls }).degraded;
    expect(degraded(true, [A(dead), B(dead)])).toBeUndefined();
    expect(degraded(false, [A({ s: "x" }), B(dead)])).toBeUndefined();
    expect(degraded(false, [A(dead), B({ s: "y" })])).toEqual([up("r", "REPLACED")]);
    expect(degraded(false, [A(dead), B(fails("NOT_FOUND"))])).toEqual([up("r", "REPLACED")]);
  });
});

describe("presence and conversion", () => {
  const base = { env: { LIMIT: 3 }, now: 1000 };
  it("a pure path leaves unset what is unset on the way; a computed value sets", () => {
    expect(get("Presence", { ...base, calls: [A({})] }).answer).toEqual({
      computed: "!",
      at: "1970-01-01T00:00:01Z",
      limit: "4",
      boxed: 0,
    });
    const res = { maybe: "", inner: { big: "5" }, wrapped: "w", left: "", big: "1000", list: ["l"], n: 2 };
    expect(get("Presence", { ...base, calls: [A(res)] }).answer).toEqual({
      ...{ path: "", computed: "!", deep: "5", wrapped: "w", left: "", small: 2000, list: ["l"] },
      ...{ at: "1970-01-01T00:00:01Z", limit: "4", boxed: 2, same: { big: "5" } },
    });
  });

  it("what a request leaves unset is unset, also for a message composed elsewhere; a composing step gives values", () => {
    expect(get("Noted", { calls: [] }).answer).toEqual({ computed: "!" });
    expect(get("Noted", { request: { note: "" }, calls: [] }).answer).toEqual({ note: "", computed: "!" });
    expect(get("AroundNoted", { calls: [A({})] }).answer).toEqual({
      given: { note: "", computed: "!" },
      handed: { note: "", computed: "!" },
    });
  });

  it("a number that does not fit fails the response", () => {
    expect(get("Presence", { ...base, calls: [A({ big: "2000000000" })] }).statuses).toEqual([[13]]);
  });

  it("an alias prunes, maps enums, and keeps what is unset unset", () => {
    const full = {
      ...{
        s: "s",
        n: 3,
        maybe: "",
        inner: { tag: "pruned", big: "5" },
        items: [{ id: "1", name: "one" }],
        kind: "KIND_X",
      },
      ...{ byId: { k: { name: "k" } }, kinds: ["KIND_Y", "KIND_X"], right: { big: "6" }, wrapped: "w" },
    };
    expect(get("Aliased", { calls: [A(full)] }).answer).toEqual({
      copy: {
        ...{ s: "s", count: 3, maybe: "", inner: { big: "5" }, items: [{ name: "one" }], kind: "KIND_EX" },
        ...{ byId: { k: { name: "k" } }, kinds: ["KIND_OTHER", "KIND_EX"], right: { big: "6" }, wrapped: "w" },
      },
      kinds: ["KIND_EX"],
    });
    expect(get("Aliased", { calls: [A({})] }).answer).toEqual({ copy: {} });
  });

  it("autobind fills what has no source", () => {
    expect(get("Auto", { calls: [A({ maybe: "m", list: ["l"], inner: { big: "1" } })] }).answer).toEqual({
      ...{ maybe: "m", list: ["l"], inner: { big: "1" } },
    });
    expect(get("Auto", { calls: [A(dead)] }).degraded).toEqual([up("maybe"), up("list"), up("inner")]);
  });

  it("a oneof takes the first member that holds", () => {
    expect(get("Pick", { calls: [A({ n: 1, s: "x" }), B({ maybe: "y" })] }).answer).toEqual({ fromX: "x" });
    expect(get("Pick", { calls: [A({}), B({ maybe: "y" })] }).answer).toEqual({ fromY: "y" });
    expect(get("Pick", { calls: [A({}), B({})] })).toEqual({ answer: { none: "none" } });
    expect(get("Pick", { calls: [A(dead), B({})] })).toMatchObject({
      answer: { none: "none" },
      degraded: [up("from_x"), up("none?", "REPLACED")],
    });
  });
});

describe("lists", () => {
  const three = { items: [{ id: "1" }, { id: "2" }, { id: "3", n: -1 }] };
  it("partial leaves failing items out: INCOMPLETE in lists, REPLACED elsewhere", () => {
    const calls = [A(three), B(dead, { id: "1" }), B({ s: "two" }, { id: "2" })];
    expect(get("Parts", { calls })).toMatchObject({
      answer: { names: ["two"], count: 1 },
      degraded: [up("names", "INCOMPLETE"), up("count", "REPLACED")],
    });
  });

  it("none succeeded: the step fails; no items: it does not", () => {
    expect(
      get("Parts", { calls: [A(three), B(dead, { id: "1" }), B(fails("NOT_FOUND"), { id: "2" })] }).statuses,
    ).toEqual([[14]]);
    expect(get("Parts", { calls: [A({})] })).toEqual({ answer: {} });
    expect(get("PartsOptional", { calls: [A({ items: [{ id: "1" }] }), B(dead, { id: "1" })] }).degraded).toEqual([
      up("names"),
    ]);
  });

  it("more than max items: no call, the step fails", () => {
    expect(get("PartsOptional", { calls: [A(three)] }).degraded).toEqual(["names MISSING INVALID"]);
  });

  it("a key twice fails the step", () => {
    expect(get("Keyed", { calls: [A({ items: [{ id: "1", name: "x" }] })] }).answer).toEqual({ byId: { 1: "x" } });
    expect(get("Keyed", { calls: [A({ items: [{ id: "1" }, { id: "1" }] })] }).degraded).toEqual([
      "by_id MISSING INVALID",
    ]);
  });

  it("composed children: paths by position after leaving out, keys, and one entry for who reads into them", () => {
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
        "details REPLACED UNAVAILABLE up.v1.Up|TIMEOUT up.v1.Up",
      ],
      header: "cards,cards[*].more,keyed,keyed[*].more,details",
    });
  });

  it("arguments carry absence and its cause", () => {
    const strict = B({ s: "strict" });
    expect(get("Children", { calls: [A(dead), strict] })).toMatchObject({
      answer: { child: { stock: "unknown" }, careful: { s: "strict" } },
      degraded: [up("child.stock", "REPLACED"), up("child.raw")],
    });
    expect(get("Children", { request: { flag: true, n: 4 }, calls: [A({ s: "5" }), strict] })).toEqual({
      answer: { child: { stock: "5", raw: "5", n: 4 }, careful: { s: "strict" } },
    });
  });

  it("a supplementary child that fails is absent; its guard fails the response", () => {
    expect(get("Children", { calls: [A({}), B(dead)] }).degraded).toEqual([up("careful")]);
    expect(get("Children", { calls: [A({}), B({ n: 1 })] }).statuses).toEqual([[5]]);
  });

  it("batches: map items, groups, many", () => {
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
});

describe("resolvers", () => {
  const supplied = {
    "b.v1.Supplied.s": (args: Readonly<Record<string, unknown>>) => `hello ${args.id}`,
    "b.v1.Supplied.maybe": () => undefined,
    "b.v1.Supplied.list": (_: unknown, steps: object) => Object.keys(steps),
    "b.v1.Supplied.left": () => "left",
  };
  const throws = () => {
    throw new Error("no");
  };
  it("supply fields; each is given all steps, so it is touched with them", () => {
    const calls = [A({ s: "x" }), B({})];
    const fine = { s: "hello i", list: ["x", "y"], byX: "x", right: "right" };
    expect(get("Supplied", { calls, resolvers: supplied })).toEqual({ answer: fine });
    const request = { flag: true };
    const left = { s: "hello i", list: ["x", "y"], byX: "x", left: "left" };
    expect(get("Supplied", { request, calls, resolvers: supplied })).toEqual({ answer: left });
    expect(get("Supplied", { calls: [A({ s: "x" }), B(dead)], resolvers: supplied })).toMatchObject({
      answer: { ...fine, list: ["x"] },
      degraded: [up("s", "REPLACED"), up("maybe"), up("list", "REPLACED")],
    });
  });
  it("fail like calls: the response, or a field that may be absent", () => {
    const calls = [A({ s: "x" }), B({})];
    expect(get("Supplied", { calls, resolvers: { ...supplied, "b.v1.Supplied.s": throws } }).statuses).toEqual([[13]]);
    const { answer, degraded } = get("Supplied", {
      calls,
      resolvers: { ...supplied, "b.v1.Supplied.maybe": throws, "b.v1.Supplied.list": throws },
    });
    expect(answer).toEqual({ s: "hello i", byX: "x", right: "right" });
    expect(degraded).toEqual(["maybe MISSING INVALID", "list MISSING INVALID"]);
    expect(get("Supplied", { calls: [A({ n: 1 }), B({})], resolvers: supplied }).statuses).toEqual([[10]]);
  });
  it("supply whole messages, alone and as parts of others", () => {
    const resolvers = { "b.v1.Whole": () => ({ s: "s", left: "l" }), "b.v1.Part": () => ({ s: "part" }) };
    expect(get("Whole", { calls: [A({}), B({})], resolvers })).toEqual({ answer: { s: "s", left: "l" } });
    expect(get("Whole", { calls: [A({}), B(dead)], resolvers }).degraded).toEqual([
      up("s", "REPLACED"),
      up("note"),
      up("list", "REPLACED"),
      up("left", "REPLACED"),
    ]);
    expect(get("Whole", { calls: [A(dead), B({})], resolvers }).statuses).toEqual([[14]]);
    expect(get("Around", { calls: [B({})], resolvers })).toEqual({ answer: { part: { s: "part" } } });
    expect(get("Around", { calls: [B({})], resolvers: { "b.v1.Part": throws } })).toMatchObject({
      answer: {},
      degraded: ["part MISSING INVALID"],
    });
    expect(get("Around", { calls: [B(dead)], resolvers }).degraded).toEqual([up("part.s", "REPLACED")]);
  });
});

describe("failures", () => {
  it("on_error: ignored without cause, replaced, fatal from a supplementary step", () => {
    const fine = [A({}), B({}), C({})];
    expect(get("Rules", { calls: [A(fails("NOT_FOUND")), B(dead), C({ s: "c" })] })).toMatchObject({
      answer: { replaced: "fb", fatal: "c" },
      degraded: [up("replaced", "REPLACED")],
    });
    expect(get("Rules", { calls: [A(dead), ...fine.slice(1)] }).statuses).toEqual([[14]]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(fails("NOT_FOUND", "gone"))] }).statuses).toEqual([
      [5, "no i: {gone}"],
    ]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(fails("PERMISSION_DENIED"))] }).statuses).toEqual([[16]]);
    expect(get("Rules", { calls: [...fine.slice(0, 2), C(dead)] }).degraded).toEqual([up("fatal")]);
  });

  it("guards that hold win over critical failures, the first declared first", () => {
    expect(get("Guarded", { calls: [A({ n: 1 }), B({})] }).statuses).toEqual([[7, "first"]]);
    expect(get("Guarded", { calls: [A({ s: "s" }), B({ n: 1 })] }).statuses).toEqual([[5, "second s"]]);
    expect(get("Guarded", { calls: [A({ n: 1 }), B(dead)] }).statuses).toEqual([[7, "first"]]);
    expect(get("Guarded", { calls: [A(dead), B(fails("NOT_FOUND"))] }).statuses).toEqual([[14], [13]]);
    expect(get("Guarded", { calls: [A({}), B({})] })).toEqual({ answer: {} });
  });

  it("a guard's calls run on after a critical failure", () => {
    expect(get("Guarded", { calls: [B(dead)] }).statuses).toEqual([[14]]);
    expect(get("Guarded", { calls: [A({ n: 0 })] }).missing).toEqual(['up.v1.Up/B {"id":"i"}']);
  });

  it("side effects only after guards and critical steps, in order", () => {
    const done = [DO({ s: "done" }), DO({}, { id: "2" })];
    expect(get("Effects", { calls: [A({}), ...done] })).toEqual({ answer: { s: "done" } });
    expect(get("Effects", { calls: [A({ n: 1 })] }).statuses).toEqual([[10]]);
    expect(get("Effects", { calls: [A({ n: 1 }), ...done] }).unasked).toEqual(["up.v1.Up/Do", "up.v1.Up/Do"]);
    expect(get("Effects", { calls: [A(dead), ...done] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do", "up.v1.Up/Do"],
    });
    expect(get("Effects", { calls: [A({}), DO(dead), DO({}, { id: "2" })] })).toEqual({
      statuses: [[14]],
      unasked: ["up.v1.Up/Do"],
    });
    expect(get("Effects", { calls: [A({}), DO({})] }).missing).toEqual(['up.v1.Up/Do {"id":"2"}']);
  });

  it("an error in an expression is the step's failure; in a field the response's", () => {
    const { answer, degraded } = get("Broken", { request: { n: 1 }, calls: [A({ list: ["l"], big: "2147483647" })] });
    expect(answer).toEqual({});
    expect(degraded).toEqual(["bad MISSING INVALID", "y MISSING INVALID"]);
    expect(get("BrokenField", { request: { n: 1 }, calls: [A({ list: ["l"] })] }).statuses).toEqual([[13]]);
  });

  it("requests: base, spread, dotted paths, ifs, and what is unset", () => {
    const base = { id: "i", n: 5, inner: { tag: "t" } };
    const calls = [A({ s: "x" }, base), B({ s: "y" }, {})];
    expect(get("Requests", { request: { n: 5 }, calls })).toEqual({ answer: { s: "xy" } });
    const more = [A({ s: "x" }, { ...base, note: "", inner: { tag: "t", big: "5" } }), B({ s: "y" }, { note: "" })];
    expect(get("Requests", { request: { n: 5, flag: true, note: "" }, calls: more })).toEqual({ answer: { s: "xy" } });
  });
});

describe("functions that the oracle adds to CEL", () => {
  const value = (source: string) => new Evaluator(ir.registry, "b.v1").value(source, {});
  it.each([
    ["[3, 1, 2].sortBy(x, -x) == [3, 2, 1]"],
    ["['b', 'a'].sort() == ['a', 'b']"],
    ["[1, 2, 1].distinct() == [1, 2]"],
    ["[[1], [2, 3]].flatten() == [1, 2, 3]"],
    ["[1, 2].sum() == 3 && [0.5, 1.0].sum() == 1.5 && [1u, 2u].sum() == 3u"],
    ["math.greatest([1, 5, 3]) == 5 && math.greatest(1, 2) == 2"],
    ["cel.bind(n, [1, 2].size(), n == 2 ? n + 1 : 0) == 3"],
    ["b.v1.In{note: 'n'}.?note.orValue('none') == 'n' && b.v1.In{}.?note.orValue('.?x') == '.?x'"],
    ["optional.of(1).orValue(2) == 1 && !optional.none().hasValue()"],
    ["base64.encode(b'hello') == 'aGVsbG8='"],
    ["['a', 'b'].join(', ') == 'a, b' && ' x '.trim() == 'x' && 'abc'.substring(1) == 'bc' && 'abc'.charAt(1) == 'b'"],
    ["timestamp('1970-01-01T00:00:10Z') - duration('4s') == timestamp('1970-01-01T00:00:06Z')"],
    ["[duration('2s'), duration('1s')].sort()[0] == duration('1s')"],
    ["string(duration('90s')) == '90s'"],
  ])("%s", (source) => {
    expect(value(source)).toBe(true);
  });
});

describe("logs that can be read in several ways", () => {
  const rpc = "b.v1.S/GetBatched";
  const calls: Call[] = [
    A({ items: [{ id: "1" }, { id: "1" }] }),
    ["up.v1.Up/ItemMap", { ids: ["1"], group: "i" }, dead],
    ["up.v1.Up/ItemMap", { ids: ["1"], group: "i" }, { items: { 1: { name: "one" } } }],
    ["up.v1.Up/Items", { ids: ["i"] }, {}],
  ];
  it("a key asked for again after a failure", () => {
    const found = verdicts(ir, rpc, { request: { id: "i" }, calls }).map(written);
    expect(found).toContainEqual({ answer: { names: ["one", "one"] } });
    expect(found).toContainEqual({ statuses: [[14]] });
    expect(found.every((one) => one.unasked === undefined)).toBe(true);
  });
});
