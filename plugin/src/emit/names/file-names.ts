// Imports of one emitted file, and the paths of its modules.
import { type DescEnum, type DescFile, type DescMessage, type DescService, ScalarType } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable } from "@bufbuild/protoplugin";
import { type Names, type Overload, type Proto, unsetIsNull, type Variable } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import type { EnumConversion, MessageConversion } from "../../model/conversion.ts";
import { is64Bit } from "../../model/is-64-bit.ts";
import type { PlanFunction } from "../../plan/model/calls.ts";
import type { PlanArg, PlanCallers } from "../../plan/model/inputs.ts";
import type { Plan, PlanServer } from "../../plan/model/plan.ts";
import { camel } from "../../text/camel.ts";
import { commas, type Line, type Lines, mentions } from "../text/lines.ts";
import { symbolNames } from "../text/symbol-names.ts";
import { celObject, runtimeEntry } from "./runtime-entries.ts";

const VALIDATE = "@protobff/runtime/validate";
/** The constant of every file with fair shares. */
export const FAIR_SHARE = "FAIR_SHARE";
const TESTING = "@protobff/testing";

/** The options' own messages are no data. */
const BFF_PACKAGES = /^bff\.v1$/;

/** Parts of the plan that names depend on. */
interface FromPlan {
  readonly reads: ReadonlyMap<DescMessage, string>;
  readonly convert: Plan["convert"];
  readonly enumConversion: Plan["enumConversion"];
  readonly functions: readonly PlanFunction[];
  /** True if exports of the file of this descriptor are imported as well: it is not the file that is written. */
  readonly apart?: boolean;
}

/** Names for files without messages. */
const PLAIN: FromPlan = { reads: new Map(), convert: (): string => "", enumConversion: () => undefined, functions: [] };

const MESSAGES = "MESSAGES";

