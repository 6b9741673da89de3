// Values with many alternatives, which the TypeScript compiler takes as statements: a chain of conditionals costs it
// the square of its length or more, since it compares the type of each alternative with those of all others.
import type { DescOneof } from "@bufbuild/protobuf";
import type { FileNames } from "../names/file-names.ts";
import { block, type Line, type Lines } from "../text/lines.ts";

/** A chain of more conditionals than this is printed as statements. */
export const MAX_CHAIN = 20;

/** A oneof as a property: the first of its statements that returns decides. */
export function longChoice(oneof: DescOneof, statements: Lines, otherwise: Line, names: FileNames): Lines {
  const type: Line = [names.shape(oneof.parent), `[${JSON.stringify(oneof.localName)}]`];
  const body = [...statements, ["return ", ...otherwise, ";"]];
  return joined(block([`${oneof.localName}: ((): `, ...type, " => {"], body, ["})()"]));
}

/** Returns several rows as one property: the comma follows the last row. */
export function joined(rows: Lines): Lines {
  const all: Line[number][] = [];
  for (const [i, row] of rows.entries()) all.push(...(i === 0 ? [] : ["\n    "]), ...row);
  return [all];
}
