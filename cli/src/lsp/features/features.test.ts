// Answers at cursors, marked by ¦ in the text of a BFF whose last compilation had no cursor.
import { describe, expect, test } from "vitest";
import type { Range } from "vscode-languageserver";
import { fileOf, type SourceFile } from "../program/program.ts";
import { marked, programOf } from "../testing/programs.ts";
import { complete } from "./completion.ts";
import { inlayHints } from "./hints.ts";
import { hover } from "./hover.ts";
import { definition, references } from "./places.ts";
import { planAt } from "./plan.ts";
import { RenameRefusal, rename } from "./rename.ts";
import { semanticTokens, TOKEN_TYPES } from "./tokens.ts";

const UP = `syntax = "proto3";
package up.v1;
service Up {
  // Reads one item.
  rpc Get(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Prices(PricesRequest) returns (PricesResponse) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; string locale = 2; Filter filter = 3; } message Filter { string tag = 1; Filter inner = 2; }
message Item { string title = 1; repeated Part parts = 2; State state = 3; optional Part main = 4; }
message Part { string sku = 1; int64 size = 2; map<string, Part> children = 3; }
enum State { STATE_UNSPECIFIED = 0; STATE_NEW = 1; }
message PricesRequest { repeated string skus = 1; }
message PricesResponse { repeated Price prices = 1; }
message Price { string sku = 1; int64 cents = 2; }
`;
const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = {
  upstream: { service: "up.v1.Up" timeout: "80ms" breaker: { open_for: "7s" } retry_budget: { max_tokens: 9 } }
  env: { name: "LIMIT" type: "int" default: "3" }
};
service App {
  option (bff.v1.service) = {};
  rpc GetPage(PageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message PageRequest { string id = 1; string locale = 2; bool all = 3; }
message Page {
  option (bff.v1.message) = {
    let: [
      { name: "item" supplementary: true call: { method: "up.v1.Up/Get" set: { name: "id" by: "args.id" } timeout: "50ms" } },
      { name: "lead" supplementary: true by: "item.parts[0].sku" },
      { name: "cards" supplementary: true each: { var: "part" in: "item.parts" compose: { message: "Card" args: { name: "part" by: "part" } } } }
    ]
  };
  optional string title = 1 [(bff.v1.field).by = "item.title"];
  repeated Card cards = 2 [(bff.v1.field).by = "cards"];
  optional string first = 3 [(bff.v1.field).by = "lead"];
  int64 limit = 4 [(bff.v1.field).by = "env.LIMIT"];
  repeated bff.v1.Degradation degraded = 15;
}
message Card {
  option (bff.v1.message) = {
    let: { name: "price" supplementary: true
           call: { method: "up.v1.Up/Prices" batch: { name: "skus" by: "args.part.sku" items: "prices" key: "sku" } } }
  };
  string sku = 1 [(bff.v1.field).by = "args.part.sku"];
  optional int64 cents = 2 [(bff.v1.field).by = "price.cents"];
}
`;
const program = programOf({ "app/v1/app.proto": APP, "up/v1/up.proto": UP });

test("the BFF is right", () => {
  expect(program.analysis.diagnostics).toEqual([]);
});

/** The BFF with `found` replaced by a text with a cursor. */
function edited(found: string, by: string): { readonly file: SourceFile; readonly offset: number } {
  if (!APP.includes(found)) throw new Error(`no ${found}`);
  const { text, offsets } = marked(APP.replace(found, () => by));
  return { file: fileOf("app/v1/app.proto", "file:///app/v1/app.proto", text), offset: offsets[0] ?? 0 };
}
const at = (found: string, cursor: number) => edited(found, `${found.slice(0, cursor)}¦${found.slice(cursor)}`);
const labels = (found: string, by: string): string[] => {
  const { file, offset } = edited(found, by);
  return complete(program, file, offset).items.map(({ label }) => label);
};
const TITLE = '"item.title"';

describe("completion in expressions", () => {
  test.each([
    ["fields of a step", '"item.¦"', ["title", "parts", "state", "main"]],
    ["fields while a name is typed", '"item.ti¦"', ["title"]],
    ["without the closing quote", '"item.¦', ["title"]],
    ["of the request", '"args.¦ == ', ["id", "locale", "all"]],
    ["of an item of a macro", '"item.parts.map(p, p.¦)"', ["sku", "size"]],
    ["of an item of a macro in a macro", '"item.parts.filter(p, p.children.exists(k, v, v.¦', ["sku"]],
    ["of an optional", '"item.?main.¦"', ["sku", "hasValue", "orValue", "optMap"]],
    ["of an element", '"item.parts[0].¦"', ["sku"]],
    ["of a bound name", '"cel.bind(m, item.main, m.¦', ["sku"]],
    ["of a call's result", '"item.parts.first().value().¦"', ["sku"]],
    ["functions of a list", '"item.parts.¦"', ["map", "filter", "size", "first"]],
    ["functions of a text", '"item.title.¦"', ["startsWith", "lowerAscii"]],
    ["functions of a namespace", '"math.¦"', ["abs", "greatest"]],
    ["values of an enum", '"item.state == up.v1.State.¦"', ["STATE_NEW", "from"]],
    ["names of a package", '"up.v1.¦"', ["State", "Item"]],
    ["variables of the environment", '"env.¦"', ["LIMIT"]],
    ["fields of a message literal", '"up.v1.Part{¦', ["sku", "size"]],
    ["steps, values and functions", '"¦"', ["item", "cards", "args", "env", "headers", "size", "math", "up"]],
    ["behind a broken part", '"item.title + & item.¦"', ["title"]],
    ["in a second piece of a string", `"item.title + " 'item.¦'`, ["parts"]],
    ["behind an escape", '"item.title == \\"a\\" && item.¦"', ["parts"]],
  ])("%s", (_, by, expected) => {
    expect(labels(TITLE, by)).toEqual(expect.arrayContaining(expected));
  });

  test("the item of an each that is being written", () => {
    const by = '{ name: "lead" each: { var: "it" in: "item.parts" by: "it.¦" } }';
    expect(labels('{ name: "lead" supplementary: true by: "item.parts[0].sku" }', by)).toEqual(
      expect.arrayContaining(["sku", "size"]),
    );
  });
  test("nothing in a text inside of an expression", () => {
    expect(labels(TITLE, `"item.title == 'item.¦'"`)).toEqual([]);
  });
  test("offers replace the characters that are typed, and show types", () => {
    const { file, offset } = edited(TITLE, '"item.ti¦"');
    const found = complete(program, file, offset).items.find(({ label }) => label === "title");
    expect(found?.detail).toBe("string");
    const edit = found?.textEdit;
    expect(edit !== undefined && "range" in edit && file.document.getText(edit.range)).toBe("ti");
  });
});

test("a step with a fault has the fields that it had before the fault", () => {
  const faulty = APP.replace('set: { name: "id" by: "args.id" } timeout', 'set: { name: "id" by: "args.idd" } timeout');
  const files = { "app/v1/app.proto": faulty, "up/v1/up.proto": UP };
  const { text, offsets } = marked(faulty.replace(TITLE, '"item.¦"'));
  const file = fileOf("app/v1/app.proto", "file:///app/v1/app.proto", text);
  const offersOf = (of: typeof program) => complete(of, file, offsets[0] ?? 0).items.map(({ label }) => label);
  expect(offersOf(programOf(files))).not.toContain("title");
  expect(offersOf(programOf(files, {}, program))).toContain("title");
});

describe("completion of options", () => {
  const CALL = 'set: { name: "id" by: "args.id" } timeout: "50ms"';
  test.each([
    ["methods", 'method: "up.v1.Up/Get"', 'method: "up.¦"', ["up.v1.Up/Get", "up.v1.Up/Prices"], []],
    ["fields that are not set yet", CALL, 'set: [{ name: "id" by: "args.id" }, { name: "¦" }]', ["locale"], ["id"]],
    [
      "fields of a message in the request",
      CALL,
      'set: { name: "filter.¦" }',
      ["filter.tag", "filter.inner"],
      ["locale"],
    ],
    ["fields deep in the request", CALL, 'set: { name: "filter.inner.t¦" }', ["filter.inner.tag"], ["filter.tag"]],
    ["keys of policies", CALL, `${CALL} ¦`, ["retry", "hedge", "on_error", "set"], ["timeout"]],
    ["keys of a policy", CALL, `${CALL} retry: { ¦ }`, ["attempts", "backoff", "on"], []],
    ["codes", CALL, `${CALL} on_error: { on: ¦ }`, ["NOT_FOUND"], []],
    ["bools", "supplementary: true call", "supplementary: ¦ call", ["true", "false"], []],
    ["keys of a field's option", "(bff.v1.field).by = ", "(bff.v1.field).¦ = ", ["by", "resolver", "alias"], []],
    ["messages", 'message: "Card"', 'message: "¦"', ["Card", "Page"], []],
    ["steps", 'name: "lead" supplementary', 'name: "lead" after: "¦" supplementary', ["item"], []],
    ["arguments of a composed message", 'args: { name: "part"', 'args: { name: "¦"', ["part"], []],
    ["services", 'service: "up.v1.Up"', 'service: "¦"', ["up.v1.Up"], []],
  ])("%s", (_, found, by, expected, missing) => {
    const all = labels(found, by);
    expect(all).toEqual(expect.arrayContaining(expected));
    expect(all.filter((label) => missing.includes(label as never))).toEqual([]);
  });
  test("nothing outside of options", () => {
    expect(labels("message Card {", "message Card { ¦")).toEqual([]);
  });
});

describe("hover", () => {
  const text = (found: string, cursor: number): string => {
    const { file, offset } = at(found, cursor);
    const contents = hover(program, file, offset)?.contents;
    return contents !== undefined && typeof contents === "object" && "value" in contents ? contents.value : "";
  };
  test("a step has its type, its absence with the way, its upstream and its policy with places", () => {
    expect(text('name: "item"', 8)).toMatchInlineSnapshot(`
      "\`\`\`cel
      step item: up.v1.Item
      \`\`\`

      May be absent:

      - \`item\`: its failure leaves it absent

      Calls \`up.v1.Up/Get\`:

      - \`timeout\` 50 ms, from app/v1/app.proto:18:116
      - \`retry_budget.max_tokens\` 9, from app/v1/app.proto:7:107
      - \`breaker.open_for\` 7000 ms, from app/v1/app.proto:7:72"
    `);
    expect(text('name: "lead"', 8)).toContain("- `lead` → `item`: its failure leaves it absent");
    expect(text('name: "lead"', 8)).toContain("Waits for `item`.");
    expect(text('name: "price"', 8)).toContain("- `timeout` 80 ms, from app/v1/app.proto:7:");
  });
  test.each([
    ["a field", TITLE, 7, "field up.v1.Item.title: string"],
    ["a step in an expression", TITLE, 2, "step item: up.v1.Item"],
    ["an argument", '"args.part.sku"]', 7, "args.part: up.v1.Part"],
    ["a method", '"up.v1.Up/Get"', 10, "Reads one item."],
    ["an option", "supplementary: true call", 3, "Makes the step optional for the response"],
    ["a message", '"Card"', 2, "message app.v1.Card"],
    ["a field of a request", 'name: "id"', 8, "field up.v1.GetRequest.id: string"],
  ])("%s", (_, found, cursor, expected) => {
    expect(text(found, cursor)).toContain(expected);
  });
  test("names beside a fault of their expression", () => {
    const described = (by: string): string => {
      const { file, offset } = edited(TITLE, by);
      return JSON.stringify(hover(program, file, offset));
    };
    expect(described('"it¦em.titel"')).toContain("step item");
    expect(described('"item.ma¦in.skuu + 1"')).toContain("field up.v1.Item.main");
    expect(described('"item.parts.map(p, p.s¦ku + nothing)"')).toContain("field up.v1.Part.sku");
  });
  test("a function has its signatures", () => {
    const { file, offset } = edited(TITLE, '"item.title.lower¦Ascii()"');
    expect(JSON.stringify(hover(program, file, offset))).toContain("lowerAscii(string) string");
  });
});

