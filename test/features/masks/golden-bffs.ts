// Goldens whose rpcs have masks: generated with mocks, and called in this process with their sample requests.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  clone,
  create,
  type DescMessage,
  type DescMethod,
  getExtension,
  hasExtension,
  type Message,
  type Registry,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_field_mask,
  type MethodOptions,
  MethodOptionsSchema,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { method as methodOption, service as serviceOption } from "@protobff/messages/options.js";
import type { MockUpstream } from "../../../packages/testing/src/mock-upstream.ts";
import { compileCase } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { schemaOf } from "../../support/request.ts";

const GENERATED = join(import.meta.dirname, "../../.generated");

interface TestBff {
  readonly mocks: Readonly<Record<string, MockUpstream>>;
  readonly [rpc: string]: unknown;
  close(): void;
}
export interface Answer {
  readonly message: Message;
  readonly calls: ReadonlySet<string>;
}
/** An rpc of a golden, on a BFF that has no other client. */
export interface MaskedRpc {
  readonly name: string;
  readonly output: DescMessage;
  readonly registry: Registry;
  /** Answers the sample request. */
  answer(mask: string): Promise<Answer>;
  /** Forgets what caches, limits and breakers hold. */
  renew(): void;
  close(): void;
}

/** The parameters of `runFaultTest` in a generated test. */
type FaultTest = readonly [
  make: () => TestBff,
  cell: unknown,
  predicted: string,
  run: (bff: TestBff, call: object) => Promise<Message>,
];
interface FaultsModule {
  readonly faultTests: (test: (name: string, run: () => FaultTest) => void) => void;
}

/**
 * Returns the unary rpcs of a golden that have upstream calls. Each has a mask as its clients choose it.
 *
 * @param refused receives the rpcs that cannot have a mask, with the reason
 */
export async function maskedRpcs(
  name: string,
  request: CodeGeneratorRequest,
  texts: Readonly<Record<string, string>>,
  refused: Map<string, string>,
): Promise<readonly MaskedRpc[]> {
  const { made, files } = generated(request, texts, refused);
  const folder = join(GENERATED, `masks-${process.pid}`, name);
  const { registry } = schemaOf(made);
  const rpcs: MaskedRpc[] = [];
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    for (const path of Object.keys(files).filter((path) => path.endsWith("_faults.ts"))) {
      const { faultTests } = (await import(pathToFileURL(join(folder, path)).href)) as FaultsModule;
      // One test of the many that each rpc has.
      const tests = new Map<string, () => FaultTest>();
      faultTests((title, run) => tests.set(title.replace(/[,:].*/s, ""), run));
      for (const [rpc, run] of tests) {
        const [service = "", method] = rpc.split("/");
        const desc = registry.getService(service)?.methods.find((other) => other.name === method);
        if (desc?.methodKind !== "unary" || fieldsOf(desc.proto.options) === "") continue;
        rpcs.push(new MockedRpc(desc, registry, run()));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rpcs;
}

class MockedRpc implements MaskedRpc {
  readonly name: string;
  readonly output: DescMessage;
  readonly registry: Registry;
  readonly #test: FaultTest;
  #bff: TestBff | undefined;

  constructor({ parent, name, output }: DescMethod, registry: Registry, test: FaultTest) {
    this.name = `${parent.typeName}/${name}`;
    this.output = output;
    this.registry = registry;
    this.#test = test;
  }

  async answer(mask: string): Promise<Answer> {
    const [make, , , run] = this.#test;
    this.#bff ??= make();
    const bff = this.#bff;
    const mocks = Object.values(bff.mocks);
    const before = mocks.map(({ calls }) => calls.length);
    const masked = Object.entries(bff).map(([name, value]) => [
      name,
      typeof value === "function" ? withMask(value as Rpc, mask) : value,
    ]);
    const message = await run(Object.fromEntries(masked), {});
    const made = mocks.flatMap(({ calls }, i) => calls.slice(before[i]));
    return { message, calls: new Set(made.flatMap(({ method, request }) => callsOf(method, request))) };
  }
  renew(): void {
    this.#bff?.close();
    this.#bff = undefined;
  }
  close(): void {
    this.renew();
  }
}

type Rpc = (request: Message & { readonly clientMask?: unknown }, call: Call) => Promise<Message>;
interface Call {
  readonly headers?: Readonly<Record<string, string>>;
}
/** The sample request holds a mask of no field. */
function withMask(rpc: Rpc, mask: string): Rpc {
  return ({ clientMask: _, ...request }, call) =>
    rpc(request, { ...call, headers: { ...call.headers, "bff-fields": mask } });
}

/** The call, once for each item of its lists: masks may need fewer of them. */
function callsOf(method: string, request: Message): string[] {
  const lists = Object.entries(request).filter(([, value]) => Array.isArray(value));
  const others = Object.entries(request).filter(([, value]) => !Array.isArray(value) && !isMask(value));
  const call = `${method} ${textOf(others)}`;
  const items = lists.flatMap(([name, all]) => (all as unknown[]).map((item) => `${call} ${name} ${textOf(item)}`));
  return items.length > 0 ? items : [call];
}
/** A mask for the upstream, which depends on the client's. */
const isMask = (value: unknown): boolean => (value as Message | undefined)?.$typeName === "google.protobuf.FieldMask";
const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));

