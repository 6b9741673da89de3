// The fewest levels with which a row still fails.
import { type Choice, FACTORS } from "./model.ts";

/** Returns a choice with fewer levels that fails, too. Chunks of levels are left out, from halves down to single ones. */
export async function shrunken(choice: Choice, fails: (choice: Choice) => Promise<boolean>): Promise<Choice> {
  let names = [...choice].flatMap(([name, { name: level }]) => (level === "none" ? [] : [name]));
  const only = (kept: readonly string[]): Choice => new Map([...choice].filter(([name]) => kept.includes(name)));
  for (let size = Math.ceil(names.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < names.length; ) {
      const rest = [...names.slice(0, from), ...names.slice(from + size)];
      if (await fails(only(rest))) names = rest;
      else from += size;
    }
  return only(names);
}

/** Returns levels as text: `capture: all; hedge: at once`. */
export const namedLevels = (choice: Choice): string =>
  [...choice].flatMap(([name, level]) => (level.name === "none" ? [] : [`${name}: ${level.name}`])).join("; ");

/** Returns the levels of a text. */
export function levelsNamed(text: string): Choice {
  return new Map(
    text.split("; ").map((pair) => {
      const [name = "", level = ""] = pair.split(": ");
      const found = FACTORS.find((factor) => factor.name === name)?.levels.find((each) => each.name === level);
      if (found === undefined) throw new Error(`no level ${pair}`);
      return [name, found];
    }),
  );
}