describe("places", () => {
  const lines = (
    found: readonly { readonly uri: string; readonly range: { readonly start: { readonly line: number } } }[],
  ) => found.map(({ uri, range }) => `${uri.slice("file:///".length)}:${range.start.line + 1}`);
  test("definitions", () => {
    const of = (found: string, cursor: number) => {
      const { file, offset } = at(found, cursor);
      return lines(definition(program, file, offset));
    };
    expect(of(TITLE, 7)).toEqual(["up/v1/up.proto:9"]);
    expect(of(TITLE, 2)).toEqual(["app/v1/app.proto:18"]);
    expect(of('"up.v1.Up/Get"', 3)).toEqual(["up/v1/up.proto:5"]);
    expect(of('"Card"', 3)).toEqual(["app/v1/app.proto:29"]);
    expect(of('"args.part.sku"]', 7)).toEqual(["app/v1/app.proto:20"]);
    expect(of('name: "part" by: "part"', 19)).toEqual(["app/v1/app.proto:20"]);
  });
  test.each([
    ['"item.parts.map(p, p¦.sku)"', ["p,", "p.sku"]],
    ['"item.parts.map(p¦, p.sku)"', ["p,", "p.sku"]],
    ['"item.parts.map(p, p.children.map(p, p¦))"', ["p, p)", "p))"]],
    ["\"item.parts.exists(i, p, i < 2 && p¦.sku != '')\"", ["p, i <", "p.sku !="]],
    ['"cel.bind(m, item.title, m¦ + m)"', ["m, item", "m + m", "m)"]],
    ['"item.parts.reduce(sum, p, sum¦ + p.size, 0)"', ["sum, p", "sum + p"]],
  ])("the variable of a macro in %s", (by, places) => {
    const { file, offset } = edited(TITLE, by);
    const startsOf = (found: readonly { readonly range: Range }[]) =>
      found.map(({ range }) => file.document.offsetAt(range.start)).sort((a, b) => a - b);
    const [first, ...others] = places.map((place) => file.document.getText().indexOf(place));
    expect(startsOf(definition(program, file, offset))).toEqual([first]);
    expect(startsOf(references(program, file, offset, false))).toEqual(others);
    expect(startsOf(references(program, file, offset, true))).toEqual([first, ...others]);
  });
  test("the function that supplies a field", () => {
    const app = APP.replace('[(bff.v1.field).by = "env.LIMIT"]', "[(bff.v1.field).resolver = true]").replace(
      '  env: { name: "LIMIT" type: "int" default: "3" }\n',
      "",
    );
    const withResolver = programOf({ "app/v1/app.proto": app, "up/v1/up.proto": UP });
    const file = withResolver.files("app/v1/app.proto");
    const members: string[] = [];
    const offset = app.indexOf("limit = 4");
    const found =
      file &&
      definition(withResolver, file, offset, (member) => {
        members.push(member);
        return [{ uri: "file:///resolvers.ts", text: "export const resolvers = {\n  pageLimit: () => 1,\n};" }];
      });
    expect(members).toEqual(["pageLimit"]);
    expect(lines(found ?? [])).toEqual(["app/v1/app.proto:25", "resolvers.ts:2"]);
  });
  test("a function of the user, at its declaration and at a call", () => {
    const app = APP.replace(
      "option (bff.v1.file) = {",
      `option (bff.v1.file) = {
  function: { name: "slug.of" param: ["string"] result: "string" }`,
    ).replace('"item.title"', '"slug.of(item.title)"');
    const withFunction = programOf({ "app/v1/app.proto": app, "up/v1/up.proto": UP });
    expect(withFunction.analysis.diagnostics).toEqual([]);
    const file = withFunction.files("app/v1/app.proto");
    const text = "const functions = {\n  slugOf,\n};\nfunction slugOf() {}\nfunctions.slugOf();\n";
    const modulesWith = (word: string) => (word === "slugOf" ? [{ uri: "file:///functions.ts", text }] : []);
    for (const offset of [app.indexOf('"slug.of"') + 2, app.indexOf('"slug.of(') + 2]) {
      const [declaration, ...defined] = file === undefined ? [] : definition(withFunction, file, offset, modulesWith);
      const [call, ...uses] = file === undefined ? [] : references(withFunction, file, offset, false, modulesWith);
      const all = file === undefined ? [] : references(withFunction, file, offset, true, modulesWith);
      expect(file?.document.getText(declaration?.range)).toBe('"slug.of"');
      expect(lines(defined)).toEqual(["functions.ts:2"]);
      expect(file?.document.getText(call?.range)).toBe("slug.of");
      expect(lines(uses)).toEqual(["functions.ts:5"]);
      expect(all.length).toBe(4);
    }
  });
  test("references from a declaration of an upstream, and of a step", () => {
    const up = program.files("up/v1/up.proto");
    const offset = UP.indexOf("sku = 1");
    expect(up && lines(references(program, up, offset, false))).toEqual(
      ["19", "32", "34"].map((line) => `app/v1/app.proto:${line}`).sort(),
    );
    const { file, offset: step } = at('name: "item"', 8);
    expect(lines(references(program, file, step, true))).toEqual(
      ["18", "19", "20", "23"].map((line) => `app/v1/app.proto:${line}`),
    );
    expect(lines(references(program, file, step, false))).toEqual(
      ["19", "20", "23"].map((line) => `app/v1/app.proto:${line}`),
    );
  });
  const nowhere = { isChanged: () => false, modulesWith: () => [] };
  test("a step is renamed where it is declared and read", () => {
    const { file, offset } = at('name: "item"', 8);
    const { changes = {} } = rename(program, file, offset, "thing", nowhere);
    const edits = changes["file:///app/v1/app.proto"] ?? [];
    const sorted = edits.toSorted(
      (a, b) => file.document.offsetAt(b.range.start) - file.document.offsetAt(a.range.start),
    );
    const renamed = sorted.reduce((text, { range, newText }) => {
      const [from, to] = [file.document.offsetAt(range.start), file.document.offsetAt(range.end)];
      return text.slice(0, from) + newText + text.slice(to);
    }, APP);
    expect(renamed).toBe(APP.replaceAll('"item', '"thing'));
    expect(programOf({ "app/v1/app.proto": renamed, "up/v1/up.proto": UP }).analysis.diagnostics).toEqual([]);
  });
  test.each([
    ["cards", /there is a "cards" already/],
    ["args", /has a meaning in expressions/],
    ["the-item", /is no name/],
  ])("the name %s is refused", (name, message) => {
    const { file, offset } = at('name: "item"', 8);
    expect(() => rename(program, file, offset, name, nowhere)).toThrow(RenameRefusal);
    expect(() => rename(program, file, offset, name, nowhere)).toThrow(message);
  });
});

