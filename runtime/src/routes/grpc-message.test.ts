import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeGrpcMessage } from "./grpc-message.ts";

// As grpc-go's encodeGrpcMessage has it.
test.each([
  ["", ""],
  ["no such key: a/b?c=d&e#f,g;h", "no such key: a/b?c=d&e#f,g;h"],
  ["100%", "100%25"],
  ["a\r\nb\tc\x7f", "a%0D%0Ab%09c%7F"],
  ["é 😀", "%C3%A9 %F0%9F%98%80"],
  ["\ud800", "%EF%BF%BD"],
  [" a b ", "%20a b%20"],
  [" ", "%20"],
])("%j is written as %j", (text, written) => {
  expect(encodeGrpcMessage(text)).toBe(written);
});

test("every text is a value of HTTP, encodes nothing else, and can be decoded", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = encodeGrpcMessage(text);
      expect(written).toMatch(/^(?:[\x20-\x24\x26-\x7e]|%[0-9A-F]{2})*$/);
      expect(written.trim()).toBe(written);
      expect(decodeURIComponent(written)).toBe(text.toWellFormed());
      const ascii = text.replace(/[^\x21-\x24\x26-\x7e]/g, "");
      expect(encodeGrpcMessage(ascii)).toBe(ascii);
    }),
  );
});
