// JSON as `JSON.stringify(value, null, 2)` writes it, and the same with everything on one line that fits there.
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const WIDTH = 120;

/** Undefined unless `unfold` gives the same text back. */
export function fold(text: string): string | undefined {
  try {
    const folded = `${print(JSON.parse(text), "", 0)}\n`;
    return unfold(folded) === text ? folded : undefined;
  } catch {
    return undefined;
  }
}

export const unfold = (folded: string): string => `${JSON.stringify(JSON.parse(folded), null, 2)}\n`;

/** `used` columns of the first line are taken, by a name and a comma. */
function print(value: Json, indent: string, used: number): string {
  const line = onOneLine(value);
  if (indent.length + used + line.length <= WIDTH || value === null || typeof value !== "object") return line;
  const more = `${indent}  `;
  const [open, items, close] = Array.isArray(value)
    ? ["[", value.map((item) => print(item, more, 1)), "]"]
    : ["{", membersOf(value).map(([name, item]) => `${name}: ${print(item, more, name.length + 3)}`), "}"];
  return `${open}\n${items.map((item) => more + item).join(",\n")}\n${indent}${close}`;
}

function onOneLine(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(", ")}]`;
  const members = membersOf(value).map(([name, item]) => `${name}: ${onOneLine(item)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

const membersOf = (value: Json): (readonly [string, Json])[] =>
  Object.entries(value ?? {}).map(([name, item]) => [JSON.stringify(name), item as Json]);
