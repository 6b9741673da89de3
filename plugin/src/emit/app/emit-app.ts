import type { DescField } from "@bufbuild/protobuf";
import {
  type CelType,
  type Expression,
  emitField,
  emitValue,
  fieldType,
  inheritedUnset,
  type Variable,
} from "../../cel/index.ts";
import { type Entry, readsEnv } from "../../plan/model/calls.ts";
import type { PlanEnvVar } from "../../plan/model/inputs.ts";
import type { PlanFile } from "../../plan/model/plan.ts";
import { codecOf } from "../names/codec-of.ts";
import { envProperty } from "../names/env-names.ts";
import { appNames, type FileNames, protoType, readsRequest, typeOfRequest } from "../names/file-names.ts";
import { clientsType, recordOf } from "../names/upstream-types.ts";
import { emitClients, emitResolvers } from "../steps/emit-resolver.ts";
import { block, commas, group, type Line, type Lines, line, mentions } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";
import { callTags } from "../values/emit-tags.ts";
import { readParameters } from "../values/lambda.ts";
import { presentValue } from "../values/value.ts";
import { branchClients, branchesOf, copiesOf, emitBranches } from "./emit-branches.ts";
import { checkedFunctions, emitFunctions } from "./emit-functions.ts";
import { emitPolicies, type Policies } from "./emit-policies.ts";
import { keyRule, requestRule } from "./emit-shards.ts";
import { emitTopic, topicType } from "./emit-topic.ts";

/** Prints the code that runs once per process: policies, upstreams, the app object. */
export function emitSetup(file: PlanFile, names: FileNames): Lines {
  const policies = emitPolicies(file, names);
  const lines: Line[] = [];
  if (file.entries.length + file.clients.length + file.topics.length > 0)
    lines.push(
      [`// ---- policies: ${file.desc.proto.name} and its imports, over the defaults ----`],
      [],
      ...policies.lines,
    );
  const branched = file.upstreams.some(({ branches }) => branches.length > 0);
  const upstream = names.runtime("Upstream");
  const environment = readsEnv(file.upstreams);
  lines.push(
    [`/** Connections to upstreams${branched ? "; a branch without one is off" : ""}. */`],
    ["export type Clients = ", ...clientsType(file, names.runtimeType("UnaryClient")), ";"],
    [],
    ["/** Creates the upstreams of this package, with their breakers and limits. Call it once per process. */"],
    ...block(
      [
        `export function createUpstreams(${file.upstreams.length === 0 ? "_clients" : "clients"}: Clients, ${file.upstreams.length === 0 ? "_options" : "options"}${environment ? "" : "?"}: `,
        names.runtimeType("UpstreamOptions"),
        `${environment ? " | undefined, env: Env" : ""}): Upstreams {`,
      ],
      block(
        ["return {"],
        file.upstreams.map((entry) => [
          `${entry.name}: new `,
          upstream,
          `(${JSON.stringify(entry.service.typeName)}, clients.${entry.name}, ${policies.upstream(entry)}, options${branchClients(entry)}),`,
        ]),
        ["};"],
      ),
      ["}"],
    ),
    ["export type Upstreams = ", ...recordOf(file.upstreams, names.runtimeType("Upstream")), ";"],
    [],
    ...emitEnv(file.env, names),
    ...emitFunctions(file, names),
    ...emitResolvers(file, names),
    ...emitApp(file, names),
    ...emitCreateApp(file, names, policies),
  );
  return lines;
}

/** Prints the variables of the environment that a file reads. */
export function emitEnv(env: readonly PlanEnvVar[], names: FileNames): Lines {
  if (env.length === 0) return [["export type Env = object;"], []];
  const rows = env.map(
    (entry): Line => ["readonly ", ...envProperty(entry, names), `; // ${names.place(entry.ir.at)}`],
  );
  return [["/** Variables of the environment. */"], ...block(["export interface Env {"], rows, ["}"]), []];
}

/** Returns true for a stream of items. */
const isFollowed = ({ method }: Entry): boolean => method.methodKind !== "unary";

function requestType(entry: Entry, names: FileNames): Line {
  return [names.protobufType("MessageInitShape"), "<typeof ", names.schemaType(entry.method.input), ">"];
}

