// Arguments of a tool as its user reads them before the tool runs: nothing of one argument hides another one.
import type { JsonValue } from "@bufbuild/protobuf";

/** Characters of a text that are shown; the rest is counted. */
const MAX_TEXT_CHARACTERS = 200;
/** Maximum size of all arguments, in characters. */
const MAX_SHOWN_CHARACTERS = 4_096;

/**
 * Returns arguments as JSON, in the order of their message's fields. Each text is cut by itself, with its length behind
 * it.
 *
 * @param json of the message, without sensitive values
 * @returns undefined for arguments that do not fit into a question
 */
export function shownArguments(json: JsonValue): string | undefined {
  const parts: string[] = [];
  return append(parts, json, MAX_SHOWN_CHARACTERS) < 0 ? undefined : parts.join("");
}

/** Appends a value. Returns the room that is left; negative: it does not fit. */
function append(parts: string[], value: JsonValue, room: number): number {
  if (room < 0) return room;
  if (Array.isArray(value)) return appendAll(parts, value, room, "[]", (item, left) => append(parts, item, left));
  if (typeof value === "object" && value !== null)
    return appendAll(parts, Object.entries(value), room, "{}", ([name, item], left) =>
      name.length > MAX_TEXT_CHARACTERS
        ? -1
        : append(parts, item, put(parts, `${visible(JSON.stringify(name))}:`, left)),
    );
  if (typeof value !== "string" || value.length <= MAX_TEXT_CHARACTERS)
    return put(parts, visible(JSON.stringify(value)), room);
  const cut = value.slice(0, MAX_TEXT_CHARACTERS).toWellFormed();
  return put(parts, `${visible(JSON.stringify(cut))}… (${value.length} characters)`, room);
}

function appendAll<T>(
  parts: string[],
  items: readonly T[],
  room: number,
  brackets: string,
  appendItem: (item: T, room: number) => number,
): number {
  let left = put(parts, brackets.slice(0, 1), room);
  for (const [i, item] of items.entries()) {
    if (left < 0) return left;
    left = appendItem(item, i === 0 ? left : put(parts, ",", left));
  }
  return put(parts, brackets.slice(1), left);
}

function put(parts: string[], text: string, room: number): number {
  parts.push(text);
  return room - text.length;
}

/** Characters that are not seen, or that change the place of others: controls, formats, fillers, spaces but the usual one. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

/** Returns a text with escapes of JSON for characters that a reader would not see. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );
