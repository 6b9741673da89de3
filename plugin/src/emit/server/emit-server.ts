// `server.ts` of one package, or of several: the module that `node web/v1/server.ts` runs. It loads `server_main.ts`,
// which serves.
import { posix } from "node:path";
import type { DescFile, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import type { Parameter } from "../../options/parameter.ts";
import { readsEnv } from "../../plan/model/calls.ts";
import type { PlanEnvVar } from "../../plan/model/inputs.ts";
import type { PlanFile, PlanServer, PlanService } from "../../plan/model/plan.ts";
import { usageSubjects } from "../../plan/rpcs/plan-limits.ts";
import { envName } from "../names/env-names.ts";
import { FileNames, mainPath, mockPath, planPath, toolsPath, usesPath } from "../names/file-names.ts";
import { LIMITS } from "../services/emit-limits.ts";
import { needsPageKeys } from "../services/emit-pages.ts";
import { limitsOf, reportsUsage, suppliedParts } from "../services/emit-service.ts";
import { block, commas, group, type Line, type Lines, line, protectWords } from "../text/lines.ts";
import { suppliedType } from "../text/supplied-type.ts";
import { purgeLines } from "./emit-purges.ts";
import { reachLines } from "./emit-reach.ts";

/** Emits the module that decides whether its process serves, or supervises workers without any of the server's modules. */
export function emitServer(
  server: PlanServer,
  f: GeneratedFile,
  { importExtension }: Pick<Parameter, "importExtension">,
): void {
  const [first] = server.files;
  if (first === undefined) return;
  f.preamble(first.desc);
  const main = importPath(mainPath(server), importExtension);
  const start = f.import("start", "@protobff/server/start");
  f.print("await ", start, `(${JSON.stringify(server.name)}, () => import(${JSON.stringify(main)}));`);
}

export type Emitted = Pick<Parameter, "mock" | "explorer" | "uses" | "importExtension">;

export function emitServerMain(server: PlanServer, f: GeneratedFile, options: Emitted): void {
  const [first] = server.files;
  if (first === undefined) return;
  const cx = contextOf(server, f, first.desc);
  f.preamble(first.desc);
  const all = block(["await ", cx.names.server("serve"), "({"], declarationLines(cx, options), ["});"]);
  for (const row of protectWords(all, f, `./${mainPath(server)}.js`)) f.print(...row);
}

/** The declarations of a package: its services, their upstreams, and how its variables are read. */
export function declarationLines(cx: ServerContext, { mock, explorer, uses, importExtension }: Emitted): Lines {
  const { server, f, names, services, supplied, limited, topics } = cx;
  const upstreams = server.upstreams.map(
    (upstream): Line => [`${upstream.name}: `, names.service(upstream.service), ","],
  );
  return [
    [`name: ${JSON.stringify(server.name)},`],
    ["services: [", ...commas(services.map(({ service }) => [names.service(service.desc)])), "],"],
    ...(server.types.length === 0 ? [] : typesLines(server.types, names)),
    ...(upstreams.length === 0 ? line("upstreams: {},") : block(["upstreams: {"], upstreams, ["},"])),
    ...branchLines(server),
    ...shardLines(server),
    ...reachLines(server, names),
    ...envLines(server),
    ...identityLines(server, f),
    ...limitsLines(limited, cx.importFrom),
    ...usageLines(server),
    ...(services.some(({ service }) => needsPageKeys(service)) ? line("pages: true,") : []),
    ...(server.sensitive ? line("sensitive: true,") : []),
    ...(server.tagged ? line("tagged: true,") : []),
    ...(server.cdn ? line("cdn: true,") : []),
    ...topicsLines(topics),
    ...purgeLines(server.purges, names),
    ...supplied.map(
      ({ name, members }): Line => [`${name}: [${members.map((member) => JSON.stringify(member)).join(", ")}],`],
    ),
    ...(server.tools.length > 0 ? toolsLines(server, importExtension) : []),
    ...(explorer ? planLines(server, importExtension) : []),
    ...(uses ? usesLines(server, importExtension) : []),
    ...(mock ? mockLines(server, importExtension) : []),
    ...createLines(cx),
  ];
}

interface ServerContext {
  readonly server: PlanServer;
  readonly f: GeneratedFile;
  readonly names: FileNames;
  /** Something that the emitted file of a package exports. */
  readonly importFrom: (name: string, file: PlanFile) => Printable;
  readonly services: readonly { readonly file: PlanFile; readonly service: PlanService }[];
  /** Exports that the user's module must have. */
  readonly supplied: readonly ReturnType<typeof suppliedBy>[];
  readonly topics: PlanFile["topics"];
  /** The files that have limits. */
  readonly limited: readonly PlanFile[];
}

export function contextOf(server: PlanServer, f: GeneratedFile, first: DescFile): ServerContext {
  const { files } = server;
  const supplied = [
    suppliedBy(server, "Resolvers", (file) => file.resolvers),
    suppliedBy(server, "Functions", (file) => file.functions),
  ];
  return {
    server,
    f,
    // The server is a separate module: it imports everything, also from the first file.
    names: new FileNames(f, first),
    importFrom: (name, file) => f.import(name, `./${file.desc.name}_bff.js`),
    services: files.flatMap((file) => file.services.map((service) => ({ file, service }))),
    supplied: supplied.filter(({ members }) => members.length > 0),
    topics: [...new Set(files.flatMap((file) => file.topics))],
    limited: files.filter(({ limits }) => limits.length > 0),
  };
}

/** The function that makes the services of what the server reads and connects to. */
function createLines(cx: ServerContext): Lines {
  const { server, importFrom, services, supplied, topics, limited } = cx;
  const caches = hasCaches(server);
  const parts = [
    "clients",
    "env",
    ...(server.identity === undefined ? [] : ["identity"]),
    ...(limited.length > 0 ? ["limits"] : []),
    ...(services.some(({ service }) => reportsUsage(service)) ? ["usage"] : []),
    "observer",
    ...(caches || services.some(({ service }) => isCached(service)) ? ["cache"] : []),
    ...(services.some(({ service }) => needsPageKeys(service)) ? ["pages"] : []),
    ...(topics.length > 0 ? ["topics"] : []),
    ...(supplied.length > 0 ? ["supplied"] : []),
  ];
  const entries = services.map(
    ({ file, service }): Line => [
      "...",
      importFrom(service.create, file),
      `({ ${serviceParts(server, file, service).join(", ")} }),`,
    ],
  );
  const body = [...upstreamsLines(cx), ...suppliedLines(cx), ...block(["return ["], entries, ["];"])];
  return block([`create: ({ ${parts.join(", ")} }) => {`], body, ["},"]);
}

function upstreamsLines({ server, importFrom }: ServerContext): Lines {
  const options = hasCaches(server) ? "{ observer, cache }" : "{ observer }";
  const [first, ...others] = server.files;
  const create = (file: PlanFile): Line => {
    const [service] = file.services;
    const key = server.serviceEnv.size === 0 || service === undefined ? "" : envKey(server, service.desc).read;
    const env = readsEnv(file.upstreams) ? `, env${key}` : "";
    return [importFrom("createUpstreams", file), `(clients, ${options}${env})`];
  };
  if (first !== undefined && others.length === 0) return [["const upstreams = ", ...create(first), ";"]];
  const each = server.files.map((file): Line => ["...", ...create(file), ","]);
  return block(["const upstreams = {"], each, ["};"]);
}

function suppliedLines({ supplied, f }: ServerContext): Lines {
  return supplied.map((all): Line => [`const ${all.name} = supplied.${all.name} as `, ...suppliedTypes(all, f), ";"]);
}
/** Returns the type of the user's functions for all files that need some. */
export function suppliedTypes({ what: kind, files }: ReturnType<typeof suppliedBy>, f: GeneratedFile): Line {
  return files.flatMap(({ desc }, i): Line => {
    const type = f.import(suppliedType(desc, kind), `./${desc.name}_bff.js`, true);
    return [i === 0 ? "" : " & ", type];
  });
}

/** Returns the parameters of the function that creates a service. */
function serviceParts(server: PlanServer, file: PlanFile, service: PlanService): string[] {
  return [
    "upstreams",
    server.serviceEnv.size === 0 ? "env" : `env: env${envKey(server, service.desc).read}`,
    ...suppliedParts(file).map(({ name }) => name),
    ...(server.identity === undefined ? [] : ["identity"]),
    ...(limitsOf(service) ? ["limits"] : []),
    ...(reportsUsage(service) ? ["usage"] : []),
    ...(needsPageKeys(service) ? ["pages"] : []),
    ...(isCached(service) ? ["cache"] : []),
    ...(file.topics.length > 0 ? ["topics"] : []),
    "observer",
  ];
}

const hasCaches = ({ files }: PlanServer): boolean =>
  files.some((file) => file.entries.some((entry) => entry.policy.cache !== undefined));

/** Returns the path with which a server imports a module beside it. */
function importPath(path: string, extension: Parameter["importExtension"]): string {
  return `./${posix.basename(path)}${extension === "none" ? "" : `.${extension}`}`;
}

/** Prints the import of the tools for agents, which no other request loads. */
function toolsLines(server: PlanServer, extension: Parameter["importExtension"]): Lines {
  const from = importPath(toolsPath(server), extension);
  return [[`tools: async () => (await import(${JSON.stringify(from)})).TOOLS,`]];
}

/** Prints the import of the plan, which only the live page loads. */
function planLines(server: PlanServer, extension: Parameter["importExtension"]): Lines {
  const from = importPath(planPath(server), extension);
  return [[`plan: async () => (await import(${JSON.stringify(from)})).PLAN,`]];
}

/** Prints the import of the used parts of upstreams, which only a server that compares them loads. */
function usesLines(server: PlanServer, extension: Parameter["importExtension"]): Lines {
  const from = importPath(usesPath(server), extension);
  return [[`uses: async () => (await import(${JSON.stringify(from)})).USES,`]];
}

/** Prints the import of the answers of mocked upstreams, which only a mocked server loads. */
function mockLines({ path, files }: PlanServer, extension: Parameter["importExtension"]): Lines {
  const imports = files.map((file): Line => {
    const to = posix.relative(posix.dirname(path), mockPath(file.desc));
    const from = `${to.startsWith(".") ? "" : "./"}${to}${extension === "none" ? "" : `.${extension}`}`;
    return [`(await import(${JSON.stringify(from)})).DEFAULTS,`];
  });
  return block(["mocks: async () => ["], imports, ["],"]);
}

/** Prints the topics of the process: each is stored in NATS, or has a call. */
function topicsLines(topics: PlanFile["topics"]): Lines {
  if (topics.length === 0) return [];
  const rows = topics.map(({ of: { topic } }): Line => {
    const { subject, jetstream, call, name } = topic;
    const parts = [
      `name: ${JSON.stringify(name.value)}`,
      ...(subject === undefined ? [] : [`subject: ${JSON.stringify(subject.value)}`]),
      ...(jetstream === undefined ? [] : [`jetstream: ${JSON.stringify(jetstream.value)}`]),
      `call: ${call !== undefined}`,
    ];
    return [`{ ${parts.join(", ")} },`];
  });
  return block(["topics: ["], rows, ["],"]);
}

/** Prints the counters of the server; limits of one name in several files are one counter. */
function limitsLines(files: readonly PlanFile[], importFrom: (name: string, file: PlanFile) => Printable): Lines {
  if (files.length === 0) return [];
  const [first] = files;
  if (first !== undefined && files.length === 1) return [["limits: ", importFrom(LIMITS, first), ","]];
  const all = files.flatMap((file, i): Line => [i === 0 ? "..." : ", ...", importFrom(LIMITS, file)]);
  return [["limits: [", ...all, "],"]];
}

/** Prints the subjects of usage events, each once. */
function usageLines(server: PlanServer): Lines {
  const subjects = usageSubjects(server).map((subject) => JSON.stringify(subject) ?? "undefined");
  return subjects.length === 0 ? [] : [[`usage: [${subjects.join(", ")}],`]];
}

const isCached = ({ methods }: PlanService): boolean => methods.some(({ cache }) => cache !== undefined);

/** The functions that the user's module has to export under one name, and the files that need them. */
function suppliedBy(
  { files }: PlanServer,
  kind: "Resolvers" | "Functions",
  of: (file: PlanFile) => readonly { readonly name: string }[],
) {
  const needing = files.filter((file) => of(file).length > 0);
  const members = [...new Set(needing.flatMap((file) => of(file).map(({ name }) => name)))];
  return { what: kind, name: kind.toLowerCase(), files: needing, members };
}

function typesLines(types: readonly DescFile[], names: FileNames): Lines {
  const rows = types.map((file): Line => [names.types(file), ","]);
  return [["// Messages that a google.protobuf.Any may contain in JSON."], ...block(["types: ["], rows, ["],"])];
}

/** The branches of upstreams that have any, by name. */
function branchLines({ upstreams }: PlanServer): Lines {
  const rows = upstreams.flatMap(({ name, branches }): Line[] =>
    branches.length === 0 ? [] : [[`${name}: [${branches.map((branch) => JSON.stringify(branch.name)).join(", ")}],`]],
  );
  return rows.length === 0 ? [] : block(["branches: {"], rows, ["},"]);
}

/** The maximum numbers of shards, of upstreams that have any. */
function shardLines({ upstreams }: PlanServer): Lines {
  const rows = upstreams.flatMap(({ name, shard }) =>
    shard === undefined ? [] : [`${name}: ${group(shard.max.value)}`],
  );
  return rows.length === 0 ? [] : [[`shards: { ${rows.join(", ")} },`]];
}

/** The variables that it reads are of all services alike. */
function identityLines(server: PlanServer, f: GeneratedFile): Lines {
  const { identity, serviceEnv } = server;
  if (identity === undefined) return [];
  const create = f.import("createIdentity", `./${identity.path}.js`);
  const [first] = server.files.flatMap(({ services }) => services);
  const { reads: read } = identity;
  const readsEnv = server.env.some(({ variable }) => read.has(variable.name));
  if (serviceEnv.size === 0 || !readsEnv || first === undefined) return [["identity: ", create, ","]];
  return [["identity: (env) => ", create, `(env${envKey(server, first.desc).read}),`]];
}

/** Prints how the environment is read. Services that read a variable differently each receive a separate object. */
function envLines(server: PlanServer): Lines {
  const { env, serviceEnv, files } = server;
  if (env.length === 0) return [["env: () => ({}),"]];
  if (serviceEnv.size === 0) return block(["env: (read) => ({"], env.map(envLine), ["}),"]);
  const services = files.flatMap((file) => file.services.map(({ desc }) => desc));
  const each = services.map((desc): Line => {
    const others = serviceEnv.get(desc)?.map((entry) => envLine(entry).join("").replace(/,$/, "")) ?? [];
    return [`${envKey(server, desc).property}: ${others.length === 0 ? "env" : `{ ...env, ${others.join(", ")} }`},`];
  });
  const all = block(["const env = {"], env.map(envLine), ["};"]);
  return block(["env: (read) => {"], [...all, ...block(["return {"], each, ["};"])], ["},"]);
}

/** Returns the service's name, unless another service has the same name. */
export function envKey(
  { files }: PlanServer,
  { name, typeName }: DescService,
): { readonly property: string; readonly read: string } {
  const same = files.flatMap(({ services }) => services).filter(({ desc }) => desc.name === name);
  const property = same.length === 1 ? name : JSON.stringify(typeName);
  return { property, read: same.length === 1 ? `.${name}` : `[${property}]` };
}

export function envLine(entry: PlanEnvVar): readonly string[] {
  const name = envName(entry);
  const { shape, default: initial, alternates, min, max } = entry.ir;
  const { of, item } = shape ?? { of: "one", item: "string" };
  const others = alternates.map(({ value }) => JSON.stringify(value)).join(", ");
  const bound = (way: string, text: typeof min) => (text === undefined ? "" : `${way}(${JSON.stringify(text.value)}).`);
  const how = `${others === "" ? "" : `or(${others}).`}${bound("min", min)}${bound("max", max)}`;
  const method = readerMethod(of, item);
  const fields = [
    JSON.stringify(name),
    ...(of === "one" || method === "strings" ? [] : [JSON.stringify(item)]),
    ...(initial === undefined ? [] : [JSON.stringify(initial.value)]),
  ];
  return [`${name}: read.${how}${method}(${fields.join(", ")}),`];
}

function readerMethod(of: string, item: string): string {
  if (of === "one") return item;
  return of === "list" && item === "string" ? "strings" : of;
}
