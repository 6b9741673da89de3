// Tools for agents: what the list of tools contains of an rpc.
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { InlineSchemas } from "../../json-schema/inline-schemas.ts";
import { leftOut } from "../../json-schema/left-out.ts";
import type { SchemaSources } from "../../json-schema/schemas.ts";
import type { BffMethod, Tool } from "../../resolve/model/model.ts";
import { pagesOf } from "../../resolve/model/page-calls.ts";
import type { PlanTool } from "../model/plan.ts";
import type { PlanRules } from "../model/rules.ts";

/** @param rules those of the file, if the requests of the rpc are checked */
export function planTool(method: BffMethod, rules: PlanRules | undefined): PlanTool | undefined {
  const { tool, desc } = method;
  if (tool === undefined) return undefined;
  const hidden = leftOut(tool.hidden.map(({ path, bound }) => ({ path, isSet: bound !== undefined })));
  const planned = {
    of: tool,
    description: tool.description ?? "",
    readOnly: desc.idempotency === Level.NO_SIDE_EFFECTS,
    idempotent: desc.idempotency !== Level.IDEMPOTENCY_UNKNOWN,
    input: new InlineSchemas(requestSources(method, rules), true).root(desc.input, hidden),
    output: new InlineSchemas(NO_SOURCES, false).root(desc.output),
    narrow: narrowing(method, tool),
  };
  return { ...planned, bytes: new TextEncoder().encode(JSON.stringify(listed(planned))).length };
}

/** The entry in the answer of `tools/list`. */
function listed({ of, description, readOnly, idempotent, input, output }: Omit<PlanTool, "bytes">): object {
  return {
    name: of.name,
    description,
    inputSchema: input,
    outputSchema: output,
    annotations: { readOnlyHint: readOnly, idempotentHint: idempotent, destructiveHint: !readOnly },
  };
}

/** Failures of steps are part of answers, not of their schemas: each name would cost tokens in every conversation. */
const NO_SOURCES: SchemaSources = {
  pageSize: () => undefined,
  rules: () => undefined,
  isAnswered: () => true,
  degrades: () => [],
};

function requestSources(method: BffMethod, rules: PlanRules | undefined): SchemaSources {
  const byMessage = new Map<DescMessage, ReturnType<SchemaSources["rules"]>>(
    (rules?.messages ?? []).map((message) => [message.rules.desc, message.rules]),
  );
  const sizes = pagesOf(method)?.sizes ?? [];
  return {
    ...NO_SOURCES,
    pageSize: ({ parent, name }) =>
      parent === method.desc.input ? sizes.find(({ field }) => field === name) : undefined,
    rules: (desc) => byMessage.get(desc),
    isAnswered: () => false,
  };
}

/** The mask and the page sizes, unless they are hidden. */
function narrowing(method: BffMethod, { hidden }: Tool): readonly string[] {
  const { fields } = method.desc.input;
  const sizes = (pagesOf(method)?.sizes ?? []).map(({ field }) => fields.filter(({ name }) => name === field));
  const paths = [...(method.fields === undefined ? [] : [method.fields.path]), ...sizes];
  const isHidden = (path: readonly DescField[]): boolean =>
    hidden.some((field) => field.path.every((part, i) => part === path[i]));
  return paths
    .filter((path) => path.length > 0 && !isHidden(path))
    .map((path) => path.map(({ jsonName }) => jsonName).join("."));
}
