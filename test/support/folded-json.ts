// JSON of many lines, and the same JSON with lines as long as they may be.
// A space inside the brackets marks a folded line: `[ "a" ]` had three lines, `["a"]` had one.
type Json = string | Block;
interface Block {
  readonly brackets: "[]" | "{}";
  /** Has a line per member when it is unfolded. */
  readonly spread: boolean;
  readonly members: readonly { readonly name: string | undefined; readonly value: Json }[];
}

const WIDTH = 120;
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|\s+/g;

/** Undefined unless `unfold` gives the same text back. */
export function fold(text: string): string | undefined {
  try {
    const folded = `${print(parse(text), "", 0, WIDTH)}\n`;
    return unfold(folded) === text ? folded : undefined;
  } catch {
    return undefined;
  }
}

export const unfold = (folded: string): string => `${print(parse(folded), "", 0, 0)}\n`;

/** `used` columns of the first line are taken, by a name and a comma. */
function print(value: Json, indent: string, used: number, width: number): string {
  const line = onOneLine(value);
  if (typeof value === "string" || !value.spread || indent.length + used + line.length <= width) return line;
  const more = `${indent}  `;
  const lines: string[] = [];
  for (const [i, { name, value: member }] of value.members.entries()) {
    const start = name === undefined ? "" : `${name}: `;
    const comma = i === value.members.length - 1 ? "" : ",";
    const text = start + print(member, more, start.length + 1, width) + comma;
    const filled = `${lines.at(-1) ?? ""} ${text}`;
    if (i > 0 && !filled.includes("\n") && filled.length <= width) lines.splice(-1, 1, filled);
    else lines.push(more + text);
  }
  return `${value.brackets[0]}\n${lines.join("\n")}\n${indent}${value.brackets[1]}`;
}

function onOneLine(value: Json): string {
  if (typeof value === "string") return value;
  const space = value.spread ? " " : "";
  const members = value.members.map(({ name, value: member }) =>
    name === undefined ? onOneLine(member) : `${name}:${space}${onOneLine(member)}`,
  );
  return value.brackets[0] + space + members.join(`,${space}`) + space + value.brackets[1];
}

/** Throws a SyntaxError for a text that is not JSON. */
function parse(text: string): Json {
  JSON.parse(text);
  const tokens = text.match(TOKENS) ?? [];
  let at = 0;
  const skipSpace = (): boolean => {
    const isSpace = /^\s/.test(tokens[at] ?? "");
    if (isSpace) at++;
    return isSpace;
  };
  const skip = (token: string): void => {
    if (tokens[at] === token) at++;
    skipSpace();
  };
  const next = (): Json => {
    const token = tokens[at++] ?? "";
    if (token !== "[" && token !== "{") return token;
    const brackets = token === "[" ? "[]" : "{}";
    const spread = skipSpace();
    const members: Block["members"][number][] = [];
    while (tokens[at] !== brackets[1]) {
      const name = brackets === "{}" ? tokens[at++] : undefined;
      skip(":");
      members.push({ name, value: next() });
      skipSpace();
      skip(",");
    }
    at++;
    return { brackets, spread, members };
  };
  skipSpace();
  return next();
}
