// Converts JSON texts to messages, as protobuf-es reads them. The search for duplicate names in an object, which takes
// protobuf-es longest, is replaced.
import {
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonReadOptions,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Returns or throws the same as `fromJsonString`. That function looks at each character of a text that is already
 * parsed. For a long text, this takes ten times as long as the rest. A duplicate name leaves fewer members in the value
 * than the text has names.
 */
export function fromJsonText(desc: DescMessage, text: string, options: Partial<JsonReadOptions>): Message {
  const json = parsed(text);
  if (json === undefined || namesIn(text) !== membersOf(json)) return fromJsonString(desc, text, options); // it says what is wrong
  return fromJson(desc, json, options);
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Returns the number of member names in a JSON text: that of the colons outside of strings. */
function namesIn(text: string): number {
  let count = 0;
  let colon = text.indexOf(":");
  let quote = text.indexOf('"');
  while (colon !== -1) {
    if (quote === -1 || colon < quote) {
      count++;
      colon = text.indexOf(":", colon + 1);
    } else {
      const end = endOfString(text, quote + 1);
      quote = text.indexOf('"', end + 1);
      if (colon < end) colon = text.indexOf(":", end + 1);
    }
  }
  return count;
}

/** Returns the index of the closing quote. */
function endOfString(text: string, from: number): number {
  const end = text.indexOf('"', from);
  if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
  let i = from;
  for (let code = text.charCodeAt(i); code !== QUOTE; code = text.charCodeAt(++i)) if (code === BACKSLASH) i++;
  return i;
}

/** Returns the number of members of all objects in a value. */
function membersOf(json: JsonValue): number {
  let count = 0;
  const rest = [json]; // and no recursion, since clients say how deep it is
  for (let value = rest.pop(); value !== undefined; value = rest.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const inside = Array.isArray(value) ? value : Object.values(value);
    if (inside !== value) count += inside.length;
    for (const item of inside) if (typeof item === "object" && item !== null) rest.push(item);
  }
  return count;
}
