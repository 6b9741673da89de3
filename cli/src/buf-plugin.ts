// `buf-plugin-bff`: a check plugin of buf. It makes `buf lint`, and every editor with Buf's extension, show protobff's
// diagnostics.
import { create } from "@bufbuild/protobuf";
import { answer, type Procedure, procedure, RpcError, UnknownArguments } from "./check-plugin/rpc.ts";
import { CATEGORIES, RULES } from "./check-plugin/rules.ts";
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
  ListCategoriesRequestSchema,
  ListCategoriesResponseSchema,
  ListRulesRequestSchema,
  ListRulesResponseSchema,
} from "./gen/buf/plugin/check/v1/check_service_pb.ts";
import { Code } from "./gen/pluginrpc/v1/pluginrpc_pb.ts";
import { Refusal } from "./terminal.ts";

/** Process that runs the plugin: buf, or a test. */
interface Caller {
  readonly cwd: string;
  readonly input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): void;
  /** Writes a line for the user, such as the reason for an empty result. */
  error(line: string): void;
}

/**
 * Answers one RPC, or one of the standard flags of plugins. Returns the exit code: 1 for unknown arguments and for a
 * bug of the plugin.
 */
export async function main(args: readonly string[], caller: Caller = ofProcess()): Promise<0 | 1> {
  try {
    caller.write(await answer(proceduresFor(caller), args, () => readAll(caller.input)));
    return 0;
  } catch (thrown) {
    const isUsage = thrown instanceof UnknownArguments;
    if (!isUsage) caller.error("buf-plugin-bff failed because of a bug in it, please report it:");
    const trace = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    caller.error(isUsage ? `buf-plugin-bff is for \`plugins:\` in buf.yaml: ${thrown.message}` : trace);
    return 1;
  }
}

const SERVICE = "/buf.plugin.check.v1.CheckService";

function proceduresFor(caller: Caller): readonly Procedure[] {
  return [
    procedure(`${SERVICE}/Check`, CheckRequestSchema, CheckResponseSchema, (request) => checked(request, caller)),
    // The lists are shorter than any page size that buf may request.
    procedure(`${SERVICE}/ListRules`, ListRulesRequestSchema, ListRulesResponseSchema, () =>
      create(ListRulesResponseSchema, { rules: [...RULES] }),
    ),
    procedure(`${SERVICE}/ListCategories`, ListCategoriesRequestSchema, ListCategoriesResponseSchema, () =>
      create(ListCategoriesResponseSchema, { categories: [...CATEGORIES] }),
    ),
  ];
}

/**
 * Returns no findings if the project does not build: buf reports the reason itself, and other findings may be wrong.
 */
async function checked(request: CheckRequest, caller: Caller): Promise<CheckResponse> {
  const template = templateOf(request);
  const names = request.fileDescriptors.map(({ fileDescriptorProto }) => fileDescriptorProto?.name ?? "");
  if (!names.includes("bff/v1/options.proto")) return create(CheckResponseSchema);
  // The compiler is loaded for that alone.
  const { check } = await import("./check-plugin/check.ts");
  const { checkedProject } = await import("./project/checked-project.ts");
  try {
    return check(request, checkedProject(caller.cwd, template));
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    caller.error(thrown.message);
    return create(CheckResponseSchema);
  }
}

/** The one option: `template`, as of `buf generate`. */
function templateOf({ options }: CheckRequest): string {
  const unknown = options.find(({ key }) => key !== "template");
  if (unknown !== undefined)
    throw new RpcError(Code.INVALID_ARGUMENT, `there is no option "${unknown.key}": template is the only one`);
  const type = options[0]?.value?.type;
  if (type === undefined) return "buf.gen.yaml";
  if (type.case !== "stringValue" || type.value === "")
    throw new RpcError(Code.INVALID_ARGUMENT, `the option "template" must be the name of a file, as in "buf.gen.yaml"`);
  return type.value;
}

const MAX_BYTES = 512 << 20;

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new UnknownArguments(`a request of more than ${MAX_BYTES} bytes is not read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function ofProcess(): Caller {
  return {
    cwd: process.cwd(),
    input: process.stdin,
    write: (bytes) => void process.stdout.write(bytes),
    error: (line) => void process.stderr.write(`${line}\n`),
  };
}
