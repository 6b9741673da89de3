// The tools that search mode lists, which compiled tools may not have the names of.
import type { JsonObject } from "@bufbuild/protobuf";

/** Names of the tools of search mode. */
export const SEARCH_TOOLS = ["find_tools", "read_tool", "run_tool"];

/** Maximum length of the names of groups in the description, in characters. */
const MAX_GROUPS = 1_000;

const NAMED: JsonObject = {
  type: "object",
  properties: {
    name: { type: "string", description: "Name of a tool, from find_tools" },
    arguments: { type: "object", description: "Arguments of the tool, by its inputSchema" },
  },
  required: ["name"],
  additionalProperties: false,
};
const QUERY: JsonObject = {
  type: "object",
  properties: { query: { type: "string", description: "Words of the task, a tool's name, or a group" } },
  required: ["query"],
  additionalProperties: false,
};
const annotations = (readOnly: boolean): JsonObject => ({
  readOnlyHint: readOnly,
  idempotentHint: readOnly,
  destructiveHint: !readOnly,
});
const CALLS = JSON.stringify([
  {
    name: "read_tool",
    description: "Calls a tool from find_tools that only reads (readOnlyHint is true).",
    inputSchema: NAMED,
    annotations: annotations(true),
  },
  {
    name: "run_tool",
    description: "Calls any tool from find_tools, also one that writes.",
    inputSchema: NAMED,
    annotations: annotations(false),
  },
]);

/** Returns the JSON of the list. */
export function searchTools(groups: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const group of groups) {
    length += group.length + 2;
    if (length > MAX_GROUPS) break;
    shown.push(group);
  }
  const more = shown.length < groups.length ? ", …" : "";
  const description =
    "Searches the tools of this server, and returns the best ones with their schemas. Search before you call read_tool " +
    `or run_tool.${shown.length === 0 ? "" : ` Groups of tools: ${shown.join(", ")}${more}.`}`;
  const find = { name: "find_tools", description, inputSchema: QUERY, annotations: annotations(true) };
  return `[${JSON.stringify(find)},${CALLS.slice(1)}`;
}
