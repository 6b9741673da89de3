import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeString } from "./string-literal.ts";
import { tokenize } from "./tokens.ts";

/** A way to write one character, with any of its escapes. */
const character = fc.oneof(
  fc.string({ minLength: 1, maxLength: 1, unit: "grapheme" }).map((value) => {
    const plain = value.replace(/[\\'"\n\r]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
    return { value, source: plain };
  }),
  fc.constantFrom(
    { value: "\n", source: "\\n" },
    { value: "\x07", source: "\\a" },
    { value: "?", source: "\\?" },
    { value: "'", source: "\\'" },
    { value: "\\", source: "\\\\" },
    { value: "A", source: "\\101" },
    { value: "\0", source: "\\000" },
    { value: "€", source: "\\xe2\\x82\\xac" },
    { value: "€", source: "\\342\\202\\254" },
    { value: "é", source: "\\u00E9" },
    { value: "\uFEFF", source: "\\ufeff" },
    { value: "😀", source: "\\U0001f600" },
  ),
);

describe("string literals", () => {
  test("each character has its source position, in any number of pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.array(character), { minLength: 1, maxLength: 3 }), (pieces) => {
        let source = "";
        const expected: { value: string; from: number; to: number }[] = [];
        for (const piece of pieces) {
          source += " '";
          for (const { value, source: written } of piece) {
            expected.push({ value, from: source.length, to: source.length + written.length });
            source += written;
          }
          source += "'";
        }
        const decoded = decodeString(tokenize(source));
        expect(decoded.value).toBe(expected.map(({ value }) => value).join(""));
        expect(decoded.from).toHaveLength(decoded.value.length);
        let unit = 0;
        for (const { value, from, to } of expected) {
          expect(decoded.from[unit]).toBe(from);
          unit += value.length;
          expect(decoded.to[unit - 1]).toBe(to);
        }
      }),
    );
  });

  test.each([
    [String.raw`'\x4g'`, "\x04g"],
    [String.raw`'\1018'`, "A8"],
    [String.raw`'\X41'`, "A"],
    [String.raw`'\xff'`, "\ufffd"],
  ])("%s", (source, value) => {
    expect(decodeString(tokenize(source)).value).toBe(value);
  });
});
