// `<file>_mock.ts`: upstreams inside the process, with the rpcs that are called and the fields that are read, and a BFF
// on top of them.
import type { DescField, DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { Entry, PlanUpstream } from "../../plan/model/calls.ts";
import { readsEnv } from "../../plan/model/calls.ts";
import type { Plan, PlanFile, PlanService } from "../../plan/model/plan.ts";
import { lowerFirst, upperFirst } from "../../plan/names/name-scope.ts";
import { mockEnv } from "../../report/faults/mock-env.ts";

import { readTypes } from "../codec/emit-codec.ts";
import { FileNames, mockPath } from "../names/file-names.ts";
import { clientsType, recordOf } from "../names/upstream-types.ts";
import { envLine } from "../server/emit-server.ts";
import { needsPageKeys } from "../services/emit-pages.ts";
import { limitsOf, reportsUsage, suppliedParts } from "../services/emit-service.ts";
import {
  block,
  commas,
  importComments,
  type Line,
  type Lines,
  line,
  objectType,
  property,
  protectWords,
} from "../text/lines.ts";

type Batch = NonNullable<Entry["batch"]>;

export function emitMock(file: PlanFile, plan: Plan, f: GeneratedFile): void {
  const { convert, enumConversion } = plan;
  const from = { reads: readTypes(file.codec), convert, enumConversion, functions: file.functions, apart: true };
  const names = new FileNames(f, file.desc, from);
  const lines: Line[] = [
    ...emitMocks(file, names),
    [],
    ...emitDefaults(file, names),
    [],
    ...emitUpstreams(file, names),
    [],
    ...emitOptions(file, names),
    [],
    ...emitResult(file, names),
    [],
    ...emitTestBff(file, plan, names),
  ];
  f.preamble(file.desc);
  for (const row of importComments(lines, f.importSchema(file.desc).from)) f.print(...row);
  for (const row of protectWords(lines, f, `./${mockPath(file.desc)}.js`)) f.print(...row);
}

// ---- upstreams ----

interface Called {
  readonly method: DescMethod;
  /** The batch of the first entry that calls it in batches. */
  readonly batch: Entry["batch"];
}

/** Returns the methods of an upstream that are called, each once. */
function calledOf({ entries, topics, clients }: PlanFile, { name }: PlanUpstream): readonly Called[] {
  const found = new Map<DescMethod, Called>();
  const ofTopics = topics.flatMap(({ entry }) => entry ?? []);
  for (const { upstream, method, batch } of [...entries, ...ofTopics, ...clients]) {
    if (upstream === name) found.set(method, { method, batch: found.get(method)?.batch ?? batch });
  }
  return [...found.values()];
}

function emitMocks(file: PlanFile, names: FileNames): Lines {
  const rows = file.upstreams.flatMap((upstream): Lines => {
    const methods = calledOf(file, upstream).map(
      ({ method }): Line => [
        `readonly ${method.localName}?: `,
        names.testingType(method.methodKind === "unary" ? "MockRpc" : "MockStreamRpc"),
        "<",
        names.shape(method.input),
        ", ",
        names.shape(method.output),
        "> | undefined;",
      ],
    );
    const branches = upstream.branches.map(
      (branch): Line => [
        `readonly ${JSON.stringify(`${upstream.name}.${branch.name}`)}?: Mocks[${JSON.stringify(upstream.name)}];`,
      ],
    );
    return [...block([`readonly ${upstream.name}?: {`], methods, ["} | undefined;"]), ...branches];
  });
  const branched = file.upstreams.some(({ branches }) => branches.length > 0);
  const off = branched ? " A branch without answers is off." : "";
  return [
    [`/** Answers of upstreams: the fields that the BFF reads. An rpc without an answer returns a sample.${off} */`],
    ...(rows.length === 0 ? [["export type Mocks = object;"]] : block(["export interface Mocks {"], rows, ["}"])),
  ];
}

/** Prints the default answers of batches. */
function emitDefaults(file: PlanFile, names: FileNames): Lines {
  const batched = file.upstreams.flatMap((upstream) => {
    const methods = calledOf(file, upstream).filter(({ batch }) => batch !== undefined);
    return methods.length === 0 ? [] : { name: upstream.name, methods };
  });
  const types = batched.map(({ name, methods }): Line => {
    const keys = methods.map(({ method }) => ({ name: method.localName }));
    return [`readonly ${name}: `, ...recordOf(keys, names.testingType("MockHandler"))];
  });
  const rows = batched.flatMap(({ name, methods }) =>
    block(
      [`${name}: {`],
      methods.flatMap(({ method, batch }): Line[] =>
        batch === undefined ? [] : [[`${method.localName}: `, ...forEachKey(method, batch, names), ","]],
      ),
      ["},"],
    ),
  );
  return [
    ["/** Default answers of batch rpcs: a sample for each key. */"],
    ...(rows.length === 0
      ? [["export const DEFAULTS = {};"]]
      : block(["export const DEFAULTS: ", ...objectType(types), " = {"], rows, ["};"])),
  ];
}
function forEachKey(method: DescMethod, batch: Batch, names: FileNames): Line {
  const path = keyPath(batch);
  const key = path === undefined ? "" : `, key: [${path.map((name) => JSON.stringify(name)).join(", ")}]`;
  const fields = `{ keys: "${batch.keys.localName}", items: "${batch.items.localName}"${key} }`;
  return [names.testing("forEachKey"), "(", names.service(method.parent), `.method.${method.localName}, ${fields})`];
}
/** Returns the path of the key in an item: a field, or the path in `key_by`; undefined if `key_by` is not a path. */
function keyPath({ key, keyBy, items }: Batch): readonly string[] | undefined {
  if (key !== undefined) return [key.localName];
  if (keyBy === undefined || !keyBy.by.expression.path) return undefined;
  const path: string[] = [];
  let of = items.message;
  for (const name of keyBy.by.expression.text.value.split(".").slice(1)) {
    const field: DescField | undefined = of?.fields.find((candidate) => candidate.name === name.trim());
    if (field === undefined) return undefined;
    path.push(field.localName);
    of = field.message;
  }
  return path;
}

function emitUpstreams(file: PlanFile, names: FileNames): Lines {
  const mock = names.testing("MockUpstream");
  const client = (upstream: PlanUpstream, key: string): Line => {
    const batches = calledOf(file, upstream).some(({ batch }) => batch !== undefined);
    const options = batches ? `{ ...options, defaults: DEFAULTS.${upstream.name} }` : "options";
    return ["new ", mock, "(", names.service(upstream.service), `, mocks${key}, ${options})`];
  };
  const rows = file.upstreams.flatMap((upstream): Line[] => [
    [`${upstream.name}: `, ...client(upstream, `.${upstream.name}`), ","],
    ...upstream.branches.map((branch): Line => {
      const key = JSON.stringify(`${upstream.name}.${branch.name}`);
      return [`...(mocks[${key}] !== undefined && { ${key}: `, ...client(upstream, `[${key}]`), " }),"];
    }),
  ]);
  const [mocks, options] = rows.length === 0 ? ["_mocks", "_options"] : ["mocks", "options"];
  return [
    ["/** All upstreams, in this process. */"],
    ...block(
      [
        `export function mockUpstreams(${mocks}: Mocks = {}, ${options}?: `,
        names.testingType("MockUpstreamOptions"),
        "): ",
        ...clientsType(file, names.testingType("MockUpstream")),
        " {",
      ],
      rows.length === 0 ? [["return {};"]] : block(["return {"], rows, ["};"]),
      ["}"],
    ),
  ];
}

// ---- the BFF ----

function principalOf(file: PlanFile, names: FileNames): Line {
  return file.identity === undefined ? [] : [", typeof ", names.schema(file.identity.type)];
}

function emitOptions(file: PlanFile, names: FileNames): Lines {
  const env: Lines =
    file.env.length === 0
      ? []
      : [
          ["/** Default: the declared default, else a sample. */"],
          ["readonly env?: Partial<", names.bffType("Env", file.desc), "> | undefined;"],
        ];
  const supplied = suppliedParts(file).map(
    ({ name, type }): Line => [`readonly ${name}: `, names.bffType(type, file.desc), ";"],
  );
  return [
    ["/** Options of a BFF under test. */"],
    ...block(
      [
        "export interface TestBffOptions<C extends ",
        names.testingType("Clock"),
        " = ",
        names.testingType("Clock"),
        "> extends ",
        names.testingType("TestOptions"),
        "<C",
        ...principalOf(file, names),
        "> {",
      ],
      [["readonly mocks?: Mocks | undefined;"], ...env, ...supplied],
      ["}"],
    ),
  ];
}

/** Returns true for a file with a topic that no call feeds. */
const isPublished = ({ topics }: PlanFile): boolean => topics.some(({ entry }) => entry === undefined);

const isLive = (services: readonly PlanService[]): boolean =>
  services.some(({ methods }) => methods.some(({ live }) => live !== undefined));

function emitResult(file: PlanFile, names: FileNames): Lines {
  const rpcs = rpcNames(file.services).flatMap(({ service, desc, name }): Lines => {
    const type = names.testingType(desc.methodKind === "unary" ? "TestRpc" : "TestStreamRpc");
    const messages: Line = ["typeof ", names.schemaType(desc.input), ", typeof ", names.schemaType(desc.output)];
    return [
      [`/** ${fullName(service.desc, desc)} */`],
      [`readonly ${name}: `, type, "<", ...messages, ...principalOf(file, names), ">;"],
    ];
  });
  const clock = names.testingType("Clock");
  return [
    ["/** A BFF under test: its rpcs, and what they run on. */"],
    ...block(
      ["export interface TestBff<C extends ", clock, " = ", clock, "> {"],
      [
        ...rpcs,
        ["/** The mocks of the upstreams. */"],
        ["readonly mocks: ReturnType<typeof mockUpstreams>;"],
        ["/** Breakers, limits and throttles of the upstreams. */"],
        ["readonly upstreams: ", names.bffType("Upstreams", file.desc), ";"],
        ["/** The clock of the BFF and the upstreams. */"],
        ["readonly clock: C;"],
        ...(isPublished(file)
          ? [
              ["/** Publishes an item of a topic without a call: name of the topic, key, item. */"],
              ["readonly publish: ", names.testingType("TestBed"), '["publish"];'],
            ]
          : []),
        ...(isLive(file.services)
          ? [
              ["/** Purges tags of cached and live answers. */"],
              ["readonly purge: ", names.testingType("TestBed"), '["purge"];'],
            ]
          : []),
        ["/** Ends running calls and streams. */"],
        ["close(): void;"],
      ],
      ["}"],
    ),
  ];
}

function emitTestBff(file: PlanFile, plan: Plan, names: FileNames): Lines {
  const supplied = suppliedParts(file).map(({ name }) => name);
  const optional = supplied.length === 0;
  const members = ["mocks", ...(file.env.length === 0 ? [] : ["env"]), ...supplied, "...options"].join(", ");
  const sources = file.identity?.sources.map(({ name }) => JSON.stringify(name)).join(", ");
  const identity: Lines =
    file.identity === undefined
      ? []
      : line(
          "const identity = new ",
          names.testing("TestIdentity"),
          "(",
          names.schema(file.identity.type),
          `, [${sources}]);`,
        );
  const made: Lines = [
    ["const made = ", names.bff("createUpstreams", file.desc), `(upstreams, bed.upstreams${envOf(file, plan)});`],
  ];
  return [
    ["/** Creates the BFF on mocks in this process: a function for each rpc, the mocks and the clock. */"],
    ...block(
      [
        "export function createTestBff<C extends ",
        names.testingType("Clock"),
        " = ",
        names.testingType("FakeClock"),
        `>({ ${members} }: TestBffOptions<C>${optional ? " = {}" : ""}): TestBff<C> {`,
      ],
      [
        ...identity,
        ["const bed = new ", names.testing("TestBed"), `(options${file.identity === undefined ? "" : ", identity"});`],
        ["const upstreams = mockUpstreams(mocks, bed);"],
        ...(readsEnv(file.upstreams) ? [] : made),
        ...(file.env.length > 0 ? line("const read = new ", names.runtime("EnvReader"), "({}, []);") : []),
        ...(readsEnv(file.upstreams) ? made : []),
        ...file.services.flatMap((service) => endpointsOf(service, file, plan, names)),
        ...block(
          ["return {"],
          [
            ...rpcsOf(file.services, names),
            ["mocks: upstreams,"],
            ["upstreams: made,"],
            ["clock: bed.clock,"],
            ...(isPublished(file) ? [["publish: bed.publish,"]] : []),
            ...(isLive(file.services) ? [["purge: bed.purge,"]] : []),
            ["close: () => bed.close(),"],
          ],
          ["};"],
        ),
      ],
      ["}"],
    ),
  ];
}

const endpointsName = ({ desc }: PlanService): string => `${lowerFirst(desc.name)}Endpoints`;

/** The variables of breakers and limits, which the process has once. */
function envOf(file: PlanFile, plan: Plan): string {
  const [service] = file.services;
  return service === undefined || !readsEnv(file.upstreams) ? "" : `, ${defaultEnvOf(file, service, plan)}`;
}

function defaultEnvOf(file: PlanFile, service: PlanService, plan: Plan): string {
  const env = mockEnv(file, service.desc, plan);
  const defaults = env.map((entry) => envLine(entry).join("").replace(/,$/, ""));
  return file.env.length === 0 ? "{}" : `{ ${[...defaults, "...env"].join(", ")} }`;
}

function endpointsOf(service: PlanService, file: PlanFile, plan: Plan, names: FileNames): Lines {
  const defaultEnv = defaultEnvOf(file, service, plan);
  const cached = service.methods.some(({ cache }) => cache !== undefined);
  const deps: Line[] = [
    ["upstreams: made"],
    [`env: ${defaultEnv}`],
    ...suppliedParts(file).map(({ name }): Line => [name]),
    ...(file.identity === undefined ? [] : [["identity"]]),
    ...(limitsOf(service) ? [["limits: bed.limits"]] : []),
    ...(reportsUsage(service) ? [["usage: bed.usage"]] : []),
    ...(needsPageKeys(service) ? [["pages: bed.pages"]] : []),
    ...(cached ? [["cache: bed.cache"]] : []),
    ...(file.topics.length > 0 ? [["topics: bed.topics"]] : []),
    ["observer: bed.observer"],
  ];
  return [[`const ${endpointsName(service)} = `, names.bff(service.create, file.desc), "({ ", ...commas(deps), " });"]];
}

/** Names that the object has besides those of rpcs. */
const RESERVED = ["mocks", "upstreams", "clock", "publish", "close"];

/** Prints one property for each rpc. The service's name is a prefix if several services have an rpc of that name. */
function rpcsOf(services: readonly PlanService[], names: FileNames): Lines {
  return rpcNames(services).flatMap(({ service, desc, name }): Lines => {
    const rpc: Line = [
      `bed.${desc.methodKind === "unary" ? "rpc" : "stream"}(${endpointsName(service)}, `,
      names.service(service.desc),
      `.method.${desc.localName})`,
    ];
    return [[...property(name, rpc), ","]];
  });
}
/** Returns the names of rpcs on the mocked BFF. */
export function rpcNames(services: readonly PlanService[]) {
  const all = services.flatMap((service) => service.methods.map(({ method }) => ({ service, desc: method.desc })));
  const reserved = [...RESERVED, ...(isLive(services) ? ["purge"] : [])];
  const times = new Map<string, number>(reserved.map((name) => [name, 1]));
  for (const { desc } of all) times.set(desc.localName, (times.get(desc.localName) ?? 0) + 1);
  return all.map(({ service, desc }) => {
    const alone = times.get(desc.localName) === 1;
    const name = alone ? desc.localName : `${lowerFirst(service.desc.name)}${upperFirst(desc.localName)}`;
    return { service, desc, name };
  });
}
const fullName = ({ typeName }: DescService, { name }: DescMethod): string => `${typeName}/${name}`;
