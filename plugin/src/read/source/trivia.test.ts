import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseProto } from "./parse-proto.ts";
import { literalPlace } from "./place.ts";
import { sourceText } from "./source-text.ts";
import { tokenize } from "./tokens.ts";

describe("trivia", () => {
  // Tokens of one option; what is between them must not matter.
  const words = String.raw`
    message M { option ( bff . v1 . message ) = {
      let : [ { name : "é{" call { set < by : "a" 'b' > } } , { } ]
      alias : "x\u00e9}" ; } ; }`
    .trim()
    .split(/\s+/);
  const trivia = fc.constantFrom(" ", "\n", "\r\n", "\t", " // c '\"{\n", ' /* } " \n */ ', "  ", " /**/\n\t");
  test("trivia moves positions and changes nothing else", () => {
    fc.assert(
      fc.property(fc.array(trivia, { minLength: words.length, maxLength: words.length }), (between) => {
        let text = "";
        const starts = words.map((word, index) => {
          text += between[index] ?? " ";
          const at = text.length;
          text += word;
          return at;
        });
        const source = sourceText("t.proto", text);
        const place = (word: number, to = word) => source.origin(starts[word]!, starts[to]! + words[to]!.length);
        const [message] = parseProto(text).file.children;
        const option = message?.options[0];
        expect([message?.name, option?.extension]).toEqual(["M", "bff.v1.message"]);
        const root = literalPlace(source, [option!.value!]);
        const first = root.field("let", 0);
        expect(first.at).toEqual(place(16, 30));
        expect(first.field("name").at).toEqual(place(19));
        const set = first.field("call").field("set", 0).field("by");
        expect(set.at).toEqual(place(26, 27));
        expect(set.text("ab").place(1)).toEqual(source.origin(starts[27]! + 1, starts[27]! + 2));
        expect(root.field("let", 1).at).toEqual(place(32, 33));
        expect(root.field("alias", 0).text("xé}").place(2)).toEqual(source.origin(starts[37]! + 8, starts[37]! + 9));
        expect(message?.nameToken?.from).toBe(starts[1]);
      }),
      { numRuns: 200 },
    );
  });

  test("any text is tokenized to its end", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab1.\"'\\/*#{}[]()<>=;:,-+\n option message") }), (text) => {
        expect(tokenize(text).at(-1)?.to ?? 0).toBeLessThanOrEqual(text.length);
        expect(parseProto(text).file.to).toBe(text.length);
      }),
    );
  });
});
