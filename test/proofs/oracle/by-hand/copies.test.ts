// Copies with expressions and fallbacks: expected answers written by hand from language.md.
import { describe, expect, it } from "vitest";
import { irOf, run } from "../scenario.ts";
import { A, a, bffOf, by, dead, message } from "./small-protos.ts";

const rule = (text: string) => `[(bff.v1.field) = { ${text} }]`;
const { get } = bffOf(
  {
    Read: message("Read", [`name: "x" ${a}`], `Told told = 1 ${by("x")};`),
  },
  [
    `message Told { option (bff.v1.message).alias = "up.v1.Res";
       string s = 1 ${by("source.s + '!'")}; optional string maybe = 2 ${rule(`fallback: "'none'"`)};
       optional string tag = 3 ${rule(`by: "source.inner.tag" fallback: "'?'"`)}; optional string left = 4 ${by("source.left")};
       repeated string names = 5 ${by("source.items.map(i, i.name)")};
       optional Kind kind = 6 ${rule(`by: "source.kind" fallback: "Kind.KIND_EX"`)}; int32 count = 7 ${rule(`alias: "n"`)}; }`,
  ],
);

const UP = `syntax = "proto3";
package up.v1;
service Up { rpc Ask(Find) returns (Found) { option idempotency_level = NO_SIDE_EFFECTS; } }
message Find { Where where = 1; int32 limit = 2; }
message Where { string city = 1; optional int32 age = 2; }
message Found { string s = 1; }
`;
const APP = `syntax = "proto3";
package b.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
service S { option (bff.v1.service) = {}; rpc GetPage(Asked) returns (Page); }
message Asked { option (bff.v1.message).alias = "up.v1.Find";
  optional string city = 1 ${by("source.where.city")}; optional int32 age = 2 ${by("source.where.age")};
  optional int32 limit = 3 ${rule(`fallback: "20"`)}; }
message Page { option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.Up/Ask" request: "args" } } }; string s = 1 ${by("x.s")}; }
`;
const sending = irOf({ "up/v1/up.proto": UP, "b/v1/b.proto": APP });

const part = (of: string) => `name: "x" compose: { message: "${of}" args: { name: "id" by: "args.id" } }`;
const lacking = bffOf(
  {
    Twice: message(
      "Twice",
      [part("Deep")],
      `optional int32 twice = 1 ${by("x.again.n * 2")}; optional int32 filled = 2 ${by("x.filled.n * 2")};`,
    ),
    Whole: message(
      "Whole",
      [part("Deep"), `name: "y" compose: { message: "Part" args: { name: "id" by: "args.id" } }`],
      [
        ...[
          "x == x",
          "x.again != x.again",
          "y in [y]",
          "[x].exists(i, i.again == x.again)",
          "size([y].distinct()) == 1",
        ],
        ...["x.filled == x.filled", "args.id in {args.id: y}", "x.again == x.again || true"],
      ]
        .map((text, i) => `optional bool f${i} = ${i + 1} ${by(text)};`)
        .join("\n"),
    ),
  },
  [
    message("Part", [`name: "x" supplementary: true ${a}`], `optional int32 n = 1 ${by("x.n")};`),
    `message Once { option (bff.v1.message).alias = "Part"; optional int32 m = 1 ${rule('alias: "n"')}; }
     message Again { option (bff.v1.message).alias = "Once"; optional int32 n = 1 ${rule('alias: "m"')}; }
     message Filled { option (bff.v1.message).alias = "Once"; optional int32 n = 1 ${rule('alias: "m" fallback: "7"')}; }`,
    message("Mid", [part("Part")], `Once once = 1 ${by("x")};`),
    message("Deep", [part("Mid")], `Again again = 1 ${by("x.once")}; Filled filled = 2 ${by("x.once")};`),
  ],
);

describe("copies", () => {
  it("lack the missing fields of a copied copy, without those that have a fallback", () => {
    expect(lacking.get("Twice", { calls: [A({ n: 3 })] })).toEqual({ answer: { twice: 6, filled: 6 } });
    const { answer } = lacking.get("Twice", { calls: [A(dead)] }) as { answer: object };
    expect(answer).toEqual({ filled: 14 });
  });

  it("are missing in comparisons of whole messages that lack a field at any depth", () => {
    const healthy = { f0: true, f1: false, f2: true, f3: true, f4: true, f5: true, f6: true, f7: true };
    expect(lacking.get("Whole", { calls: [A({ n: 3 })] })).toEqual({ answer: healthy });
    const { answer } = lacking.get("Whole", { calls: [A(dead)] }) as { answer: object };
    expect(answer).toEqual({ f5: true, f6: true });
  });

  it.each([
    [{}, { limit: 20 }],
    [{ city: "Oulu", limit: 0 }, { where: { city: "Oulu" } }],
    [{ age: 0 }, { where: { age: 0 }, limit: 20 }],
  ])("are written back: %j", (request, sent) => {
    const scenario = { request, calls: [["up.v1.Up/Ask", sent, { s: "found" }] as const] };
    expect(run(sending, "b.v1.S/GetPage", scenario)).toEqual({ answer: { s: "found" } });
  });

  it("have values of expressions, and fallbacks for unset fields", () => {
    expect(get("Read", { calls: [A({ s: "a", n: 3 })] })).toMatchObject({
      answer: { told: { s: "a!", maybe: "none", tag: "?", kind: "KIND_OTHER", count: 3 } },
    });
    const full = { s: "a", maybe: "m", inner: { tag: "t" }, left: "l", items: [{ name: "i" }], kind: "KIND_X" };
    expect(get("Read", { calls: [A(full)] })).toMatchObject({
      answer: { told: { s: "a!", maybe: "m", tag: "t", left: "l", names: ["i"], kind: "KIND_EX" } },
    });
  });
});
