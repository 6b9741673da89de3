// `<file>_bff.ts`: policies, upstreams, environment, app, services, messages, conversions, in this order.
import type { DescField, DescMessage, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import { camel } from "../camel.ts";
import {
  type CelType,
  emitField,
  emitValue,
  fieldType,
  type Names,
  presenceOf,
  unsetIsNull,
  type Variable,
} from "../cel/index.ts";
import { lowerFirst } from "../plan/names.ts";
import type { Entry, PlanFile, PlanMessage, PlanMethod, PlanService } from "../plan/plan.ts";
import type { PlanCodec } from "../plan/plan-codec.ts";
import type { Args, EnvVar } from "../resolve/model.ts";
import { readTypes } from "./emit-codec.ts";
import { emitEnumConversion, emitMessageConversion } from "./emit-conversions.ts";
import { emitMessage, protoType } from "./emit-message.ts";
import { emitPolicies, group, type Policies } from "./emit-policies.ts";
import { emitClients, emitResolvers, resolversName } from "./emit-resolver.ts";
import { emitServiceAdmission, emitStart, sharedTypes } from "./emit-start.ts";
import { admitsLater } from "./emit-step.ts";
import { bffPath, FileNames } from "./file-names.ts";
import { block, type Line, type Lines, property } from "./lines.ts";
import { keepOwnWords } from "./own-words.ts";

/** Whether a file has anything to emit. */
export function isEmpty(file: PlanFile): boolean {
  const { services, messages, conversions } = file;
  return services.length + messages.length + conversions.messages.length + conversions.enums.length === 0;
}

export function emitFile(
  file: PlanFile,
  f: GeneratedFile,
  planned: (typeName: string) => PlanMessage | undefined,
): void {
  const names = new FileNames(f, file.desc, readTypes(file.codec));
  const lines: Line[] = [];
  if (file.services.length > 0) lines.push(...emitSetup(file, names));
  else if (file.messages.length > 0) {
    lines.push(...emitEnv(file.env, names), ...emitResolvers(file, names), ...emitApp(file, names));
  }
  if (file.services.length > 0) lines.push(["// ---- services ----"], []);
  const shared = sharedTypes(file, names);
  for (const service of file.services) lines.push(...emitService(service, file, names), []);
  if (file.services.some(({ starts }) => starts.length > 0)) lines.push(["// ---- steps of services ----"], []);
  lines.push(...shared.lines);
  for (const { starts } of file.services) {
    const [first] = starts;
    if (first?.admit !== undefined) lines.push(...emitServiceAdmission(first, names, planned), []);
    for (const start of starts) if (!start.empty) lines.push(...emitStart(start, names, planned), []);
  }
  if (file.messages.length > 0) lines.push(["// ---- messages ----"], []);
  for (const composed of file.messages) lines.push(...emitMessage(composed, names, planned, shared.of), []);
  const { messages, enums } = file.conversions;
  if (messages.length + enums.length > 0) lines.push(["// ---- copies ----"], []);
  for (const conversion of messages) lines.push(...emitMessageConversion(conversion, names), []);
  for (const conversion of enums) lines.push(...emitEnumConversion(conversion, names), []);
  const known = names.knownMessages();
  if (known !== undefined) {
    const files = known.flatMap((one, index) => (index === 0 ? [one] : [", ", one]));
    lines.push(["/** What a google.protobuf.Any may hold here. */"]);
    lines.push(["const MESSAGES = ", names.protobuf("createRegistry"), "(", ...files, ");"]);
  }
  f.preamble(file.desc);
  while (lines.at(-1)?.length === 0) lines.pop();
  for (const row of keepOwnWords(lines, f, `./${bffPath(file.desc)}.js`)) f.print(...row);
}

/** What is made once per process: policies, upstreams, the app object. */
function emitSetup(file: PlanFile, names: FileNames): Lines {
  const policies = emitPolicies(file, names);
  const lines: Line[] = [];
  if (file.entries.length + file.clients.length > 0)
    lines.push(
      [`// ---- policies: what ${file.desc.proto.name} and its imports say, over the defaults ----`],
      [],
      ...policies.lines,
    );
  const keys = file.upstreams.map((upstream) => JSON.stringify(upstream.name)).join(" | ");
  const clients: Line =
    file.upstreams.length === 0 ? ["object"] : [`Readonly<Record<${keys}, `, names.runtimeType("UnaryClient"), ">>"];
  const upstream = names.runtime("Upstream");
  lines.push(
    ["/** How to reach each upstream. */"],
    ["export type Clients = ", ...clients, ";"],
    [],
    ["/** The upstreams as this package uses them. Breakers and limits live here, so make one per process. */"],
    ...block(
      [
        `export function createUpstreams(${file.upstreams.length === 0 ? "_clients" : "clients"}: Clients, ${file.upstreams.length === 0 ? "_options" : "options"}?: `,
        names.runtimeType("UpstreamOptions"),
        ") {",
      ],
      block(
        ["return {"],
        file.upstreams.map((entry) => [
          `${entry.name}: new `,
          upstream,
          `(${JSON.stringify(entry.service.typeName)}, clients.${entry.name}, ${policies.upstream(entry)}, options),`,
        ]),
        ["};"],
      ),
      ["}"],
    ),
    ["export type Upstreams = ReturnType<typeof createUpstreams>;"],
    [],
    ...emitEnv(file.env, names),
    ...emitResolvers(file, names),
    ...emitApp(file, names),
    ...emitCreateApp(file, names, policies),
  );
  return lines;
}

export function envName({ variable }: EnvVar): string {
  return variable.name.slice("env.".length);
}
function emitEnv(env: readonly EnvVar[], names: FileNames): Lines {
  if (env.length === 0) return [["export type Env = object;"], []];
  const rows = env.map((entry): Line => {
    const { proto } = entry.variable;
    return [
      `readonly ${envName(entry)}: `,
      ...(proto === undefined ? ["unknown"] : protoType(proto, names)),
      `; // ${names.place(entry.ir.at)}`,
    ];
  });
  return [["/** What the environment has to give. */"], ...block(["export interface Env {"], rows, ["}"]), []];
}

function requestType(entry: Entry, names: FileNames): Line {
  return [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(entry.method.input), ">"];
}
function entryType(entry: Entry, names: FileNames): Line {
  const request = requestType(entry, names);
  const response: Line = [names.shape(entry.method.output)];
  const { batch } = entry;
  if (batch === undefined) return [names.runtimeType("Rpc"), "<", ...request, ", ", ...response, ">"];
  const items = fieldType(batch.items).proto;
  const item: Line = items.kind === "list" || items.kind === "map" ? protoType(items.of, names) : ["unknown"];
  const keys = fieldType(batch.keys).proto;
  const key: Line = keys.kind === "list" ? protoType(keys.of, names) : ["string"];
  return [
    names.runtimeType("Batch"),
    "<",
    ...request,
    ", ",
    ...response,
    ", ",
    ...key,
    ", ",
    ...item,
    ...(entry.grouped ? [", ", ...groupType(entry, names)] : []),
    ">",
  ];
}
/** What keys are grouped by. */
function groupType(entry: Entry, names: FileNames): Line {
  const fields = requestType(entry, names);
  return entry.metadata
    ? ["{ readonly fields: ", ...fields, "; readonly metadata: Readonly<Record<string, string | Uint8Array>> }"]
    : fields;
}

function emitApp(file: PlanFile, names: FileNames): Lines {
  const rows = file.entries.map((entry): Line => [`readonly ${entry.name}: `, ...entryType(entry, names), ";"]);
  const supplied: Lines =
    file.resolvers.length === 0
      ? []
      : [
          [`readonly resolvers: ${resolversName(file.desc)};`],
          ["readonly clients: (cx: ", names.runtimeType("Request"), "<unknown>) => ResolverClients;"],
        ];
  return [
    ["/** What composing needs besides the request. */"],
    ...block(["export interface App {"], [["readonly env: Env;"], ...supplied, ...rows], ["}"]),
    [],
  ];
}

function emitCreateApp(file: PlanFile, names: FileNames, policies: Policies): Lines {
  const used = [...new Set([...file.entries, ...file.clients].map((entry) => entry.upstream))].sort();
  const supplied = file.resolvers.length > 0;
  const resolvers = supplied ? `, resolvers: ${resolversName(file.desc)}` : "";
  const clients = emitClients(
    file,
    names,
    (entry) => policyPrint(entry, names, policies),
    () => appNames(names),
  );
  const rows = file.entries.flatMap((entry) => emitEntry(entry, file.codec, names, policies));
  return [
    ...block(
      [
        used.length === 0
          ? `function createApp(_upstreams: Upstreams, env: Env${resolvers}): App {`
          : `function createApp({ ${used.join(", ")} }: Upstreams, env: Env${resolvers}): App {`,
      ],
      block(["return {"], [["env,"], ...(supplied ? [["resolvers,"], ...clients] : []), ...rows], ["};"]),
      ["}"],
    ),
    [],
  ];
}

function emitEntry(entry: Entry, codec: PlanCodec | undefined, names: FileNames, policies: Policies): Lines {
  const { method, batch } = entry;
  const coded: Line | undefined = codec?.methods.has(method)
    ? [...codecOf(method.input, "encode", codec, names), ", ", ...codecOf(method.output, "decode", codec, names), ", "]
    : undefined;
  const rpc: Line = [
    `${entry.upstream}.${coded === undefined ? "unary" : "unaryWith"}(`,
    names.service(method.parent),
    `.method.${method.localName}, `,
    ...(coded ?? []),
    ...policyPrint(entry, names, policies),
    ")",
  ];
  if (batch === undefined) return [[`${entry.name}: `, ...rpc, ","]];
  const keys = batch.keys.localName;
  const others = entry.metadata ? "...group.fields" : "...group";
  const items = fieldType(batch.items).proto;
  const item: Line = items.kind === "list" || items.kind === "map" ? protoType(items.of, names) : ["unknown"];
  const keyProto = fieldType(batch.keys).proto;
  const key: Line = keyProto.kind === "list" ? protoType(keyProto.of, names) : ["string"];
  const rows: Line[] = [
    ["rpc: ", ...rpc, ","],
    entry.grouped
      ? [`request: (${keys}: `, ...key, "[], group: ", ...groupType(entry, names), `) => ({ ${others}, ${keys} }),`]
      : [`request: (${keys}: `, ...key, `[]) => ({ ${keys} }),`],
    ["items: (response: ", names.shape(method.output), `) => response.${batch.items.localName},`],
    ...(batch.key === undefined ? [] : [["key: (item: ", ...item, `) => item.${batch.key.localName},`] as Line]),
    [`max: ${group(batch.max)},`],
    ...(batch.many ? [["many: true,"] as Line] : []),
    ...(entry.metadata ? [["metadata: (group: ", ...groupType(entry, names), ") => group.metadata,"] as Line] : []),
  ];
  return block([`${entry.name}: {`], rows, ["},"]);
}

function codecProperty({ method: { desc } }: PlanMethod, codec: PlanCodec | undefined, names: FileNames): Lines {
  if (codec?.methods.has(desc) !== true) return [];
  const decode = codecOf(desc.input, "decode", codec, names);
  const encode = codecOf(desc.output, "encode", codec, names);
  return [["codec: { decode: ", ...decode, ", encode: ", ...encode, " },"]];
}

/** `encodeGetSummaryRequest`, `decodeSummary`. */
function codecOf(desc: DescMessage, way: "encode" | "decode", codec: PlanCodec, names: FileNames): Line {
  const root = codec[`${way}s`].find((one) => one.desc === desc);
  return [names.codec(`${way}${root?.name ?? desc.name}`)];
}

/** Names where the app object is made: `env` is there, and `cx` is a parameter. */
function appNames(names: FileNames): Names {
  return {
    variable: (variable) => (variable.role === "headers" ? "cx" : variable.role === "now" ? "cx.now()" : variable.name),
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    registry: () => names.messages(),
    local: (name) => name,
  };
}

/** The constant of its policy; on top what is its own: `retry.if`, which may read `env` and headers, and that equal calls are made once. */
function policyPrint(entry: Entry, names: FileNames, policies: Policies): Line {
  const constant = policies.call(entry.policy);
  const when = entry.policy.retry?.when;
  const once = entry.coalesce ? ", coalesce: true" : "";
  if (when === undefined) return [entry.coalesce ? `{ ...${constant}${once} }` : constant];
  const print = emitValue(when, appNames(names)).print;
  const needsRequest = when.reads.some(({ variable }) => variable.role === "headers" || variable.role === "now");
  return [
    `{ ...${constant}, retry: { ...${constant}.retry, when: (error${needsRequest ? ", cx" : ""}) => `,
    ...print,
    ` }${once} }`,
  ];
}

/** `createDashboardService`. A service `App` or `Upstreams` gives way to what every file has under that name. */
export function createName({ name }: DescService): string {
  return `create${name}${name === "App" || name === "Upstreams" ? "Service" : ""}`;
}

/** How the rpc composes: the function of its message, with what the service starts before. */
function composeProperty({ method, message, start }: PlanMethod, names: FileNames): Lines {
  const { args } = message.composed;
  const compose = names.bff(message.name, message.file);
  const starts = start !== undefined && !start.empty;
  const begins = (start?.before?.length ?? 0) > 0 && message.effectful;
  const direct =
    args.message !== undefined && message.tainted.length === 0 && !message.effectful && start === undefined;
  if (direct && message.admits === undefined) return [["compose: ", compose, ","]];
  const statements: Line[] = [];
  let handed = handedOn(method, args, names);
  // `args` is as good as an object of its members where these are handed on as they are.
  const plain =
    args.message !== undefined || args.members.every(({ name }) => isPlain(fieldOf(method.desc.input, name)));
  let waits = false;
  if (start?.admit !== undefined) {
    const later = admitsLater(start);
    statements.push([`${later ? "await " : ""}${start.admit}(cx);`]);
    waits ||= later;
  }
  if (message.admits !== undefined) {
    const later = admitsLater(message);
    const admit = names.bff(message.admits.name, message.file);
    if (!plain) {
      statements.push(["const given = ", ...handed, ";"]);
      handed = ["given"];
    }
    statements.push([later ? "await " : "", admit, `(cx, ${plain ? "args" : "given"});`]);
    waits ||= later;
  }
  const several = begins && message.shared.length > 0;
  if (starts && several) statements.push([`const shared = ${start.name}(cx);`]);
  else if (starts && message.shared.length === 0 && !begins) statements.push([`${start.name}(cx);`]);
  const shared = several ? "shared" : `${start?.name}(cx)`;
  const others = [
    ...(message.shared.length > 0 ? [shared] : []),
    ...(message.tainted.length > 0 ? [`{ ${message.tainted.map((name) => `${camel(name)}: []`).join(", ")} }`] : []),
    ...(message.effectful ? [begins ? `${shared}.before` : "[]"] : []),
  ];
  const call: Line = [compose, "(cx, ", ...handed, ...others.map((other) => `, ${other}`), ")"];
  const own = args.message !== undefined || args.members.length > 0 || message.admits !== undefined;
  const open = `compose: ${waits ? "async " : ""}(cx, ${own ? "args" : "_args"}) => `;
  if (statements.length === 0) return [[open, ...call, ","]];
  return block([`${open}{`], [...statements, ["return ", ...call, ";"]], ["},"]);
}

/** What an rpc gives the message that it composes: its request, or an object of the fields in use. */
function handedOn({ desc: { input } }: PlanMethod["method"], { message, members }: Args, names: FileNames): Line {
  if (message !== undefined) return ["args"];
  const type: CelType = { kind: "message", desc: input };
  const request: Variable = { name: "args", role: "args", type, proto: type, absent: false };
  const properties = members.flatMap(({ name, variable }, i): Line => {
    const field = fieldOf(input, name);
    const set = variable.unset === undefined && !unsetIsNull(variable);
    const value = emitField(request, field, set, appNames(names));
    if (value === undefined) throw new Error(`no value for argument "${name}" in "${input.typeName}"`);
    return [i === 0 ? "" : ", ", ...property(camel(name), value.print)];
  });
  return members.length === 0 ? ["{}"] : ["{ ", ...properties, " }"];
}
function fieldOf(input: DescMessage, name: string): DescField {
  const field = input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`"${input.typeName}" has no field "${name}"`);
  return field;
}
/** Whether the property of a field is the argument. */
function isPlain(field: DescField): boolean {
  return presenceOf(field) === "implicit" && field.localName === camel(field.name);
}