export class FileNames {
  readonly #f: GeneratedFile;
  readonly file: DescFile;
  /** The files of whose messages something is imported. */
  readonly #seen = new Set<DescFile>();
  /** Paths of the modules that protoc-gen-es writes for a file's messages. */
  readonly #paths = new Map<DescFile, string>();
  /** Type names of messages that are read in part. */
  readonly #reads: ReadonlyMap<DescMessage, string>;
  readonly #convert: Plan["convert"];
  readonly #enumConversion: Plan["enumConversion"];
  /** The functions of the user that the file calls, by name. */
  readonly #userFunctions: ReadonlyMap<Overload, string>;
  readonly #apart: boolean;
  constructor(
    f: GeneratedFile,
    file: DescFile,
    { reads, convert, enumConversion, functions, apart = false }: FromPlan = PLAIN,
  ) {
    this.#apart = apart;
    this.#f = f;
    this.file = file;
    this.#reads = reads;
    this.#convert = convert;
    this.#userFunctions = new Map(functions.map(({ overload, name }) => [overload, name]));
    this.#enumConversion = enumConversion;
  }
  /** Imports from `@protobff/server`, which only files that start a server need. */
  server(name: string): Printable {
    return this.#f.import(name, "@protobff/server");
  }
  runtime(name: string): Printable {
    return this.#f.import(name, runtimeEntry(name));
  }
  runtimeType(name: string): Printable {
    return this.#f.import(name, runtimeEntry(name), true);
  }
  /**
   * Returns a function of the expression library, printed as `cel.…`, so that variables of expressions hide none of
   * them. Functions that create messages are not part of that library.
   */
  cel(name: string): Printable {
    return name === "create" || name === "defined" ? this.runtime(name) : [this.runtime(celObject(name)), `.${name}`];
  }
  /** The type of a message; of an enum also the value that holds its numbers. */
  shape(desc: DescMessage | DescEnum): Printable {
    // The runtime has it: `options_pb.ts` need not be in the user's tree.
    if (desc.typeName === "bff.v1.Code") return this.runtime("Code");
    this.#seen.add(desc.file);
    const part = desc.kind === "message" ? this.#reads.get(desc) : undefined;
    if (part !== undefined) return this.#f.import(part, `./${codecPath(this.file)}.js`, true);
    return this.#fromMessages(desc, symbolNames(desc.file).shapes.get(desc), desc.kind === "message");
  }
  schema(desc: DescMessage | DescEnum): Printable {
    this.#seen.add(desc.file);
    return this.#fromMessages(desc, symbolNames(desc.file).schemas.get(desc), false);
  }
  schemaType(desc: DescMessage): Printable {
    return this.#fromMessages(desc, symbolNames(desc.file).schemas.get(desc), true);
  }
  service(desc: DescService): Printable {
    return this.#fromMessages(desc, symbolNames(desc.file).schemas.get(desc), false);
  }
  #fromMessages(desc: DescMessage | DescEnum | DescService, name: string | undefined, typeOnly: boolean): Printable {
    if (name === undefined) throw new Error(`${desc.toString()} has no name in TypeScript`);
    const from = this.#paths.get(desc.file) ?? this.#f.importSchema(desc.file).from;
    this.#paths.set(desc.file, from);
    return this.#f.import(name, from, typeOnly);
  }
  protobufType(name: string): Printable {
    return this.#f.import(name, "@bufbuild/protobuf", true);
  }
  /** The registry of the messages that a google.protobuf.Any may hold. */
  messages(): Printable {
    return MESSAGES;
  }
  /** The declaration of that registry, if a line reads it: all files that this one refers to, and their imports. */
  messagesFor(lines: Lines): Lines {
    if (!mentions(lines, MESSAGES)) return [];
    const files = new Set<DescFile>();
    const visit = (file: DescFile): void => {
      if (files.has(file) || BFF_PACKAGES.test(file.proto.package)) return;
      files.add(file);
      file.dependencies.forEach(visit);
    };
    for (const file of [this.file, ...this.#seen]) visit(file);
    const withMessages = [...files].filter(({ messages }) => messages.length > 0);
    const schemas = withMessages.sort((a, b) => (a.name < b.name ? -1 : 1)).map((file) => [this.#f.importSchema(file)]);
    return [
      ["/** Messages that a google.protobuf.Any may contain here. */"],
      [`const ${MESSAGES} = `, this.protobuf("createRegistry"), "(", ...commas(schemas), ");"],
    ];
  }
  /** The descriptor of a file. */
  types(file: DescFile): Printable {
    return this.#f.importSchema(file);
  }
  protobuf(name: string): Printable {
    return this.#f.import(name, "@bufbuild/protobuf");
  }
  /** Something that another emitted file exports. */
  bff(name: string, file: DescFile): Printable {
    return file.name === this.file.name && !this.#apart ? name : this.#f.import(name, `./${bffPath(file)}.js`);
  }
  /** Something that checks requests. */
  validate(name: string): Printable {
    return this.#f.import(name, VALIDATE);
  }
  validateType(name: string): Printable {
    return this.#f.import(name, VALIDATE, true);
  }
  /** Imports helpers for mocks. */
  testing(name: string): Printable {
    return this.#f.import(name, TESTING);
  }
  testingType(name: string): Printable {
    return this.#f.import(name, TESTING, true);
  }
  /** The type of something that another emitted file exports. */
  bffType(name: string, file: DescFile): Printable {
    return this.#f.import(name, `./${bffPath(file)}.js`, true);
  }
  /** Something that this file's `_rules.ts` exports. */
  rules(name: string): Printable {
    return this.#f.import(name, `./${rulesPath(this.file)}.js`);
  }
  /** Something that the codec of this file exports. */
  codec(name: string): Printable {
    return this.#f.import(name, `./${codecPath(this.file)}.js`);
  }
  conversion(conversion: MessageConversion | EnumConversion): Printable {
    return this.bff(this.conversionName(conversion), conversion.owner.file);
  }
  /** A function of the user, as a property of the object of them. */
  userFunction(fn: Overload): string {
    const name = this.#userFunctions.get(fn);
    if (name === undefined) throw new Error(`"${fn.fn}" is not planned for ${this.file.name}`);
    return name;
  }
  /** The function that makes values of one enum those of another. */
  convertEnum(from: DescEnum, to: DescEnum): Printable {
    const found = this.#enumConversion(from, to);
    if (found === undefined) throw new Error(`${from.typeName} does not become ${to.typeName}`);
    return this.conversion(found);
  }
  /** `toSummary` */
  conversionName(conversion: MessageConversion | EnumConversion): string {
    return this.#convert(conversion);
  }
  /** `web.proto:12:3`; the directory only when it is not this file's. */
  place(at: Origin): string {
    const isLocal = at.file === `${this.file.name}.proto` || at.file === this.file.proto.name;
    return `${isLocal ? at.file.slice(at.file.lastIndexOf("/") + 1) : at.file}:${at.line}:${at.column}`;
  }
}

/** `web/v1/web_bff`, without extension. */
export const bffPath = (file: DescFile): string => `${file.name}_bff`;
/** `web/v1/web_rules` */
export const rulesPath = (file: DescFile): string => `${file.name}_rules`;
/** `web/v1/web_mock` */
export const mockPath = (file: DescFile): string => `${file.name}_mock`;
/** `web/v1/web_faults` */
export const faultsPath = (file: DescFile): string => `${file.name}_faults`;
/** The requests of simulations. */
export const playPath = (file: DescFile): string => `${file.name}_play`;
/** `web/v1/web_parts` */
export const partsPath = (file: DescFile): string => `${file.name}_parts`;
/** `web/v1/web_codec` */
export const codecPath = (file: DescFile): string => `${file.name}_codec`;

/** Returns the path of the module that a server's `server.ts` loads in processes that serve. */
export const mainPath = ({ path }: PlanServer): string => `${path}_main`;
/** Returns the path of a server's module for other programs, which is beside the server. */
export const embedPath = ({ path }: PlanServer): string => path.replace(/server$/, "bff");
/** Returns the path of a server's tools for agents, which is beside the server. */
export const toolsPath = ({ path }: PlanServer): string => `${path}_tools`;
/** Returns the path of what a server uses of its upstreams. */
export const usesPath = ({ path }: PlanServer): string => `${path}_uses`;
/** Returns the path of a server's plan, which is beside the server. */
export const planPath = ({ path }: PlanServer): string => `${path}_plan`;

// Type of the request that generated functions receive.

/**
 * Prints `Request<App>`, or `Request<App, Principal | undefined>` if callers are identified and an rpc answers anybody.
 */
export function typeOfRequest(app: Line, callers: PlanCallers | undefined, file: FileNames): Line {
  const request = file.runtimeType("Request");
  if (callers === undefined) return [request, "<", ...app, ">"];
  return [request, "<", ...app, ", ", ...principalType(callers, file), ">"];
}

/** `Principal`, `Principal | undefined`. */
export function principalType({ types, open }: PlanCallers, file: FileNames): Line {
  const all: Line[] = [...types.map((desc): Line => [file.shape(desc)]), ...(open.length > 0 ? [["undefined"]] : [])];
  return all.flatMap((member, i): Line => (i === 0 ? member : [" | ", ...member]));
}

/** Code of the client's address. */
export const PEER = "cx.peer.address";

/** Code of the variables that the request holds. */
const OF_REQUEST: Partial<Readonly<Record<Variable["role"], string>>> = {
  headers: "cx",
  now: "cx.now()",
  principal: "cx.principal",
  peer: PEER,
};

/** Returns true if an expression reads the request itself, so that it needs `cx`. */
export const readsRequest = (variable: Variable): boolean => OF_REQUEST[variable.role] !== undefined;

/** Returns names for the place that creates the app object: `env` and `functions` exist, and `cx` is a parameter. */
export function appNames(names: FileNames): Names {
  return {
    variable: ({ role, name }) => OF_REQUEST[role] ?? name,
    runtime: (name) => names.cel(name),
    schema: (desc) => names.schema(desc),
    shape: (desc) => names.shape(desc),
    convertEnum: (from, to) => names.convertEnum(from, to),
    userFunction: (fn) => `functions.${names.userFunction(fn)}`,
    random: (what, place) => `cx.random${what}(${JSON.stringify(place)})`,
    counted: (again) => names.cel(again ? "counted" : "countedAlone"),
    registry: () => names.messages(),
    local: (name) => (name === "functions" ? "functions_" : name),
  };
}

// TypeScript types of the arguments and results of generated functions.

export function argsType(members: readonly PlanArg[], file: FileNames): Line {
  if (members.length === 0) return ["object"];
  const properties = members.flatMap(
    (arg, i): Line => [
      i === 0 ? "" : "; ",
      `readonly ${camel(arg.name)}: `,
      ...variableType(arg.variable, file),
      ...(arg.variable.absent || arg.variable.unset !== undefined ? [" | undefined"] : []),
    ],
  );
  return ["{ ", ...properties, " }"];
}
export function variableType(variable: Variable, file: FileNames): Line {
  const { proto } = variable;
  const plain = proto === undefined ? ["unknown"] : protoType(proto, file);
  return unsetIsNull(variable) ? [...plain, " | undefined"] : plain;
}
export function protoType(proto: Proto, file: FileNames): Line {
  switch (proto.kind) {
    case "scalar":
      return [proto.text === true ? "string" : scalarType(proto.scalar)];
    case "enum":
      return [file.shape(proto.desc)];
    case "message":
      return proto.desc.typeName === "google.protobuf.Struct"
        ? [file.protobufType("JsonObject")]
        : [file.shape(proto.desc)];
    case "list":
      return [...protoType(proto.of, file), "[]"];
    case "map":
      return ["{ [key: string]: ", ...protoType(proto.of, file), " }"];
  }
}
function scalarType(scalar: ScalarType): string {
  switch (scalar) {
    case ScalarType.STRING:
      return "string";
    case ScalarType.BOOL:
      return "boolean";
    case ScalarType.BYTES:
      return "Uint8Array";
    default:
      return is64Bit(scalar) ? "bigint" : "number";
  }
}
