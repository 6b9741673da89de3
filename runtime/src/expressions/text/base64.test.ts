import { expect, it } from "vitest";
import { ExpressionError } from "../value/error.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";

it("base64 is encoded with padding, and decoded with or without", () => {
  const bytes = new TextEncoder().encode("hello");
  expect(encodeBase64(bytes)).toBe("aGVsbG8=");
  expect([decodeBase64("aGVsbG8="), decodeBase64("aGVsbG8"), decodeBase64("")]).toEqual([
    bytes,
    bytes,
    Uint8Array.of(),
  ]);
});

it.each(["a", "a===", "a-b_", "aGV sbG8=", "aGVsbG8=="])("%j is not base64", (text) => {
  expect(() => decodeBase64(text)).toThrow(ExpressionError);
});
