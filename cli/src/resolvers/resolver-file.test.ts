import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newFile, type Refused, type Updated, updatedFile } from "./resolver-file.ts";

const requirements = [
  { name: "card", what: "web.v1.Card" },
  { name: "cardBadge", what: "web.v1.Card.badge" },
];
const types = [{ name: "WebResolvers", from: "./gen/web/v1/web_bff.ts" }];
const stub = (name: string, what: string) => `  /** ${what} */
  ${name}: async () => {
    throw new Error("the resolver of ${what} is not written yet");
  },
`;

function update(text: string): Updated {
  const updated = updatedFile(text, requirements, types);
  expect(updated).not.toHaveProperty("refused");
  return updated as Updated;
}
/** What is left when the additions are taken out again. */
function without(text: string, additions: readonly string[]): string {
  return additions.reduce((left, addition) => left.replace(addition, ""), text);
}

test("a new file has each function, and the type of all", () => {
  const { text, added } = newFile(requirements, types, "npx protobff init resolvers resolvers.ts");
  expect(
    text,
  ).toBe(`// Functions that supply what \`resolver: true\` marks; \`npx protobff init resolvers resolvers.ts\` adds what is missing.
import type { WebResolvers } from "./gen/web/v1/web_bff.ts";

export const resolvers = {
${stub("card", "web.v1.Card")}${stub("cardBadge", "web.v1.Card.badge")}} satisfies WebResolvers;
`);
  expect(added).toEqual(["card", "cardBadge"]);
  expect(update(text)).toEqual({ text, added: [], obsolete: [] });
});

describe("an existing file keeps its text, and missing functions follow", () => {
  const badge = stub("cardBadge", "web.v1.Card.badge");
  test.each([
    ["a comma at the end", "export const resolvers = {\n  card: () => 1,\n};\n", [badge]],
    [
      "none, and a comment",
      "export const resolvers = {\n  card: () => 1 // mine\n} satisfies R; // end\n",
      [badge, ","],
    ],
    [
      "a comment behind the last comma",
      "export const resolvers = {\n  card() {}, // mine\n  // more to come\n};",
      [badge],
    ],
    ["a shorthand, frozen by a type", "const card = 1;\nexport const resolvers: R = {\n  card,\n}", [badge]],
    ["an object under another name", "const impl = {\n  'card': f,\n};\nexport { impl as resolvers };\n", [badge]],
    ["an object by way of a name", "const impl = ({\n  card: f,\n} as R);\nexport const resolvers = impl;\n", [badge]],
    ["spread in", "const a = { card: f };\nexport const resolvers = {\n  ...a,\n};\n", [badge]],
    ["nothing but spaces", "export const resolvers = {   };\n", [`\n${stub("card", "web.v1.Card")}${badge}`]],
    ["one line", "export const resolvers = { card: f };\n", [`\n${badge}`, ","]],
    ["tabs", "export const resolvers = {\n\tcard: f,\n};\n", [badge.replaceAll("  ", "\t")]],
    ["deeper", "{\n}\n    export const resolvers = {\n        card: f,\n    };\n", []],
    ["windows", "export const resolvers = {\r\n  card: f,\r\n};\r\n", [badge.replaceAll("\n", "\r\n")]],
    ["a mark of byte order", "\uFEFFexport const resolvers = {\n  card: f,\n};\n", [badge]],
  ])("%s", (_, text, additions) => {
    const updated = update(text);
    expect(updated.added.at(-1)).toBe("cardBadge");
    expect(updated.text.length).toBeGreaterThan(text.length);
    if (additions.length > 0) expect(without(updated.text, additions)).toBe(text);
    expect(update(updated.text)).toEqual({ text: updated.text, added: [], obsolete: updated.obsolete });
  });

  test("a class gets a method", () => {
    const text =
      "class Mine implements R {\n  #cache = 1;\n  private help() {}\n  card = f;\n  // end\n}\nexport const resolvers = new Mine();\n";
    const updated = update(text);
    expect(updated).toMatchObject({ added: ["cardBadge"], obsolete: [] });
    expect(updated.text).toBe(
      text.replace(
        "  // end\n",
        `  // end\n  /** web.v1.Card.badge */\n  async cardBadge(): Promise<never> {\n    throw new Error("the resolver of web.v1.Card.badge is not written yet");\n  }\n`,
      ),
    );
  });

  test("a file without resolvers gets an object at its end, and an import after its imports", () => {
    const text = '// mine\nimport { x } from "x"; // why\n\nx();';
    const updated = update(text);
    expect(updated.text.startsWith('// mine\nimport { x } from "x";\nimport type { WebResolvers }')).toBe(true);
    expect(updated.text).toContain(" // why\n\nx();\n\nexport const resolvers = {\n");
    expect(update("").text).toContain("export const resolvers = {\n");
  });
});

