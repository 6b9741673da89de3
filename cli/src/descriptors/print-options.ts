// Prints options as in a .proto file. protobuf-es writes the values, in the text format; this file writes the names and
// brackets.
import type { DescMessage, MessageShape, Registry } from "@bufbuild/protobuf";
import { toText } from "@bufbuild/protobuf/txtpb";

/** One option: `deprecated`, `(google.api.http)`, and its value, which may have several lines. */
export interface PrintedOption {
  readonly name: string;
  readonly value: string;
}

/**
 * All that is set, one entry for each element of a list. Extensions that the registry does not know are left out.
 *
 * @param schema of `options`, as in FieldOptionsSchema
 */
export function printOptions<Desc extends DescMessage>(
  schema: Desc,
  options: MessageShape<Desc> | undefined,
  registry: Registry,
): readonly PrintedOption[] {
  if (options === undefined) return [];
  const found: { name: string; value: string }[] = [];
  for (const line of toText(schema, options, { registry }).split("\n")) {
    const last = found.at(-1);
    const [, name = "", value = ""] = /^(\[[^\]]+\]|\w+):? (.*)$/.exec(line) ?? [];
    if (name !== "") found.push({ name: name.replace(/^\[(.*)\]$/, "($1)"), value });
    // Inside of a value, or its end: what begins an entry is not indented.
    else if (last !== undefined && line !== "") last.value += `\n${line}`;
  }
  return found;
}

/** Returns the lines of `option name = value;` statements. */
export function optionLines(options: readonly PrintedOption[]): string[] {
  return options.flatMap(({ name, value }) => `option ${name} = ${value};`.split("\n"));
}

/** ` [name = value, …]`, or nothing. */
export function inBrackets(options: readonly PrintedOption[]): string {
  if (options.length === 0) return "";
  return ` [${options.map(({ name, value }) => `${name} = ${value}`).join(", ")}]`;
}

/** A text as a literal. */
export function quoted(text: string): string {
  const escaped = text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped
  return `"${escaped.replace(/[\x00-\x1f\x7f]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)}"`;
}