interface Generated {
  readonly made: CodeGeneratorRequest;
  readonly files: Readonly<Record<string, string>>;
}

/** Leaves out the masks of rpcs that the compiler refuses. */
function generated(
  request: CodeGeneratorRequest,
  texts: Readonly<Record<string, string>>,
  refused: Map<string, string>,
): Generated {
  const all = rpcsOf(request);
  const compiled = (rpcs: readonly string[]) => {
    const made = withMasks(request, new Set(rpcs));
    return { made, ...compileCase(made, texts, "import_extension=ts,mock=true,faults=node") };
  };
  let output = compiled(all);
  if (output.response.error !== "") {
    const allowed = all.filter((rpc) => {
      const { error } = compiled([rpc]).response;
      if (error !== "") refused.set(rpc, error.trim().replace(/\n.*/s, ""));
      return error === "";
    });
    output = compiled(allowed);
  }
  if (output.response.error !== "") throw new Error(output.response.error);
  const files = Object.fromEntries(output.response.file.map(({ name, content }) => [name, withoutRun(content)]));
  return { made: output.made, files: { ...messagesOf(output.made), ...files } };
}
/** Tests of faults return their parameters, and run nothing. */
const withoutRun = (text: string): string =>
  text.includes("runFaultTest")
    ? `${text.replace("import { runFaultTest, ", "import { ")}\nconst runFaultTest = (...test: unknown[]) => test;\n`
    : text;

const fieldsOf = (options: MethodOptions | undefined): string =>
  (options && getExtension(options, methodOption).fields) ?? "";

/** Returns the BFF's unary rpcs that have no mask, and whose requests can receive one. */
function rpcsOf(request: CodeGeneratorRequest): string[] {
  const files = request.protoFile.filter(({ name }) => request.fileToGenerate.includes(name));
  const messages = new Set(files.flatMap((file) => file.messageType.map(({ name }) => `.${file.package}.${name}`)));
  return files.flatMap((file) =>
    file.service.filter(isBff).flatMap(({ name: service, method }) =>
      method
        .filter(({ clientStreaming, serverStreaming }) => !clientStreaming && !serverStreaming)
        .filter(({ inputType, options }) => messages.has(inputType) && fieldsOf(options) === "")
        .map(({ name }) => `${file.package}.${service}/${name}`),
    ),
  );
}

const isBff = ({ options }: ServiceDescriptorProto): boolean =>
  options !== undefined && hasExtension(options, serviceOption);

function withMasks(request: CodeGeneratorRequest, rpcs: ReadonlySet<string>): CodeGeneratorRequest {
  const inputs = new Set<string>();
  const changed = request.protoFile.map((original) => {
    const file = clone(FileDescriptorProtoSchema, original);
    for (const { name: service, method } of file.service)
      for (const rpc of method.filter(({ name }) => rpcs.has(`${file.package}.${service}/${name}`))) {
        rpc.options ??= create(MethodOptionsSchema);
        const rule = getExtension(rpc.options, methodOption);
        setExtension(rpc.options, methodOption, { ...rule, fields: `args.${FIELD}` });
        inputs.add(rpc.inputType);
      }
    return file;
  });
  for (const file of changed) {
    const requests = file.messageType.filter(({ name }) => inputs.has(`.${file.package}.${name}`));
    for (const { field } of requests) field.push(create(FieldDescriptorProtoSchema, MASK));
    if (requests.length > 0 && !file.dependency.includes(MASK_FILE.name)) file.dependency.push(MASK_FILE.name);
  }
  const known = changed.some(({ name }) => name === MASK_FILE.name);
  const protoFile = known ? changed : [MASK_FILE, ...changed];
  const sourceFileDescriptors = protoFile.filter(({ name }) => request.fileToGenerate.includes(name));
  return create(CodeGeneratorRequestSchema, { ...request, protoFile, sourceFileDescriptors });
}
const MASK_FILE = file_google_protobuf_field_mask.proto;
const FIELD = "client_mask";
const MASK = {
  name: FIELD,
  jsonName: "clientMask",
  number: 900,
  type: FieldDescriptorProto_Type.MESSAGE,
  label: FieldDescriptorProto_Label.OPTIONAL,
  typeName: ".google.protobuf.FieldMask",
};
