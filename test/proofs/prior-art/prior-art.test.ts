// Known faults of grpc-federation, which this project has not: test/proofs/prior-art/README.md, one test for each
// number.
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { file_bff_v1_options } from "@protobff/messages/options.js";
import { describe, expect, it } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import type { Diagnostic } from "../../../plugin/src/diagnostic/diagnostic.ts";
import type { FileReport } from "../../../plugin/src/report/describe-report.ts";
import { goldenCases, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface App {
  /** The steps of the response, and what else stands in it. */
  readonly let?: readonly string[];
  readonly fields: readonly string[];
  readonly messages?: string;
  readonly rpcs?: string;
}
const GET_ITEM = `call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } }`;

function protoOf({ let: steps = [], fields, messages = "", rpcs = "" }: App): string {
  return `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service AppService {
  option (bff.v1.service) = {};
  ${rpcs}
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; int32 count = 2; repeated string ids = 3; }
message Page {
  option (bff.v1.message) = { let: [
    ${steps.join(",\n    ")}
  ] };
  ${fields.join("\n  ")}
  repeated bff.v1.Degradation degraded = 15;
}
${messages}
`;
}

function compiled(text: string, parameter = "import_extension=ts,plan=json") {
  const protos = { "app/v1/app.proto": text };
  const texts = { ...UPSTREAMS, ...protos };
  const request = { ...requestFor(texts, Object.keys(protos)), parameter };
  const { response, diagnostics } = compile(request, (file) => texts[file as keyof typeof texts]);
  const content = (ending: string): string =>
    response.file.find(({ name }) => name?.endsWith(ending) && !name.endsWith("server.ts"))?.content ?? "";
  return { diagnostics, error: response.error, code: content("_bff.ts"), plan: content("_plan.json") };
}
const app = (parts: App) => compiled(protoOf(parts));
const codes = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map(({ code }) => code);

/** "from → to" for each edge between steps of a message. */
function edges({ plan, error }: ReturnType<typeof compiled>, message = "app.v1.Page"): string[] {
  if (error !== "") throw new Error(error);
  const report = JSON.parse(plan) as FileReport;
  const found = report.messages.find((candidate) => candidate.message === message);
  return (found?.edges ?? []).map(({ from, to }) => `${from} → ${to}`);
}

const FLAG = `{ name: "flag" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }`;
const NAME = `optional string name = 1 [(bff.v1.field).by = "item.name"];`;

describe("the table of test/proofs/prior-art/README.md", () => {
  const page = read("test/proofs/prior-art/README.md");
  const rows = [...page.matchAll(/^\| (\d+) \| `(\w+)` \| .+? \| (refused|legal|not applicable) \| (.+) \|$/gm)];

  it("has the 80 cases, each once", () => {
    expect(rows.map(([, number]) => Number(number))).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    expect(new Set(rows.map(([, , name]) => name)).size).toBe(80);
  });

  it("names existing goldens, at least one for each refused case", () => {
    const goldens = new Set(goldenCases("diagnostics").map(({ name }) => name));
    for (const [, , name, here, evidence = ""] of rows) {
      const named = [...evidence.matchAll(/`?(BFF\d{3}-[a-z0-9-]+)`?/g)].map(([, golden]) => golden ?? "");
      expect(
        named.filter((golden) => !goldens.has(golden)),
        name,
      ).toEqual([]);
      if (here === "refused") expect(named.length, name).toBeGreaterThan(0);
    }
  });

  it("has a test for each hole", () => {
    const holes = [...page.matchAll(/^\| ([XYZ]\d+) \|/gm)].map(([, number]) => number);
    const tests = [...read("test/proofs/prior-art/prior-art.test.ts").matchAll(/^ {2}it\("([XYZ]\d+):/gm)].map(
      ([, number]) => number,
    );
    expect(tests).toEqual(holes);
  });
});

describe("edges of the graph", () => {
  it("X1: a call waits for steps that only the condition of a request field reads", () => {
    const set = `set: [ { name: "id" by: "args.id" }, { name: "locale" by: "'de'" if: "flag.paid" } ]`;
    const item = `{ name: "item" call: { method: "up.v1.ItemService/GetItem" ${set} } }`;
    expect(edges(app({ let: [item, FLAG], fields: [NAME] }))).toEqual(["flag → item"]);
    // A policy is made once per process: the condition of a retry sees no steps, so that it can miss none.
    const retry = `{ name: "item" ${GET_ITEM.replace(/ }$/, ` retry: { if: "flag.paid" } }`)} }`;
    expect(codes(app({ let: [retry, FLAG], fields: [NAME] }).diagnostics)).toEqual(["BFF302"]);
  });

  it("X2: a call waits for steps that a failure's message or a fallback reads", () => {
    const rule = (then: string) =>
      `{ name: "item" ${GET_ITEM.replace(/ }$/, ` on_error: { on: NOT_FOUND ${then} } }`)} }`;
    const fails = rule(`fail: { message: "none for {flag.id}" }`);
    expect(edges(app({ let: [fails, FLAG], fields: [NAME] }))).toEqual(["flag → item"]);
    const replaced = rule(`fallback: "up.v1.Item{name: flag.id}"`);
    expect(edges(app({ let: [replaced, FLAG], fields: [NAME] }))).toEqual(["flag → item"]);
  });

  it("X3: a loop over enums waits for the steps that it reads", () => {
    const item = `{ name: "item" ${GET_ITEM} }`;
    const kinds = `{ name: "kinds" each: { var: "id" in: "args.ids" by: "id == '' ? up.v1.Kind.KIND_BOOK : item.kind" } }`;
    const fields = [`repeated Kind kinds = 1 [(bff.v1.field).by = "kinds"];`];
    const messages = `enum Kind {
      option (bff.v1.enum).alias = "up.v1.Kind";
      KIND_UNSPECIFIED = 0 [(bff.v1.enum_value).default = true];
    }`;
    expect(edges(app({ let: [kinds, item], fields, messages }))).toEqual(["item → kinds"]);
  });

  it("X4: the compiler finds a circle through a switch, and messages composed behind one", () => {
    const circle = [
      `{ name: "a" switch: { case: { if: "b != ''" by: "'x'" } default: "''" } }`,
      `{ name: "b" by: "a" }`,
    ];
    const text = `string text = 1 [(bff.v1.field).by = "a"];`;
    expect(codes(app({ let: circle, fields: [text] }).diagnostics)).toEqual(["BFF410"]);
    const card = `{ name: "card" compose: { message: "Card" args: { name: "id" by: "args.id" } } }`;
    const chosen = `{ name: "chosen" switch: { case: { if: "args.count > 0" by: "card" } } }`;
    const { code, error } = app({
      let: [card, chosen],
      fields: [`Card card = 1 [(bff.v1.field).by = "chosen"];`],
      messages: `message Card { string text = 1 [(bff.v1.field).by = "args.id + '!'"]; }`,
    });
    expect(error).toBe("");
    expect(code).toMatch(/function composeCard\b/);
  });

  it("X5: the compiler finds a circle through the response", () => {
    const compose = (message: string) =>
      `{ name: "inner" compose: { message: "${message}" args: { name: "id" by: "args.id" } } }`;
    const { diagnostics } = app({
      let: [compose("Card")],
      fields: [`Card card = 1 [(bff.v1.field).by = "inner"];`],
      messages: `message Card {
        option (bff.v1.message) = { let: ${compose("Page")} };
        Page page = 1 [(bff.v1.field).by = "inner"];
      }`,
    });
    expect(codes(diagnostics)).toEqual(["BFF409"]);
  });

  it("X6: a message outside any composition is also checked", () => {
    const page = { fields: [`string id = 1 [(bff.v1.field).by = "args.id"];`] };
    const alone = app({ ...page, messages: `message Card { string text = 1 [(bff.v1.field).by = "args.nothing"]; }` });
    expect(codes(alone.diagnostics)).toEqual(["BFF205"]);
    const faulty = app({
      ...page,
      messages: `message Card { option (bff.v1.message) = { let: { name: "x" call: { method: "up.v1.ItemService.GetItem" timeout: "5" } } }; }`,
    });
    expect(codes(faulty.diagnostics).sort()).toEqual(["BFF102", "BFF117"]);
    const mistyped = app({
      ...page,
      messages: `message Card { option (bff.v1.message) = { let: { name: "n" by: "args.a.b + 1" } };
        string text = 1 [(bff.v1.field).by = "n"]; string more = 2 [(bff.v1.field).by = "1 + 'a'"]; string less = 3 [(bff.v1.field).by = "nothing"]; }`,
    });
    expect(codes(mistyped.diagnostics).sort()).toEqual(["BFF302", "BFF305"]);
  });

  it("X7: two rpcs with one response must both provide its arguments, in any order", () => {
    const other = `rpc FindPage(FindPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }`;
    const fields = [`string id = 1 [(bff.v1.field).by = "args.id"];`];
    const messages = "message FindPageRequest { string text = 1; }";
    const text = protoOf({ fields, messages, rpcs: other });
    const lines = text.split("\n");
    const at = lines.findIndex((line) => line.includes("rpc FindPage"));
    const [moved = ""] = lines.splice(at, 1);
    lines.splice(at + 1, 0, moved);
    const findings = [text, lines.join("\n")].map((proto) =>
      compiled(proto).diagnostics.map(({ code, message }) => `${code} ${message}`),
    );
    expect(findings[0]).toEqual([`BFF338 rpc "FindPage" composes "Page" without the argument "id"`]);
    expect(findings[1]).toEqual(findings[0]);
  });

  it("X8: a message that is a response and part of another reads its request's fields", () => {
    const whole = app({
      rpcs: "rpc GetBook(GetPageRequest) returns (Book) { option idempotency_level = NO_SIDE_EFFECTS; }",
      fields: [`string id = 1 [(bff.v1.field).by = "args.id"];`],
      messages: `message Book {
        option (bff.v1.message) = { let: { name: "page" compose: { message: "Page" args: { name: "id" by: "args.id" } } } };
        Page page = 1 [(bff.v1.field).by = "page"];
      }`,
    });
    expect(whole.error).toBe("");
  });

  it("X9: twice the layers result in twice the code", () => {
    const size = (layers: number): number => {
      const inner = (i: number): string => {
        const steps = ["a", "b"].map(
          (name) =>
            `{ name: "${name}" compose: { message: "L${i + 1}" args: { name: "id" by: "args.id + '${name}'" } } }`,
        );
        return `message L${i} {
          option (bff.v1.message) = { let: [ ${steps.join(", ")} ] };
          L${i + 1} a = 1 [(bff.v1.field).by = "a"];
          L${i + 1} b = 2 [(bff.v1.field).by = "b"];
        }`;
      };
      const messages = Array.from({ length: layers }, (_, i) => inner(i));
      const { code, error } = app({
        let: [`{ name: "top" compose: { message: "L0" args: { name: "id" by: "args.id" } } }`],
        fields: [`L0 top = 1 [(bff.v1.field).by = "top"];`],
        messages: `${messages.join("\n")}\nmessage L${layers} { string id = 1 [(bff.v1.field).by = "args.id"]; }`,
      });
      expect(error).toBe("");
      return code.length;
    };
    // 2^40 paths lead through the larger one.
    expect(size(40)).toBeLessThan(2.2 * size(20));
  });

  it("X10: a list for a single field is refused, and the reverse", () => {
    const bound = (type: string, by: string) =>
      codes(
        app({ let: [`{ name: "item" ${GET_ITEM} }`], fields: [`${type} x = 1 [(bff.v1.field).by = "${by}"];`] })
          .diagnostics,
      );
    expect(bound("string", "item.tags")).toEqual(["BFF331"]);
    expect(bound("repeated string", "item.name")).toEqual(["BFF331"]);
  });

  it("X11: variables of macros make no edges, and hide none", () => {
    const item = `{ name: "item" ${GET_ITEM} }`;
    const names = (by: string) => {
      const step = `{ name: "names" by: "${by}" }`;
      const fields = [`repeated string names = 2 [(bff.v1.field).by = "names"];`, NAME];
      return edges(app({ let: [item, step], fields }));
    };
    expect(names("args.ids.map(item, item + '!')")).toEqual([]);
    expect(names("args.ids.map(item, item + '!').map(i, i + item.name)")).toEqual(["item → names"]);
    expect(names("args.ids.filter(i, args.ids.exists(item, item == i)).map(i, i)")).toEqual([]);
  });
});

describe("silent loss", () => {
  it("Y1: a step with an `if` runs when the condition holds", () => {
    const { code, error, plan } = app({ let: [`{ name: "item" if: "args.count > 0" ${GET_ITEM} }`], fields: [NAME] });
    expect(error).toBe("");
    expect(code).toMatch(/getItem/);
    expect((JSON.parse(plan) as FileReport).messages[0]?.steps).toMatchObject([{ step: "item", if: "args.count > 0" }]);
  });

  it("Y2: any message is a detail", () => {
    const detail = "up.v1.GetItemRequest{id: args.id}";
    const guard = `{ guard: { if: "args.id == ''" fail: { code: NOT_FOUND details: "${detail}" } } }`;
    const { code, error } = app({ let: [guard], fields: [`string id = 1 [(bff.v1.field).by = "args.id"];`] });
    expect(error).toBe("");
    expect(code).toContain("GetItemRequestSchema");
    const scalar = guard.replace(detail, "args.id");
    expect(
      codes(app({ let: [scalar], fields: [`string id = 1 [(bff.v1.field).by = "args.id"];`] }).diagnostics),
    ).toEqual(["BFF346"]);
  });

  it("Y3: an error outside the author's files is thrown", () => {
    const text = protoOf({ fields: [`string id = 1 [(bff.v1.field).by = "nothing"];`] });
    const request = requestFor({ ...UPSTREAMS, "app/v1/app.proto": text }, ["app/v1/app.proto"]);
    const broken = (): never => {
      throw new Error("the disk is gone");
    };
    expect(() => compile({ ...request, parameter: "" }, broken)).toThrow("the disk is gone");
  });

  it("Y4: a step with a reader of any kind is not reported as unused", () => {
    const flag = `{ name: "flag" call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "args.id" } } }`;
    const call = (more: string) => `{ name: "item" ${GET_ITEM.replace(/ }$/, ` ${more} }`)} }`;
    const readers = [
      `{ name: "item" if: "flag.paid" ${GET_ITEM} }`,
      call(`metadata: { name: "x-id" by: "flag.id" }`),
      call(`metadata: { name: "x-id" by: "args.id" if: "flag.paid" }`),
      call(`on_error: { on: NOT_FOUND fail: { message: "{flag.id}" } }`),
      call(`on_error: { if: "flag.paid" ignore: true }`),
      `{ name: "item" switch: { case: { if: "flag.paid" by: "up.v1.Item{}" } } }`,
      `{ name: "item" switch: { case: { if: "args.count > 0" by: "up.v1.Item{id: flag.id}" } } }`,
    ];
    for (const reader of readers)
      expect(codes(app({ let: [flag, reader], fields: [NAME] }).diagnostics), reader).toEqual([]);
    expect(codes(app({ let: [flag, call("")], fields: [NAME] }).diagnostics)).toEqual(["BFF343"]);
  });

  it("Y5: every field of the options is read", () => {
    const sources = Object.entries(textsBelow(join(root, "plugin/src/read")))
      .filter(([name]) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map(([, text]) => text)
      .join("\n");
    const fields = file_bff_v1_options.messages.flatMap((message) => message.fields);
    expect(fields.length).toBeGreaterThan(100);
    const unread = fields.filter(({ name, localName, oneof }) => {
      const selected = oneof !== undefined && sources.includes(`case "${localName}"`);
      return !selected && !new RegExp(`\\.${localName}\\b|"${name}"`).test(sources);
    });
    expect(unread.map((field) => field.toString())).toEqual([]);
  });

  it("Y6: an error in a detail is not left out but evaluated with the failure", () => {
    const guard = `{ guard: { if: "args.id == ''" fail: { code: NOT_FOUND details: "up.v1.GetItemRequest{id: args.ids[0]}" } } }`;
    const { code, error } = app({ let: [guard], fields: [`string id = 1 [(bff.v1.field).by = "args.id"];`] });
    expect(error).toBe("");
    expect(code).not.toMatch(/\bcatch\b/);
  });

  it("Y7: a skipped step is absent, not zero", () => {
    const fields = [`string name = 1 [(bff.v1.field).by = "item.name"];`];
    const skipped = app({ let: [`{ name: "item" if: "args.count > 0" ${GET_ITEM} }`], fields });
    expect(codes(skipped.diagnostics)).toEqual(["BFF601"]);
  });

  it("Y8: an argument passes on absence", () => {
    const step = `{ name: "item" ${GET_ITEM.replace(/ }$/, " on_error: { on: NOT_FOUND ignore: true } }")} }`;
    const card = `{ name: "card" compose: { message: "Card" args: { name: "item" by: "item" } } }`;
    const within = (type: string, by: string) =>
      app({
        let: [step, card],
        fields: [`Card card = 1 [(bff.v1.field).by = "card"];`],
        messages: `message Card { ${type} text = 1 [(bff.v1.field).by = "${by}"]; }`,
      });
    expect(within("string", "ok(args.item) ? args.item.name : 'none'").diagnostics).toEqual([]);
    expect(codes(within("string", "args.item.name").diagnostics)).toEqual(["BFF601"]);
  });
});

describe("expressions as text", () => {
  const text = (by: string) => app({ fields: [`string text = 1 [(bff.v1.field).by = ${by}];`] });

  it("Z1: a dollar is a character", () => {
    const { code, error } = text(`"args.id.matches('^a$') ? '$5' : '$$'"`);
    expect(error).toBe("");
    expect(code).toContain("^a$");
    expect(code).toContain('"$5"');
    expect(code).toContain('"$$"');
  });

  it("Z2: the generated file parses for any text", () => {
    const { code, error } = text(`"'\`' + args.id + '\${x} \\\\\\\\ \\\\n */ \\"'"`);
    expect(error).toBe("");
    expect(() => stripTypeScriptTypes(code)).not.toThrow();
  });

  it("Z3: a column is that of the source, even after escapes", () => {
    const by = `"args.id + '\\"\\u00e4' + args.idd"`;
    const source = protoOf({ fields: [`string text = 1 [(bff.v1.field).by = ${by}];`] });
    const [found] = compiled(source).diagnostics;
    const line = source.split("\n").find((line) => line.includes("args.idd")) ?? "";
    expect(found).toMatchObject({
      code: "BFF303",
      at: { column: line.indexOf("idd") + 1, endColumn: line.indexOf("idd") + 4 },
    });
  });

  it("Z4: a diagnostic points to the right one of concatenated literals", () => {
    const source = protoOf({ fields: [`string text = 1 [(bff.v1.field).by = "args.id +"\n    " args.idd"];`] });
    const [found] = compiled(source).diagnostics;
    const lines = source.split("\n");
    const line = lines.findIndex((line) => line.includes("args.idd"));
    expect(found).toMatchObject({
      code: "BFF303",
      at: { line: line + 1, column: (lines[line] ?? "").indexOf("idd") + 1 },
    });
  });
});
