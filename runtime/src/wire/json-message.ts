// JSON texts as messages, as protobuf-es reads them; what takes it longest, the search for names that an object has twice, is done another way.
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
 * What `fromJsonString` gives, or throws. That one looks at each character of the text, of one that it has parsed already: of a long one it takes ten
 * times as long for that as for all the rest. A name that is there twice leaves less in the value than the text has.
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

/** How many names of members a JSON text has: as many as colons that are in no string. */
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

/** Where the closing quote is. */
function endOfString(text: string, from: number): number {
  const end = text.indexOf('"', from);
  if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
  let i = from;
  for (let code = text.charCodeAt(i); code !== QUOTE; code = text.charCodeAt(++i)) if (code === BACKSLASH) i++;
  return i;
}

/** How many members all objects of a value have together. */
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
