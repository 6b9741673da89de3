import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExpressionError } from "@protobff/runtime/internal/expressions/value/error";
import { expect, test } from "vitest";
import { placeOf } from "./expression-place.ts";

/** As V8 writes it. */
function thrown(message: string, frames: readonly string[]): ExpressionError {
  const error = new ExpressionError(message);
  error.stack = [`Error: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}
const FRAMES = ["seconds (file:///app/cel/time.js:58:9)", "compose (file:///app/gen/shop_bff.ts:86:3)"];

test("a place comes from the stack frames, and not from the message", () => {
  for (const text of ["no", "x_bff.ts:1:1", "no\n    at a (file:///x_bff.ts:1:1)"]) {
    expect(placeOf(thrown(`not a timestamp: ${text}`, FRAMES))).toBe("shop_bff.ts:86");
    expect(placeOf(thrown(`not a timestamp: ${text}`, FRAMES.slice(0, 1)))).toBeUndefined();
  }
});

test.each([
  "compose (/app/shop_bff.js:7:3)",
  "async compose (file:///app/shop_bff.js:7:3)",
  "file:///app/shop_bff.js:7:3",
  "async /app/shop_bff.js:7:3",
])("a frame may be formatted as %s", (frame) => {
  expect(placeOf(thrown("no", [frame]))).toBe("shop_bff.js:7");
});

test("the field of a created message is named, even over several lines", () => {
  const folder = mkdtempSync(join(tmpdir(), "place-"));
  const file = join(folder, "shop_bff.ts");
  const code = `/** shop.v1.Hits */
export async function composeHits(cx: Request<App>, args: FindRequest): Promise<Hits> {
  // shop.proto:35:7
  const found = await cx.call(query, { limit: 20n });

  const hits = create(HitsSchema, defined({
    hits: found.result.map(toHit),
    facets: cel.toRecord(
      found.facets,
    ),
  }));
  return hits;
}

/** shop.v1.Hit, a pruned up.v1.Hit */
export function toHit(of: UpHit): Hit {
  return create(HitSchema, defined({
    title: cel.at(of.titles, 0),
  }));
}
`;
  try {
    writeFileSync(file, code);
    const at = (line: number) => placeOf(thrown("no", [`compose (${file}:${line}:9)`]));
    expect(at(7)).toBe("shop.v1.Hits.hits (shop_bff.ts:7)");
    expect(at(9)).toBe("shop.v1.Hits.facets (shop_bff.ts:9)");
    expect(at(18)).toBe("shop.v1.Hit.title (shop_bff.ts:18)");
    expect(at(4)).toBe("shop.v1.Hits, shop.proto:35:7 (shop_bff.ts:4)");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a long message is not searched for a place", () => {
  expect(placeOf(thrown(`not a timestamp: ${"a".repeat(1 << 20)}`, FRAMES))).toBe("shop_bff.ts:86");
});

test("other errors, and errors without frames, have no place", () => {
  expect(placeOf(new Error("no"))).toBeUndefined();
  const silent = new ExpressionError("no");
  silent.stack = "";
  expect(placeOf(silent)).toBeUndefined();
});
