import type { Json } from "../json-schema/json.ts";

const WIDTH = 120;

/**
 * Returns JSON in which each value that fits takes one line. The text has a third of the lines, and a changed panel
 * changes one of its lines.
 */
export function jsonText(value: Json, indent = ""): string {
  const line = JSON.stringify(value);
  if (value === null || typeof value !== "object" || indent.length + line.length <= WIDTH) return line;
  const inner = `${indent}  `;
  if (isList(value)) return `[\n${value.map((item) => inner + jsonText(item, inner)).join(",\n")}\n${indent}]`;
  const entries = Object.entries(value).map(
    ([name, item]) => `${inner}${JSON.stringify(name)}: ${jsonText(item, inner)}`,
  );
  return `{\n${entries.join(",\n")}\n${indent}}`;
}
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
