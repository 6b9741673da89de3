// Finds the field, step or guard of an expression that failed, for readers of the log. Generated code carries no data
// for this purpose. The error's stack names the line of the expression in the generated code, and the lines around it
// name its owner.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { ExpressionError } from "@protobff/runtime/internal/expressions/value/error";

const FRAME = /^ {4}at (?:[^(]* \(|async )?(\S+_bff\.[cm]?[jt]s):(\d+):\d+\)?$/m;
const FUNCTION = /^(?:export )?(?:async )?function /;
const ABOVE_FUNCTION = /^\/\*\* ([\w.]+)/;
/** Comment above the code of a declaration. */
const DECLARED = /^\s*\/\/ (\S+\.proto:\d+:\d+)$/;
const STEP = /^\s*const (\w+?)(?:Step|Loads) = /;
const MESSAGE = /^(\s*)\$typeName: "([\w.]+)",/;
/** A message of proto2 or of an edition, or one with optional fields. Its full name is above the function. */
const CREATED = /^(\s*)(?:return|const \w+ =) create\(\w+Schema, defined\(\{$/;
const FIELD = /^(\s*)(\w+)(?::|,$)/;

/**
 * Returns a place like `shop.v1.Page.price (shop_bff.ts:86)`. Undefined: not an error of an expression, or the place
 * was not found.
 */
export function placeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof ExpressionError)) return undefined;
  const [, file, at] = FRAME.exec(framesOf(thrown)) ?? [];
  if (file === undefined) return undefined;
  const name = nameAt(linesOf(file), Number(at) - 1);
  const line = `${basename(file)}:${at}`;
  return name === "" ? line : `${name} (${line})`;
}

/**
 * Returns the stack without the message, which may quote clients: a text of a megabyte, or one that looks like a frame.
 */
function framesOf({ stack = "", message }: Error): string {
  const at = stack.indexOf(message);
  return at < 0 ? "" : stack.slice(at + message.length);
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file.startsWith("file:") ? fileURLToPath(file) : file, "utf8").split("\n");
  } catch {
    return []; // it is not where it was compiled
  }
}

/** `message.field`, or the message with its step, and where that is declared. */
function nameAt(lines: readonly string[], at: number): string {
  const before = lines.slice(0, at + 1);
  const from = Math.max(
    0,
    before.findLastIndex((line) => FUNCTION.test(line)),
  );
  // A declaration ends where a line is empty.
  const apart = before.findLastIndex((line, i) => i > from && line === "");
  const declared = before.findLastIndex((line, i) => i > Math.max(from, apart) && DECLARED.test(line));
  const message = before.findLastIndex((line, i) => i > from && (MESSAGE.test(line) || CREATED.test(line)));
  const composed = ABOVE_FUNCTION.exec(lines[from - 1] ?? "")?.[1];
  if (message > declared) return fieldIn(before, message, composed);
  const step = before
    .slice(declared)
    .map((line) => STEP.exec(line)?.[1])
    .find((name) => name !== undefined);
  return [
    composed,
    declared < 0 || step === undefined ? undefined : `step ${step}`,
    DECLARED.exec(lines[declared] ?? "")?.[1],
  ]
    .filter((part) => part !== undefined)
    .join(", ");
}

/** Returns the field of a message that is written as an object literal around the line `at`. */
function fieldIn(before: readonly string[], at: number, composed = ""): string {
  const line = before[at] ?? "";
  const created = CREATED.exec(line)?.[1];
  const [, indent, name] = created === undefined ? (MESSAGE.exec(line) ?? []) : ["", `${created}  `, composed];
  const fields = before.slice(at + 1).map((line) => FIELD.exec(line));
  const field = fields.findLast((found) => found?.[1] === indent)?.[2];
  return field === undefined ? (name ?? "") : `${name}.${field}`;
}
