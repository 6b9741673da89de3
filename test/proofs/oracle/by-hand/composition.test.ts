// Messages in messages, and what is rarer: answers written by hand from language.md.
import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type Call, fails, irOf, run, type Scenario, verdicts } from "../scenario.ts";
import { degradedHeader } from "../taints/taint.ts";
import { mismatch } from "../verdict.ts";
import { A, a, B, b, bff, by, C, DO, dead, message, UPSTREAM, up } from "./small-protos.ts";

const child = (name: string, steps: readonly string[], fields: string) =>
  `message ${name} { option (bff.v1.message) = { let: [${steps.map((step) => `{ ${step} }`).join(", ")}] }; ${fields} }`;
const compose = (name: string, args = "") => `compose: { message: "${name}" ${args} }`;

const rooted = {
  Upwards: message(
    "Upwards",
    [`name: "x" call: { method: "up.v1.Up/A" set: [{ name: "kind" by: "args.kind" }] }`],
    `string s = 1 ${by("x.s")};`,
  ),
  Asked: message(
    "Asked",
    [
      `name: "rich" supplementary: true ${a}`,
      `name: "items" supplementary: true each: { var: "n" in: "[1, 2]" call: { method: "up.v1.Up/B" set: [{ name: "n" by: "n" }, { name: "id" by: "ok(rich) ? 'r' : 'x'" }] } }`,
    ],
    `optional bool there = 1 ${by("ok(items)")};`,
  ),
  TwoEffects: message(
    "TwoEffects",
    [
      `name: "rich" supplementary: true ${a}`,
      `name: "named" supplementary: true each: { var: "n" in: "[1, 2]" by: "rich.s" }`,
      `name: "later" supplementary: true ${b}`,
    ],
    `repeated string asked = 1 ${by("named.map(e, ok(rich) ? e : 'x')")}; repeated string both = 2 ${by("ok(later) ? named : named.filter(e, e != '')")};`,
  ),
  LeftOut: message(
    "LeftOut",
    [
      `name: "rich" supplementary: true ${a}`,
      `name: "x" ${b}`,
      `name: "names" supplementary: true each: { var: "i" in: "x.items" by: "i.n > 0 ? i.name : rich.s" }`,
      `name: "picked" supplementary: true each: { var: "i" in: "x.items" if: "ok(rich) || i.n == 1" by: "i.name" }`,
    ],
    `repeated string names = 1 ${by("names")}; repeated string picked = 2 ${by("picked")};`,
  ),
  Deep: message(
    "Deep",
    [`name: "x" ${a}`, `name: "outer" ${compose("Outer", `args: [{ spread: "x" }, { name: "id" by: "args.id" }]`)}`],
    `Outer outer = 1 ${by("outer")}; optional string leaf = 2 ${by("outer.inner.y")};`,
  ),
  IntKeys: message(
    "IntKeys",
    [
      `name: "x" ${a}`,
      `name: "leaves" each: { var: "i" in: "x.items" key: "i.n" ${compose("Leaf", `args: { name: "id" by: "i.id" }`)} }`,
    ],
    `map<int32, Leaf> leaves = 1 ${by("leaves")};`,
  ),
  Nested: message(
    "Nested",
    [`name: "x" ${a}`, `name: "strict" ${compose("Guarded", `args: { name: "id" by: "args.id" }`)}`],
    `Guarded strict = 1 ${by("strict")}; string s = 2 ${by("x.s")};`,
  ),
  Quick: message(
    "Quick",
    [`name: "quick" ${compose("Immediate", `args: { name: "id" by: "args.id" }`)}`],
    `Immediate quick = 1 ${by("quick")};`,
  ),
  Through: message(
    "Through",
    [
      `name: "first" ${a}`,
      `name: "second" by: "first.s + '!'"`,
      `name: "r" switch: { case: { if: "args.flag" by: "second" } }`,
    ],
    `optional string r = 1 ${by("r")};`,
  ),
  Inherited: message(
    "Inherited",
    [
      `name: "x" call: { method: "up.v1.Up/C" set: { name: "id" by: "args.id" } on_error: { on: [INTERNAL] ignore: true } }`,
    ],
    `optional string s = 1 ${by("x.s")};`,
  ),
  Sending: message(
    "Sending",
    [`name: "x" ${a}`, `name: "sent" supplementary: true ${compose("Sender", `args: { name: "id" by: "args.id" }`)}`],
    `Sender sent = 1 ${by("sent")}; string s = 2 ${by("x.s")};`,
  ),
  Reused: message(
    "Reused",
    [
      `name: "leaf" ${compose("Leaf", `args: { name: "id" by: "args.id" }`)}`,
      `name: "alias" supplementary: true by: "leaf"`,
    ],
    `Leaf one = 1 ${by("leaf")}; Leaf two = 2 ${by("leaf")}; Leaf three = 3 ${by("alias")};`,
  ),
};
const further = [
  child(
    "Outer",
    [`name: "inner" ${compose("Leaf", `args: { name: "id" by: "args.id" }`)}`],
    `Leaf inner = 1 ${by("inner")}; string s = 2 ${by("args.s")};`,
  ),
  child(
    "Leaf",
    [`name: "y" supplementary: true call: { method: "up.v1.Up/B" set: { name: "id" by: "args.id" } }`],
    `optional string y = 1 ${by("y.s")};`,
  ),
  child(
    "Guarded",
    [`name: "y" ${b}`, `guard: { if: "y.n == 1" fail: { code: NOT_FOUND message: "inside" } }`],
    `string s = 1 ${by("y.s")};`,
  ),
  child(
    "Immediate",
    [`guard: { if: "args.id == 'bad'" fail: { code: NOT_FOUND } }`, `name: "y" ${b}`],
    `string s = 1 ${by("y.s")};`,
  ),
  child(
    "Sender",
    [`name: "y" ${b}`, `name: "did" call: { method: "up.v1.Up/Do" set: { name: "id" by: "args.id" } }`],
    `string s = 1 ${by("did.s")};`,
  ),
];
const proto = bff([...Object.values(rooted), ...further].join("\n"), Object.keys(rooted))
  .replace("optional string note = 4; }", "optional string note = 4; Kind kind = 5; }")
  .replace(
    "env: [",
    `upstream: { service: "up.v1.Up" on_error: [{ on: [INTERNAL, NOT_FOUND] fallback: "up.v1.Res{s: 'inherited'}" }] } env: [`,
  );