test("obsolete functions are named with their line, and stay", () => {
  const text = "export const resolvers = {\n  card: f,\n  cardBadge: f,\n  gone: f,\n};\n";
  expect(update(text)).toEqual({ text, added: [], obsolete: [{ name: "gone", line: 4 }] });
});

test.each<[string, string, Refused]>([
  [
    "what cannot be parsed",
    "export const resolvers = {\n  card: (\n};\n",
    { refused: "Expression expected.", at: [3, 1] },
  ],
  [
    "what is not exported",
    "\nconst resolvers = {};\n",
    { refused: "`resolvers` is declared, but not exported: write `export` before it", at: [2, 7] },
  ],
  [
    "what is made elsewhere",
    "import { make } from './x.ts';\nexport const resolvers = make();\n",
    {
      refused:
        "`resolvers` is made neither by an object literal nor by a class of this file: what is missing cannot be put in",
      at: [2, 14],
    },
  ],
])("%s is refused", (_, text, refused) => {
  expect(updatedFile(text, requirements, types)).toEqual(refused);
});

test("the text in and around the object is kept byte for byte, and a second run changes nothing", () => {
  const newline = fc.constantFrom("\n", "\r\n");
  const trivia = fc.constantFrom("", " ", "  ", "\t", "/* } */ ", "// { card: 1 }\n", "\n\n", "/** ünï 🎴 */\n");
  const member = fc.constantFrom(
    "card: () => 1",
    "cardBadge() { return `}{`; }",
    "'card': f",
    "other: { card: { } }",
    "async *gone() {}",
    "get card() { return f; }",
    "...rest",
    "[key]: 1",
  );
  const file = fc
    .record({
      head: fc.array(
        fc.constantFrom("// hello {\n", "import a from 'a';\n", "const re = /[}]/;\n", "'use strict';\n", "\n"),
      ),
      members: fc.array(fc.tuple(trivia, member, trivia), { maxLength: 4 }),
      comma: fc.boolean(),
      inner: trivia,
      typed: fc.constantFrom("", " satisfies WebResolvers", " as WebResolvers"),
      tail: fc.constantFrom("", ";", ";\n", ";\nexport const more = { };\n", ";\n// end"),
      newline,
    })
    .map(({ head, members, comma, inner, typed, tail, newline }) => {
      const inside = members.map(([before, middle, after]) => before + middle + after).join(",");
      const last = comma && members.length > 0 ? "," : "";
      return `${head.join("")}export const resolvers = {${inside}${last}${inner}}${typed}${tail}`.replaceAll(
        "\n",
        newline,
      );
    });
  fc.assert(
    fc.property(file, (text) => {
      const updated = updatedFile(text, requirements, types);
      if ("refused" in updated) return false;
      // The old text is what is left when characters are taken out: nothing is lost, moved or changed.
      let at = 0;
      for (const character of updated.text)
        if (character === text.slice(at, at + character.length)) at += character.length;
      const again = updatedFile(updated.text, requirements, types);
      return at === text.length && !("refused" in again) && again.text === updated.text && again.added.length === 0;
    }),
    { numRuns: 300, seed: 7 },
  );
});