function entryType(entry: Entry, names: FileNames): Line {
  const request = requestType(entry, names);
  const response: Line = [names.shape(entry.method.output)];
  const { batch } = entry;
  if (isFollowed(entry)) return [names.runtimeType("StreamRpc"), "<", ...request, ", ", ...response, ">"];
  if (batch === undefined) return [names.runtimeType("Rpc"), "<", ...request, ", ", ...response, ">"];
  const items = fieldType(batch.items).proto;
  const item: Line = items.kind === "list" || items.kind === "map" ? protoType(items.of, names) : ["unknown"];
  const key: Line = protoType(batch.of, names);
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

/** Returns the type by which keys are grouped. */
function groupType(entry: Entry, names: FileNames): Line {
  const fields = requestType(entry, names);
  return entry.metadata
    ? ["{ readonly fields: ", ...fields, "; readonly metadata: Readonly<Record<string, string | Uint8Array>> }"]
    : fields;
}

/**
 * Prints the interface of the app object, which composing requires. A message that another file composes receives a
 * part of it.
 */
export function emitApp(file: PlanFile, names: FileNames): Lines {
  const rows = [
    ...file.entries.map((entry): Line => [`readonly ${entry.name}: `, ...entryType(entry, names), ";"]),
    ...file.topics.map((topic): Line => [`readonly ${topic.name}: `, ...topicType(topic, names), ";"]),
  ];
  const supplied: Lines =
    file.resolvers.length === 0
      ? []
      : [
          [`readonly resolvers: ${suppliedType(file.desc, "Resolvers")};`],
          ["readonly clients: (cx: ", ...typeOfRequest(["unknown"], file.resolved, names), ") => ResolverClients;"],
        ];
  const functions =
    file.functions.length === 0 ? [] : line(`readonly functions: ${suppliedType(file.desc, "Functions")};`);
  return [
    ["/** Dependencies of composing, besides the request. */"],
    ...block(["export interface App {"], [["readonly env: Env;"], ...functions, ...supplied, ...rows], ["}"]),
    [],
  ];
}

function emitCreateApp(file: PlanFile, names: FileNames, policies: Policies): Lines {
  const called = file.topics.flatMap(({ entry }) => entry ?? []);
  const used = [...new Set([...file.entries, ...called, ...file.clients].map((entry) => entry.upstream))].sort();
  const supplied = file.resolvers.length > 0;
  const checked = checkedFunctions(file, names);
  const others = [
    ...(supplied ? [`, resolvers: ${suppliedType(file.desc, "Resolvers")}`] : []),
    ...(checked.length > 0 ? [`, given: ${suppliedType(file.desc, "Functions")}`] : []),
  ].join("");
  const topics: Line = file.topics.length === 0 ? [] : [", topics: ", names.runtimeType("Topics")];
  const clients = emitClients(
    file,
    names,
    (entry) => policyPrint(entry, names, policies, file),
    () => appNames(names),
  );
  const rows = [
    ...file.entries.flatMap((entry) => emitEntry(entry, file, names, policies)),
    ...file.topics.flatMap((topic) =>
      emitTopic(topic, topic.entry && rpcPrint(topic.entry, file, names, policies), file, names),
    ),
  ];
  return [
    ...block(
      [
        used.length === 0
          ? `function createApp(_upstreams: Upstreams, env: Env${others}`
          : `function createApp({ ${used.join(", ")} }: Upstreams, env: Env${others}`,
        ...topics,
        "): App {",
      ],
      [
        ...checked,
        ...emitBranches(file, names),
        ...block(
          ["return {"],
          [
            ["env,"],
            ...(checked.length > 0 ? [["functions,"]] : []),
            ...(supplied ? [["resolvers,"], ...clients] : []),
            ...rows,
          ],
          ["};"],
        ),
      ],
      ["}"],
    ),
    [],
  ];
}

/** `agent.unaryWith(AgentService.method.getRun, encodeGetRunRequest, decodeRun, CALL)` */
function rpcPrint(entry: Entry, file: PlanFile, names: FileNames, policies: Policies): Line {
  const { method } = entry;
  const { codec } = file;
  const coded: Line | undefined = codec?.methods.has(method)
    ? [...codecOf(method.input, "encode", codec, names), ", ", ...codecOf(method.output, "decode", codec, names), ", "]
    : undefined;
  return [
    `${entry.upstream}.${isFollowed(entry) ? "stream" : "unary"}${coded === undefined ? "" : "With"}(`,
    names.service(method.parent),
    `.method.${method.localName}, `,
    ...(coded ?? []),
    ...policyPrint(entry, names, policies, file),
    ")",
  ];
}

function emitEntry(entry: Entry, file: PlanFile, names: FileNames, policies: Policies): Lines {
  const { method, batch } = entry;
  const rpc = rpcPrint(entry, file, names, policies);
  if (batch === undefined) return [[`${entry.name}: `, ...rpc, ","]];
  const keys = batch.keys.localName;
  const others = entry.metadata ? "...group.fields" : "...group";
  const items = fieldType(batch.items).proto;
  const item: Line = items.kind === "list" || items.kind === "map" ? protoType(items.of, names) : ["unknown"];
  const key: Line = protoType(batch.of, names);
  const { wrap, keyBy } = batch;
  const keyExpression = wrap === undefined ? keys : "keys";
  const list: Line =
    wrap === undefined
      ? [keys]
      : [`${keys}: keys.map((key) => `, ...inBody(presentValue(wrap.element, appValues(names))), ")"];
  // The request of a group sets these fields.
  const unset = entry.grouped ? [] : inheritedUnset(method.input, new Set([keys]));
  const literal: Line = ["{ ", ...commas([list, ...unset.map(({ name }): Line => [`${name}: undefined`])]), " }"];
  const init = unset.some(({ exact }) => exact) ? [names.runtime("defined"), "(", ...literal, ")"] : inBody(literal);
  const schema = batch.of.kind === "message" ? batch.of.desc : undefined;
  const sharded = keyRule(entry, names);
  const rows: Line[] = [
    ["rpc: ", ...rpc, ","],
    entry.grouped
      ? [
          `request: (${keyExpression}: `,
          ...key,
          "[], group: ",
          ...groupType(entry, names),
          `) => ({ ${others}, `,
          ...list,
          " }),",
        ]
      : [`request: (${keyExpression}: `, ...key, "[]) => ", ...init, ","],
    ["items: (response: ", names.shape(method.output), `) => response.${batch.items.localName},`],
    ...(batch.key === undefined ? [] : line("key: (item: ", ...item, ") => ", ...keyOf(batch.key, names), ",")),
    ...(keyBy === undefined
      ? []
      : line("key: (item: ", ...item, ") => ", ...inBody(presentValue(keyBy.by, appValues(names))), ",")),
    ...(schema === undefined ? [] : line("keySchema: ", names.schema(schema), ",")),
    [`max: ${group(batch.max)},`],
    ...(batch.many ? line("many: true,") : []),
    ...(sharded === undefined ? [] : line(...sharded, ",")),
    ...(entry.metadata ? line("metadata: (group: ", ...groupType(entry, names), ") => group.metadata,") : []),
  ];
  return block([`${entry.name}: {`], rows, ["},"]);
}

/** The body of an arrow: an object literal would be a block. */
function inBody(print: Line): Line {
  return typeof print[0] === "string" && print[0].startsWith("{") ? ["(", ...print, ")"] : print;
}
const appValues = (names: FileNames) => ({ ...appNames(names), file: names });

/**
 * Prints the constant of an entry's policy, with the entry's own settings: `retry.if`, which may read `env` and
 * headers, the tags of cached answers, the treatment of its answers, and its shard.
 */
function policyPrint(entry: Entry, names: FileNames, policies: Policies, file: PlanFile): Line {
  const constant = policies.call(entry);
  const when = entry.policy.retry?.when;
  const tags = entry.policy.cache?.tags ?? [];
  const shape: Line = [names.shape(entry.method.output)];
  const declared: readonly (Line | string | undefined)[] = [
    when && [`retry: { ...${constant}.retry, when: `, ...retryCondition(when, names), " }"],
    tags.length === 0
      ? undefined
      : [
          `cache: { ...${constant}.cache, `,
          ...callTags(tags, shape, names.runtimeType("TagPart"), appNames(names)),
          " }",
        ],
    entry.coalesce ? "coalesce: true" : undefined,
    entry.received ? "received: true" : undefined,
    branchesOf(entry.upstream, file),
    copiesOf(entry, file),
    entry.batch === undefined ? requestRule(entry, names) : undefined,
  ];
  const settings = declared.filter((setting) => setting !== undefined);
  if (settings.length === 0) return [constant];
  return [`{ ...${constant}`, ...settings.flatMap((setting): Line => [", ", ...[setting].flat()]), " }"];
}

/** `(error, cx) => error.code === …` */
function retryCondition(when: Expression, names: FileNames): Line {
  const print = emitValue(when, appNames(names)).print;
  const needsRequest = when.reads.some(({ variable }) => readsRequest(variable));
  const reads = (name: string): boolean => (name === "cx" ? needsRequest : mentions([print], name));
  return ["(", ...readParameters(["error", "cx"], reads), ") => ", ...print];
}

/** An item's key; one that is not set is the default, as it is to expressions. */
function keyOf(field: DescField, names: FileNames): Line {
  const type: CelType = { kind: "message", desc: field.parent };
  const item: Variable = { name: "item", role: "local", type, proto: type, absent: false };
  const key = emitField(item, field, true, appNames(names));
  if (key === undefined) throw new Error(`no value for the key "${field.name}" of "${field.parent.typeName}"`);
  return key.print;
}