const inherited = irOf({ "up/v1/up.proto": UPSTREAM, "b/v1/b.proto": proto });
const ir = irOf({ "up/v1/up.proto": UPSTREAM, "b/v1/b.proto": proto.replace(/upstream: .* env: \[/, "env: [") });
const get = (name: keyof typeof rooted, scenario: Scenario, of = ir) =>
  run(of, `b.v1.S/Get${name}`, { ...scenario, request: { id: "i", ...(scenario.request as object) } });

describe("an enum value towards upstreams", () => {
  it("is the first alias; a value without an alias fails with INVALID_ARGUMENT", () => {
    expect(get("Upwards", { request: { kind: "KIND_EX" }, calls: [A({ s: "s" }, { kind: "KIND_X" })] })).toEqual({
      answer: { s: "s" },
    });
    expect(get("Upwards", { calls: [] }).statuses).toEqual([[3]]);
  });
});

describe("left-out items", () => {
  it("are INCOMPLETE if a failure is the cause, and REPLACED if an `if` reads it", () => {
    const x = B({
      items: [
        { id: "1", n: 1, name: "one" },
        { id: "2", name: "two" },
      ],
    });
    const whole = { names: ["one", "r"], picked: ["one", "two"] };
    expect(get("LeftOut", { calls: [A({ s: "r" }), x] })).toEqual({ answer: whole });
    // `names` reads `rich` unsafely in every item, whichever arm it would take.
    expect(get("LeftOut", { calls: [A(dead), x] })).toMatchObject({
      answer: { picked: ["one"] },
      degraded: [up("names", "INCOMPLETE"), up("picked", "REPLACED")],
    });
  });

  it("have the effect of the named cause, and REPLACED for a step with two effects", () => {
    expect(get("TwoEffects", { calls: [A(dead), B(fails("NOT_FOUND"))] })).toMatchObject({
      degraded: [up("asked", "REPLACED"), up("both", "INCOMPLETE")],
    });
  });

  it("degrade their list by the steps that the items depend on, even if one of them fails", () => {
    const calls = [A(fails("NOT_FOUND")), B(dead, { id: "x", n: 1 }), B({}, { id: "x", n: 2 })];
    expect(get("Asked", { calls }).degraded).toEqual([up("there", "REPLACED", "REJECTED")]);
  });
});

describe("composed messages", () => {
  it("have paths through messages, lists and maps, and one entry if their fields are read", () => {
    expect(get("Deep", { calls: [A({ s: "x" }), B(dead)] })).toMatchObject({
      answer: { outer: { inner: {}, s: "x" } },
      degraded: [up("outer.inner.y"), up("leaf")],
    });
    const calls = [
      A({
        items: [
          { id: "p", n: 7 },
          { id: "q", n: 8 },
        ],
      }),
      B({ s: "p" }, { id: "p" }),
      B(dead, { id: "q" }),
    ];
    expect(get("IntKeys", { calls })).toMatchObject({ degraded: [up("leaves[8].y")], header: "leaves[*].y" });
  });

  it("record one value in two fields twice, and the same value under another name once", () => {
    expect(get("Reused", { calls: [B(dead)] }).degraded).toEqual([up("one.y"), up("two.y"), up("three", "REPLACED")]);
  });

  it("have guards whose failure may precede or follow a critical failure", () => {
    expect(get("Nested", { calls: [A({}), B({ n: 1 })] }).statuses).toEqual([[5, "inside"]]);
    expect(get("Nested", { calls: [A(dead), B({ n: 1 })] }).statuses).toEqual([[5, "inside"], [14]]);
    expect(get("Nested", { calls: [A(dead)] }).statuses).toEqual([[14]]);
  });

  it("have guards over arguments that precede any call of the message", () => {
    expect(get("Quick", { request: { id: "bad" }, calls: [] })).toEqual({ statuses: [[5]] });
    expect(get("Quick", { request: { id: "bad" }, calls: [B({}, { id: "bad" })] }).unasked).toEqual(["up.v1.Up/B"]);
  });

  it("have side effects that wait for the critical steps of the outer message", () => {
    expect(get("Sending", { calls: [A({}), B({}), DO({ s: "done" })] })).toEqual({ answer: { sent: { s: "done" } } });
    expect(get("Sending", { calls: [A(dead), B({}), DO({})] })).toEqual({ statuses: [[14]], unasked: ["up.v1.Up/Do"] });
    expect(get("Sending", { calls: [A({}), B(dead)] }).degraded).toEqual([up("sent")]);
    expect(get("Sending", { calls: [A({}), B(dead), DO({})] }).unasked).toEqual(["up.v1.Up/Do"]);
    expect(get("Sending", { calls: [A({}), B({})] }).missing).toEqual(['up.v1.Up/Do {"id":"i"}']);
  });
});

describe("policies and choices", () => {
  it("on_error of an upstream's entry follows the call's own", () => {
    const state = (code: Parameters<typeof fails>[0]) => get("Inherited", { calls: [C(fails(code))] }, inherited);
    expect(state("INTERNAL")).toEqual({ answer: {} });
    expect(state("NOT_FOUND")).toMatchObject({
      answer: { s: "inherited" },
      degraded: [up("s", "REPLACED", "REJECTED")],
    });
    expect(state("UNAVAILABLE").statuses).toEqual([[14]]);
    expect(get("Inherited", { calls: [C(fails("NOT_FOUND"))] }).statuses).toEqual([[13]]);
  });

  it("steps read only through an unselected case may run or not", () => {
    expect(get("Through", { request: { flag: true }, calls: [A({ s: "x" })] })).toEqual({ answer: { r: "x!" } });
    expect(get("Through", { calls: [] })).toEqual({ answer: {} });
    expect(get("Through", { calls: [A({ s: "x" })] })).toEqual({ answer: {} });
  });
});

describe("answers", () => {
  const [verdict] = verdicts(ir, "b.v1.S/GetLeftOut", {
    request: { id: "i" },
    calls: [A(dead), B({ items: [{ n: 1 }] })] as Call[],
  });
  const [acceptable] = verdict?.acceptable ?? [];
  if (verdict === undefined || acceptable?.kind !== "answer") throw new Error("no answer");
  const got = {
    kind: "answer" as const,
    message: toBinary(verdict.schema, acceptable.message),
    degradedHeader: "names,picked",
  };

  it("must match in bytes, entries and header", () => {
    expect(mismatch(verdict, got)).toBeUndefined();
    expect(mismatch(verdict, { ...got, degradedHeader: undefined })).toMatch("bff-degraded");
    expect(mismatch(verdict, { ...got, message: new Uint8Array() })).toBe('answer.picked: expected [""], got nothing');
  });

  it("have a long header with the number of omitted fields", () => {
    const paths = Array.from({ length: 100 }, (_, at) => `a_rather_long_field_name_${at}`);
    const header = degradedHeader(paths);
    expect(header.length).toBeLessThan(1030);
    expect(header).toMatch(/,\+\d+$/);
    expect(header.split(",").length - 1 + Number(header.split("+")[1])).toBe(100);
    expect(degradedHeader(['a["x].[y"].b', "a[3].b", "c"])).toBe("a[*].b,c");
  });
});
