// The tools of `protobff mcp`, each over the command of its name.

import { isInside } from "../../project/inside.ts";
import { Refusal } from "../../terminal.ts";
import { addAdd } from "../add.ts";
import { addCheck } from "../check.ts";
import { addExplain } from "../explain.ts";
import { type Output, outputOf, type Workplace } from "./output.ts";
import { isObject, type Json, ProtocolError } from "./protocol.ts";
import { FAULTS, tryRpc } from "./try-rpc.ts";

type Run = (args: Arguments, place: Workplace) => Promise<Output>;
type Arguments = Readonly<Record<string, string | readonly string[] | boolean | Json | undefined>>;

const text = (description: string): Json => ({ type: "string", description });
const texts = (description: string): Json => ({ type: "array", items: { type: "string" }, description });
const flag = (description: string): Json => ({ type: "boolean", description });

interface Declared {
  readonly description: string;
  readonly properties: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
  /** True for a tool that writes. */
  readonly writes?: true;
  readonly run: Run;
}
const DECLARED: Readonly<Record<string, Declared>> = {
  check: {
    description:
      "Compiles the project, and returns its diagnostics as JSON, with hints and edits. Writes nothing without fix.",
    properties: {
      files: texts("Files of which diagnostics are returned, by their paths in the project. Default: all"),
      fix: flag("Applies the edits of hints to the protos"),
    },
    writes: true,
    run: ({ files = [], fix }, { root, env }) =>
      outputOf(
        addCheck,
        ["check", "--json", ...(fix === true ? ["--fix"] : []), "--", ...inside(root, files)],
        root,
        env,
      ),
  },
  explain: {
    description: "Explains a diagnostic (BFF601), an option, a function, a variable or a topic, with examples.",
    properties: { name: text("Name, as in BFF601, rate_limit, take or streams. Default: what there is") },
    run: ({ name }, { root, env }) => outputOf(addExplain, ["explain", "--", ...words(name)], root, env),
  },
  functions: {
    description: "Lists the functions of expressions (CEL), a line each, or explains one.",
    properties: { name: text("Name of a function, as in math.round. Default: all") },
    run: ({ name = "functions" }, { root, env }) => outputOf(addExplain, ["explain", "--", ...words(name)], root, env),
  },
  add: {
    description:
      "Adds an rpc that composes rpcs of upstreams to a BFF, and returns the difference. Writes nothing without write.",
    properties: {
      rpcs: texts("Rpcs of upstreams: package.Service/Method, or an unambiguous end of that name"),
      to: text("Service that gets the rpc. Default: the only BFF of the project"),
      name: text("Name of the rpc"),
      write: flag("Writes the file"),
    },
    required: ["rpcs"],
    writes: true,
    run: ({ rpcs = [], to, name, write }, { root, env }) => {
      const options = [to === undefined ? [] : [`--to=${to}`], name === undefined ? [] : [`--name=${name}`]].flat();
      const all = [...options, ...(write === true ? ["--write"] : []), "--", ...(rpcs as string[])];
      return outputOf(addAdd, ["add", ...all], root, env);
    },
  },
  plan: {
    description: "Returns the plan of each rpc: its calls, waits, budgets, errors and callers. Writes nothing.",
    properties: {},
    run: (_, { root, env }) => outputOf(addCheck, ["check", "--plan", "--quiet"], root, env),
  },
  try: {
    description:
      "Generates the project, starts it with mocks for all upstreams, and sends one request. Returns the answer, degraded fields, calls of upstreams and logs as JSON.",
    properties: {
      rpc: text("package.Service/Method, or an unambiguous end of that name"),
      request: { type: "object", description: "Request in ProtoJSON. Default: {}" },
      caller: text("Name of a test caller, as in dev or guest. Default: the first. An empty name: anonymous"),
      faults: {
        type: "object",
        additionalProperties: { enum: FAULTS },
        description: "Behaviours of mocks by the names of their services, as in catalog.v1.CatalogService",
      },
    },
    required: ["rpc"],
    writes: true,
    run: ({ rpc, request, caller, faults }, place) =>
      tryRpc({ rpc: String(rpc), request, caller, faults } as Parameters<typeof tryRpc>[0], place),
  },
};

/** The list of tools. */
export const TOOLS = Object.entries(DECLARED).map(([name, { description, properties, required = [], writes }]) => ({
  name,
  description,
  inputSchema: { type: "object", properties, required, additionalProperties: false },
  annotations: { readOnlyHint: writes !== true, destructiveHint: writes === true, openWorldHint: false },
}));

/** Maximum size of a result, in UTF-16 code units. */
const MAX_TEXT = 65_536;

/** Calls a tool. Never rejects. */
export async function callTool(params: Json, place: Workplace, id: string | number): Promise<Json | ProtocolError> {
  const { name = "", arguments: args = {} } = params;
  const tool = typeof name === "string" && Object.hasOwn(DECLARED, name) ? DECLARED[name] : undefined;
  if (tool === undefined) return new ProtocolError(-32602, `Unknown tool: ${String(name).slice(0, 100)}`, { id });
  const { isError, text } = await tried(() => tool.run(checked(args, tool), place));
  const shown =
    text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n… ${text.length - MAX_TEXT} more characters`;
  return { content: [{ type: "text", text: shown.trimEnd() }], ...(isError && { isError }) };
}
async function tried(run: () => Promise<Output>): Promise<Output> {
  try {
    return await run();
  } catch (thrown) {
    return { isError: true, text: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** @throws Refusal for arguments that the schema does not have */
function checked(args: unknown, { properties, required = [] }: Declared): Arguments {
  if (!isObject(args)) throw new Refusal("arguments is no object");
  for (const [name, value] of Object.entries(args)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema === undefined) throw new Refusal(`${name.slice(0, 100)} is no argument of this tool`);
    if (!isOfType(value, schema.type)) throw new Refusal(`${name} is not of the type ${schema.type}`);
  }
  const missing = required.find((name) => args[name] === undefined);
  if (missing !== undefined) throw new Refusal(`${missing} is missing`);
  return args as Arguments;
}
function isOfType(value: unknown, type: unknown): boolean {
  if (type === "array") return isTexts(value);
  return type === "object" ? isObject(value) : typeof value === type;
}
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");
const words = (name: Arguments[string]): readonly string[] => (typeof name === "string" ? name.split(" ") : []);

/** @throws Refusal for a file outside of the project */
function inside(root: string, files: Arguments[string]): readonly string[] {
  const all = files as readonly string[];
  const outside = all.find((file) => !isInside(root, file));
  if (outside !== undefined) throw new Refusal(`${outside} is outside of the project`);
  return all;
}
