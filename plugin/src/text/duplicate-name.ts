/** Matches strings, with the colon of those that are names, and the brackets of objects. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}]/g;

/** A name that an object of a JSON text has already. */
interface DuplicateName {
  readonly name: string;
  /** Index of the second one. */
  readonly offset: number;
}

/** Returns the first duplicate name in a text that `JSON.parse` accepts: it keeps the last member without a word. */
export function duplicateName(text: string): DuplicateName | undefined {
  const open: Set<string>[] = [];
  for (const { 0: token, 1: colon, index } of text.matchAll(TOKEN)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon !== undefined) {
      const name: string = JSON.parse(token.slice(0, -colon.length));
      const names = open.at(-1);
      if (names?.has(name)) return { name, offset: index };
      names?.add(name);
    }
  }
  return undefined;
}
