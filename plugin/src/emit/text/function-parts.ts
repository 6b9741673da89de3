// Functions of generated code that stay small enough for the TypeScript compiler, however many fields a message has.
import type { Line, Lines } from "./lines.ts";

/** Lines of a function before the next part begins. TypeScript analyses about 2,000 branches per function (TS2563). */
const MAX_LINES = 200;

interface DividedFunction {
  /** `write` of `writeSummary`; its parts are `write1OfSummary`, which is the name of no message. */
  readonly verb: string;
  readonly name: string;
  /** Arguments as the parts are called with: the names of the parameters. */
  readonly parameters: string;
  /** A whole function of this name and body. */
  readonly print: (name: string, body: Lines) => Lines;
}

/** Prints one function of all statements, or several functions and another that calls them in order. */
export function divided(statements: readonly Lines[], { verb, name, parameters, print }: DividedFunction): Lines {
  const [first = [], ...others] = partsOf(statements);
  if (others.length === 0) return print(`${verb}${name}`, first);
  const parts = [first, ...others].map((body, i) => ({ name: `${verb}${i + 1}Of${name}`, body }));
  const calls = parts.map((part): Line => [`${part.name}(${parameters});`]);
  return [...print(`${verb}${name}`, calls), ...parts.flatMap((part) => [[], ...print(part.name, part.body)])];
}

function partsOf(statements: readonly Lines[]): readonly Lines[] {
  const parts: Line[][] = [];
  let part: Line[] | undefined;
  for (const statement of statements) {
    if (part === undefined || part.length + statement.length > MAX_LINES) {
      part = [];
      parts.push(part);
    }
    part.push(...statement);
  }
  return parts;
}
