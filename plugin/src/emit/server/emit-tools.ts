// `server_tools.ts`: the tools of a server for agents, which only requests at `/mcp` load.

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { Variable } from "../../cel/index.ts";
import type { FieldBinding } from "../../model/conversion.ts";
import { pathName } from "../../model/path-name.ts";
import type { Plan, PlanMethod, PlanServer, PlanTool } from "../../plan/model/plan.ts";
import { staticPermit } from "../messages/emit-permit.ts";
import { envProperty } from "../names/env-names.ts";
import { appNames, FileNames, principalType, toolsPath } from "../names/file-names.ts";
import { block, group, type Line, type Lines, line, mentions, protectWords } from "../text/lines.ts";
import { treeOf } from "../values/emit-set.ts";
import { fieldValue, type ValueNames } from "../values/value.ts";
import { envKey } from "./emit-server.ts";

export function emitTools(
  server: PlanServer,
  f: GeneratedFile,
  { convert, enumConversion }: Pick<Plan, "convert" | "enumConversion">,
): void {
  const [first] = server.files;
  if (first === undefined) return;
  const names = new FileNames(f, first.desc, { reads: new Map(), convert, enumConversion, functions: [], apart: true });
  const methods = server.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  const rows = server.tools.flatMap((tool) => {
    const planned = methods.find((method) => method.tool === tool);
    return planned === undefined ? [] : toolLines({ server, tool, planned, names });
  });
  const open: Line = [
    "export const TOOLS: readonly ",
    f.import("Tool", "@protobff/server/mcp", true),
    ...typeArguments(server, names),
    "[] = [",
  ];
  const all: Line[] = [[`/** The tools of ${server.name} for agents, by name. */`], ...block(open, rows, ["];"])];
  const registry = names.messagesFor(all);
  if (registry.length > 0) all.push([], ...registry);
  f.preamble(first.desc);
  for (const row of protectWords(all, f, `./${toolsPath(server)}.js`)) f.print(...row);
}

/** `<Principal, { readonly TENANT: string }>`: what hidden fields read. */
function typeArguments(server: PlanServer, names: FileNames): Line {
  if (server.tools.every(({ of }) => of.steps.length === 0)) return [];
  const principal = server.identity === undefined ? "undefined" : names.shape(server.identity.identity.type);
  return ["<", principal, ", ", ...envType(server, names), ">"];
}

function envType(server: PlanServer, names: FileNames): Line {
  const members = server.serviceEnv.size === 0 ? envMembers(server.tools, names) : envMembersOfServices(server, names);
  return members.length === 0 ? ["unknown"] : ["{ ", ...semicolons(members), " }"];
}
const semicolons = (items: readonly Line[]): Line =>
  items.flatMap((item, i): Line => (i === 0 ? item : ["; ", ...item]));

/** The variables that hidden fields read. */
function envMembers(tools: readonly PlanTool[], names: FileNames): readonly Line[] {
  const entries = tools.flatMap(({ of: { hidden, env } }) => {
    const reads = hidden.flatMap(({ bound }) => bound?.expression.reads ?? []);
    const read = new Set(reads.map(({ variable }) => variable.name));
    return env.filter(({ variable }) => read.has(variable.name));
  });
  const byName = new Map(entries.map((entry) => [entry.variable.name, entry]));
  return [...byName.values()].map((entry): Line => ["readonly ", ...envProperty(entry, names)]);
}

function envMembersOfServices(server: PlanServer, names: FileNames): readonly Line[] {
  return server.files
    .flatMap(({ services }) => services)
    .flatMap(({ desc }): readonly Line[] => {
      const members = envMembers(
        server.tools.filter(({ of }) => of.desc === desc),
        names,
      );
      if (members.length === 0) return [];
      return [[`readonly ${envKey(server, desc).property}: { `, ...semicolons(members), " }"]];
    });
}

/** A tool of a server, with the place where it is written. */
interface Written {
  readonly server: PlanServer;
  readonly tool: PlanTool;
  readonly planned: PlanMethod;
  readonly names: FileNames;
}

