// Tools for agents, as reviewers see them: their cost in conversations, and what clients must send.

import { createHash } from "node:crypto";
import type { JsonObject } from "../../json-schema/json.ts";
import { pathName } from "../../model/path-name.ts";
import type { PlanFile, PlanMethod, PlanTool } from "../../plan/model/plan.ts";
import { timeText } from "../../text/time-text.ts";

export interface ToolOfRpc {
  /** Present only if the rpc is a tool for agents. */
  readonly tool?: ToolReport;
}
export interface ToolsOfFile {
  /** The tools of the file together; present only if it has some. */
  readonly tools?: ToolsReport;
}
interface ToolReport {
  readonly name: string;
  readonly description: string;
  /** Present only for tools with a group. */
  readonly group?: string;
  /** Present only for tools with side effects: whether each call needs confirmation. */
  readonly confirm?: boolean;
  /** Members of the arguments, in order; a required one ends in `*`. */
  readonly arguments: readonly string[];
  /** Digests of both schemas. */
  readonly input_schema: string;
  readonly output_schema: string;
  /** Request fields that clients do not see; present only if there are some. */
  readonly hidden?: readonly HiddenReport[];
  readonly max_bytes: number;
  /** Present only for streams. */
  readonly wait_ms?: number;
  /** Size in the list of tools. */
  readonly bytes: number;
  /** Estimated as a quarter of the bytes. */
  readonly tokens: number;
}
interface HiddenReport {
  readonly field: string;
  /** Present only if the server sets it. */
  readonly by?: string;
}
/** The list of the tools of a file. */
interface ToolsReport {
  readonly count: number;
  readonly bytes: number;
  readonly tokens: number;
}

const BYTES_PER_TOKEN = 4;
const tokensOf = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

export const toolOfRpc = ({ tool }: PlanMethod): ToolOfRpc => (tool === undefined ? {} : { tool: toolReport(tool) });

function toolReport(tool: PlanTool): ToolReport {
  const { of, description, readOnly, input, output, bytes } = tool;
  const { name, group, confirm, maxBytes, waitMs } = of;
  const hidden = of.hidden.map(({ path, bound }) => ({
    field: pathName(path),
    ...(bound !== undefined && { by: bound.expression.text.value }),
  }));
  return {
    name,
    description,
    ...(group !== undefined && { group }),
    ...(!readOnly && { confirm }),
    arguments: argumentsOf(input),
    input_schema: digest(input),
    output_schema: digest(output),
    ...(hidden.length > 0 && { hidden }),
    max_bytes: maxBytes,
    ...(waitMs !== undefined && { wait_ms: waitMs }),
    bytes,
    tokens: tokensOf(bytes),
  };
}

function argumentsOf({ properties = {}, required = [] }: JsonObject): readonly string[] {
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  return Object.keys(properties as JsonObject).map((name) => (needed.has(name) ? `${name}*` : name));
}

const digest = (schema: JsonObject): string =>
  createHash("sha256").update(JSON.stringify(schema)).digest("hex").slice(0, 16);

const toolsOf = ({ services }: PlanFile): readonly PlanTool[] =>
  services.flatMap(({ methods }) => methods.flatMap(({ tool }) => tool ?? []));

export function toolsOfFile(file: PlanFile): ToolsOfFile {
  const tools = toolsOf(file);
  const bytes = tools.reduce((sum, tool) => sum + tool.bytes, 0);
  return tools.length === 0 ? {} : { tools: { count: tools.length, bytes, tokens: tokensOf(bytes) } };
}

/** Returns the rows of a table of tools, with their sum; empty: the file has none. */
export function toolRows(file: PlanFile): readonly (readonly [name: string, cost: string, what: string])[] {
  const { tools: sum } = toolsOfFile(file);
  if (sum === undefined) return [];
  const rows = toolsOf(file).map((tool) => {
    const { name, bytes, tokens } = toolReport(tool);
    return [`  ${name}`, costText(bytes, tokens), whatText(tool)] as const;
  });
  return [...rows, [`  all ${sum.count}`, costText(sum.bytes, sum.tokens), ""]];
}

const costText = (bytes: number, tokens: number): string => `${bytes} bytes, about ${tokens} tokens`;

function whatText({ of, readOnly }: PlanTool): string {
  const hidden = of.hidden.map(({ path, bound }) => {
    const name = pathName(path);
    return bound === undefined ? name : `${name} (${bound.expression.text.value})`;
  });
  const effects = of.confirm ? "needs confirmation" : "leaves confirmation to clients";
  return [
    `${of.desc.name}/${of.rpc.desc.name}`,
    readOnly ? "reads" : effects,
    ...(of.group === undefined ? [] : [`in group ${of.group}`]),
    ...(of.waitMs === undefined ? [] : [`waits ${timeText(of.waitMs)}`]),
    ...(hidden.length === 0 ? [] : [`hides ${hidden.join(", ")}`]),
  ].join(", ");
}