function emitService(service: PlanService, file: PlanFile, names: FileNames): Lines {
  const resolvers = file.resolvers.length === 0 ? "" : `readonly resolvers: ${resolversName(file.desc)}; `;
  const rows = service.methods.flatMap((planned): Lines => {
    const { method, concurrent } = planned;
    const field = method.degradedField;
    const result = lowerFirst(method.desc.output.name);
    return block(
      [
        names.runtime("endpoint"),
        "(",
        names.service(service.desc),
        `.method.${method.desc.localName}, app, { // ${names.place(method.ir.at)}`,
      ],
      [
        [`timeoutMs: ${group(method.timeoutMs)},`],
        ...(concurrent === 10 ? [] : [[`concurrent: ${concurrent},`] as Line]),
        ...composeProperty(planned, names),
        ...(method.response === undefined
          ? []
          : [
              [
                "respond: { schema: ",
                names.schema(method.response.from),
                ", as: ",
                names.conversion(method.response),
                " },",
              ] as Line,
            ]),
        ...(field === undefined
          ? []
          : [[`degraded: (${result}, entries) => { ${result}.${field.localName} = entries; },`] as Line]),
        ...codecProperty(planned, file.codec, names),
        ["observer: deps.observer,"],
      ],
      ["}),"],
    );
  });
  return [
    [`/** ${service.desc.typeName}, ready to serve. */`],
    ...block(
      [
        `export function ${createName(service.desc)}(deps: { readonly upstreams: Upstreams; readonly env: Env; ${resolvers}readonly observer?: `,
        names.runtimeType("Observer"),
        " | undefined }): ",
        names.runtimeType("Endpoint"),
        "[] {",
      ],
      [
        [`const app = createApp(deps.upstreams, deps.env${resolvers === "" ? "" : ", deps.resolvers"});`],
        ...block(["return ["], rows, ["];"]),
      ],
      ["}"],
    ),
  ];
}
