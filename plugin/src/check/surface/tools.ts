// Tools for agents: their requests, their answers and their texts.

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence as Presence } from "@bufbuild/protobuf/wkt";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import { isJsonObject } from "../../json-schema/inline-schemas.ts";
import { refusesZero } from "../../json-schema/refuses-zero.ts";
import { pathName } from "../../model/path-name.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { BffMethod, HiddenField, Model, Tool } from "../../resolve/model/model.ts";
import { filesOf, type ServedTogether } from "../../resolve/model/server-paths.ts";
import type { Check } from "../check.ts";
import { withoutTool } from "../tool-hint.ts";

export const tools: Check = {
  rules: {
    BFF210:
      "The rules of a request accept an unset field that a tool hides. Otherwise every call of the tool would be refused.",
    BFF217:
      "The request and the response of a tool are objects in JSON. Arguments and structured results of tools have no other form.",
  },
  run(model, report) {
    for (const method of methodsOf(model)) {
      const { tool, desc } = method;
      if (tool === undefined) continue;
      checkForm(tool, desc.input, "takes", report);
      checkForm(tool, desc.output, "returns", report);
      checkUnset(method, tool, model, report);
    }
  },
};

function checkForm(tool: Tool, message: DescMessage, verb: "takes" | "returns", report: Report): void {
  if (isJsonObject(message)) return;
  const { at, rpc } = tool;
  fault(report, "BFF217", at, {
    message: `"${rpc.desc.name}" is a tool and ${verb} a "${message.typeName}", which is no object in JSON`,
    related: [{ at: rpc.at, message: "the rpc" }],
    hint: `put the value into a field of a message, or ${withoutTool(tool)}`,
  });
}

function checkUnset({ ir }: BffMethod, tool: Tool, { rules }: Model, report: Report): void {
  const validated = ir.validate?.value !== false;
  const set = tool.hidden.filter(({ bound }) => bound !== undefined);
  for (const hidden of tool.hidden) {
    const field = hidden.path.at(-1);
    const isSet = set.some(({ path }) => contains(hidden.path, path) || isBeside(path, hidden.path));
    if (field === undefined || isSet || !isRefused(field, hidden, tool, validated ? rules : new Map())) continue;
    const name = pathName(hidden.path);
    fault(report, "BFF210", hidden.ir.name?.at ?? hidden.ir.at, {
      message: `"${name}" is hidden and stays unset, and "${tool.rpc.desc.name}" refuses requests without it`,
      related: [{ at: tool.rpc.at, message: "the rpc" }],
      hint: `add \`by\`, or leave the field out of \`hidden\``,
    });
  }
}

/** Returns true if a path leads to a field, or through it. */
const contains = (field: readonly DescField[], path: readonly DescField[]): boolean =>
  field.every((part, i) => part === path[i]);

/** Returns true if two paths end at members of one oneof. */
function isBeside(a: readonly DescField[], b: readonly DescField[]): boolean {
  const oneof = a.at(-1)?.oneof;
  return oneof !== undefined && oneof === b.at(-1)?.oneof && contains(a.slice(0, -1), b);
}

function isRefused(field: DescField, { path }: HiddenField, { hidden }: Tool, rules: Model["rules"]): boolean {
  if (field.presence === Presence.LEGACY_REQUIRED) return true;
  const ruled = rules.get(field.parent);
  const entry = ruled?.fields.find((other) => other.field === field);
  if (entry !== undefined && (entry.required || refusesZero(field, entry.value))) return true;
  const isHidden = (member: DescField): boolean =>
    hidden.some((other) => contains([...path.slice(0, -1), member], other.path) && other.path.length === path.length);
  const groups = (ruled?.groups ?? []).flatMap(({ required, fields }) => (required ? [fields] : []));
  const needed = [...(ruled?.oneofs ?? []).map(({ fields }) => fields), ...groups];
  // One report for all members: at the first.
  return needed.some((members) => members[0] === field && members.every(isHidden));
}

export const toolDescriptions: Check = {
  rules: {
    BFF423:
      "A tool has a description of at most 1,024 characters. A model chooses a tool by this text, and every conversation contains it.",
  },
  run({ tools: all }, report) {
    for (const { rpc, description } of all) {
      const characters = [...(description ?? "")].length;
      if (characters > 0 && characters <= MAX_DESCRIPTION_CHARACTERS) continue;
      caution(report, "BFF423", rpc.tool?.description?.at ?? rpc.at, {
        message:
          characters === 0
            ? `the tool "${rpc.desc.name}" has no description`
            : `the description of the tool "${rpc.desc.name}" has ${characters} characters, more than ${MAX_DESCRIPTION_CHARACTERS}`,
        hint:
          characters === 0
            ? "add a comment to the rpc, or `description` to its `tool`"
            : "add a shorter `description` to its `tool`, or shorten it",
      });
    }
  },
};

/** Characters of Unicode, as models count no bytes. */
const MAX_DESCRIPTION_CHARACTERS = 1_024;

/** Names that servers list with BFF_MCP_TOOLS=search. */
const SEARCH_TOOLS: readonly string[] = ["find_tools", "read_tool", "run_tool"];

export const toolNames: Check<ServedTogether> = {
  rules: {
    BFF226:
      "The tools of a server have different names, and none is named find_tools, read_tool or run_tool, the tools of search mode. Agents call a tool by its name alone.",
  },
  run(server, report) {
    const first = new Map<string, Tool>();
    for (const { tool } of filesOf(server).flatMap(({ services }) => services.flatMap(({ methods }) => methods))) {
      if (tool === undefined) continue;
      if (SEARCH_TOOLS.includes(tool.name))
        fault(report, "BFF226", tool.nameAt, {
          message: `"${tool.name}" is a tool of search mode, and the name of "${fullNameOf(tool)}"`,
          hint: `add another \`name\` to its \`tool\`, as in \`tool: { name: "${tool.name}_2" }\``,
        });
      const other = first.get(tool.name);
      if (other === undefined) first.set(tool.name, tool);
      else
        fault(report, "BFF226", tool.nameAt, {
          message: `"${fullNameOf(tool)}" and "${fullNameOf(other)}" are both the tool "${tool.name}"`,
          related: [{ at: other.nameAt, message: "the other tool" }],
          hint: `add another \`name\` to one \`tool\`, as in \`tool: { name: "${tool.name}_2" }\``,
        });
    }
  },
};
const fullNameOf = ({ desc, rpc }: Tool): string => `${desc.name}/${rpc.desc.name}`;
