// JSON files that people write.
import type { JsonValue } from "@bufbuild/protobuf";
import { plainTree } from "./json-tree.ts";
import { parseExact } from "./parse-exact.ts";

/**
 * Returns the value of a file, with plain numbers. Duplicate names are refused.
 *
 * @throws Error with the place of the fault
 * @example
 * parseFile('{"a": 1,\n "a": 2}', "a.json"); // a.json:2:2: a name is given twice in one object
 */
export function parseFile(text: string, file: string): JsonValue {
  try {
    return plainTree(parseExact(text));
  } catch (thrown) {
    const { message } = thrown as Error;
    const [, what = message, character = text.length + 1] = PLACE.exec(message) ?? [];
    const before = text.slice(0, Math.max(0, Number(character) - 1)).split("\n");
    throw new Error(`${file}:${before.length}:${(before.at(-1) ?? "").length + 1}: ${what}`);
  }
}
/** Matches messages of `parseExact`. A text that ends too early has no place. */
const PLACE = /^(.*) \((?:string at )?character (\d+)\)$/;