describe("the whole text", () => {
  test("hints at steps show absence and waiting", () => {
    const file = program.files("app/v1/app.proto");
    const found = file === undefined ? [] : inlayHints(program, file, 0, APP.length);
    expect(found.map(({ position, label }) => `${position.line + 1}: ${label}`)).toEqual([
      "18: may be absent",
      "19: may be absent, waits for item",
      "20: may be absent, waits for item",
      "31: may be absent",
    ]);
  });
  test("expressions have tokens", () => {
    const file = program.files("app/v1/app.proto");
    const { data } = file === undefined ? { data: [] } : semanticTokens(program, file);
    const [line = 0, character = 0, length = 0, type = 0] = data;
    expect(APP.split("\n")[line]?.slice(character, character + length)).toBe("args");
    expect(TOKEN_TYPES[type]).toBe("variable");
  });
  test("the plan of the rpc under the cursor", () => {
    const { file, offset } = at("rpc GetPage", 6);
    const found = planAt(program, file, offset);
    expect(found?.rpc).toBe("app.v1.App/GetPage");
    expect(found?.markdown).toContain("App/GetPage composes Page within 2 s");
    expect(found?.markdown).toContain("at worst");
    expect(found?.markdown).toContain("flowchart LR");
    const message = at("message Card", 9);
    expect(planAt(program, message.file, message.offset)).toBeUndefined();
    const page = at("message Page {", 9);
    expect(planAt(program, page.file, page.offset)?.rpc).toBe("app.v1.App/GetPage");
  });
});