function toolLines(written: Written): Lines {
  const { tool, planned, names } = written;
  const { name, desc, rpc, group: set, confirm, maxBytes, waitMs, hidden } = tool.of;
  const list = (texts: readonly string[]): string => texts.map((text) => JSON.stringify(text)).join(", ");
  const paths = hidden.map(({ path }) => pathName(path));
  return block(
    [`{ // ${names.place(rpc.at)}`],
    [
      [`name: ${JSON.stringify(name)},`],
      [`method: ${JSON.stringify(`${desc.typeName}/${rpc.desc.name}`)},`],
      [`description: ${JSON.stringify(tool.description)},`],
      ...(set === undefined ? [] : line(`group: ${JSON.stringify(set)},`)),
      [`readOnly: ${tool.readOnly},`],
      [`idempotent: ${tool.idempotent},`],
      ...jsonLines("inputSchema", tool.input),
      ...jsonLines("outputSchema", tool.output),
      ...staticPermit(planned.method),
      ...(confirm ? line("confirm: true,") : []),
      ...(confirm && planned.caller?.fields !== undefined ? line(`caller: [${list(planned.caller.fields)}],`) : []),
      [`maxBytes: ${group(maxBytes)},`],
      ...(waitMs === undefined ? [] : line(`waitMs: ${group(waitMs)},`)),
      ...(paths.length === 0 ? [] : line(`hidden: [${list(paths)}],`)),
      ...hideLines(written),
      ...(tool.narrow.length === 0 ? [] : line(`narrow: [${list(tool.narrow)}],`)),
    ],
    ["},"],
  );
}

/** A member `__proto__` of a literal would be its prototype. */
function jsonLines(name: string, value: object): Lines {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  const safe = lines.map((text): Line => [text.replace(/^( *)"__proto__":/, '$1["__proto__"]:')]);
  const [first = [], ...rest] = safe;
  const all = [[`${name}: `, ...first], ...rest];
  return [...all.slice(0, -1), [...(all.at(-1) ?? []), ","]];
}

/** `hide: (args, cx) => { const request = args as GetRequest; request.tenant = cx.principal.tenant; },` */
function hideLines(written: Written): Lines {
  const { tool, planned, names } = written;
  const set = tool.of.hidden.flatMap(({ path, bound }) =>
    bound === undefined ? [] : [{ path, bound, if: undefined }],
  );
  if (set.length === 0) return [];
  const body = assignments("request", treeOf(set), valueNames(written), names);
  return block(
    ["hide: (", ...parameters(mentions(body, "cx"), written), ") => {"],
    [["const request = args as ", names.shape(planned.method.desc.input), ";"], ...body],
    ["},"],
  );
}

/** A public rpc has no principal for anonymous callers, unlike the others of the list. */
function parameters(readsCx: boolean, { server, planned: { method }, names }: Written): Line {
  if (!readsCx) return ["args"];
  const { callers } = method;
  if (callers === undefined || callers.open.length === 0) return ["args, cx"];
  const principal: Line = ["readonly principal: ", ...principalType(callers, names)];
  const env: Line = ["readonly env: ", ...envType(server, names)];
  return ["args: ", names.protobufType("Message"), ", cx: { ", ...principal, "; ", ...env, " }"];
}

type Tree = ReturnType<typeof treeOf>;

/** A message above a hidden field is created if it is missing; a oneof keeps the member that the client chose. */
function assignments(target: string, tree: Tree, values: ValueNames, names: FileNames): Lines {
  return [...tree].flatMap(([field, node]): Lines => {
    const { oneof, localName } = field;
    if (!(node instanceof Map)) return leafLines(target, field, node as FieldBinding, values);
    const desc = field.message as DescMessage;
    if (oneof === undefined) {
      const inner = `${target}.${localName}`;
      return [
        [`${inner} ??= `, names.runtime("create"), "(", names.schema(desc), ");"],
        ...assignments(inner, node, values, names),
      ];
    }
    const inner = assignments(`${target}.${oneof.localName}.value`, node, values, names);
    return block([`if (${target}.${oneof.localName}.case === ${JSON.stringify(localName)}) {`], inner, ["}"]);
  });
}

function leafLines(target: string, field: DescField, { bound }: FieldBinding, values: ValueNames): Lines {
  const { print, mayBeUndefined } = fieldValue(bound, field, values);
  const { oneof, localName } = field;
  const assigned = (value: Line): Line =>
    oneof === undefined
      ? [`${target}.${localName} = `, ...value, ";"]
      : [`${target}.${oneof.localName} = { case: ${JSON.stringify(localName)}, value: `, ...value, " };"];
  if (!mayBeUndefined) return [assigned(print)];
  return block(
    ["{"],
    [
      ["const value = ", ...print, ";"],
      ["if (value !== undefined) ", ...assigned(["value"])],
    ],
    ["}"],
  );
}

const ENV: ReadonlySet<Variable["role"]> = new Set(["env", "var"]);
const LOCALS: ReadonlySet<string> = new Set(["args", "cx", "request", "value"]);

/** The environment is the whole one of the server; services may have separate parts in it. */
function valueNames({ server, tool, names }: Written): ValueNames {
  const within = appNames(names);
  const env = server.serviceEnv.size === 0 ? "cx.env" : `cx.env${envKey(server, tool.of.desc).read}`;
  return {
    ...within,
    file: names,
    variable: (variable) =>
      ENV.has(variable.role) ? `${env}${variable.name.slice("env".length)}` : within.variable(variable),
    local: (name) => (LOCALS.has(name) ? `${name}_` : name),
  };
}
