// Protocol between buf and its plugins: pluginrpc, protocol 1 (github.com/pluginrpc/pluginrpc). An rpc is a run of the
// plugin, its request is standard input and its response standard output.
import {
  create,
  createRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import { readJson } from "@protobff/runtime/internal/json/read-json";
import { jsonWriter } from "@protobff/runtime/internal/json/write-json";
import { Code, ProcedureSchema, RequestSchema, ResponseSchema, SpecSchema } from "../gen/pluginrpc/v1/pluginrpc_pb.ts";

/** An rpc: its path, its messages and its implementation. */
export interface Procedure {
  /** Path of the rpc, as in "/package.Service/Method". */
  readonly path: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
  readonly answer: (request: Message) => Message | Promise<Message>;
}

/** Returns a procedure with the types of its messages. */
export function procedure<I extends DescMessage, O extends DescMessage>(
  path: string,
  input: I,
  output: O,
  answer: (request: MessageShape<I>) => MessageShape<O> | Promise<MessageShape<O>>,
): Procedure {
  // `input` has decoded the request, so the request has its shape.
  return { path, input, output, answer: (request) => answer(request as MessageShape<I>) };
}

/** Error of an RPC; the caller receives its code and message. */
export class RpcError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

/** Thrown if the arguments are neither a flag nor a procedure. */
export class UnknownArguments extends Error {}

/**
 * Answers one run.
 *
 * @param args of the command, without the names of Node and of the file
 * @param readInput standard input; it is read for an rpc alone
 * @returns the text for standard output
 */
export async function answer(
  procedures: readonly Procedure[],
  args: readonly string[],
  readInput: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { format, rest } = split(args);
  const codec = CODECS[format]?.(procedures);
  if (codec === undefined) throw new UnknownArguments(`--format is binary or json, not "${format}"`);
  const [command, ...more] = rest;
  if (command === "--protocol" && more.length === 0) return new TextEncoder().encode("1\n");
  if (command === "--spec" && more.length === 0) {
    const paths = procedures.map(({ path }) => create(ProcedureSchema, { path }));
    return codec.write(SpecSchema, create(SpecSchema, { procedures: paths }));
  }
  const called = procedures.find(({ path }) => path === command);
  if (called === undefined || more.length > 0)
    throw new UnknownArguments(
      `"${rest.join(" ")}" is none of --protocol, --spec, ${procedures.map(({ path }) => path).join(", ")}`,
    );
  return codec.write(ResponseSchema, await responseOf(called, codec, await readInput()));
}

async function responseOf({ input, output, answer }: Procedure, codec: Codec, bytes: Uint8Array) {
  try {
    const value = await answer(requestOf(input, codec, bytes));
    return create(ResponseSchema, { value: anyPack(output, value) });
  } catch (thrown) {
    if (!(thrown instanceof RpcError)) throw thrown;
    return create(ResponseSchema, { error: { code: thrown.code, message: thrown.message } });
  }
}

/** Nothing on standard input is an empty request, and so is an envelope with nothing in it. */
function requestOf(input: DescMessage, codec: Codec, bytes: Uint8Array): Message {
  try {
    const { value } = bytes.length === 0 ? create(RequestSchema) : codec.read(RequestSchema, bytes);
    if (value === undefined) return create(input);
    const request = anyUnpack(value, createRegistry(input));
    if (request === undefined) throw new Error(`it holds "${value.typeUrl}", and not ${input.typeName}`);
    return request;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RpcError(Code.INVALID_ARGUMENT, `the request cannot be read: ${reason}`);
  }
}

function split(args: readonly string[]): { readonly format: string; readonly rest: readonly string[] } {
  const at = args.findIndex((arg) => arg === "--format" || arg.startsWith("--format="));
  if (at === -1) return { format: "binary", rest: args };
  const inline = args[at]?.split("=")[1];
  return {
    format: inline ?? args[at + 1] ?? "",
    rest: args.filter((_, i) => i !== at && !(inline === undefined && i === at + 1)),
  };
}

interface Codec {
  read<S extends DescMessage>(schema: S, bytes: Uint8Array): MessageShape<S>;
  write<S extends DescMessage>(schema: S, message: MessageShape<S>): Uint8Array;
}
const CODECS: Readonly<Record<string, (procedures: readonly Procedure[]) => Codec>> = {
  binary: () => ({ read: fromBinary, write: toBinary }),
  json: (procedures) => {
    const registry = createRegistry(...procedures.flatMap(({ input, output }) => [input, output]));
    return {
      read: (schema, bytes) =>
        readJson(schema, new TextDecoder().decode(bytes), { registry, ignoreUnknownFields: true }) as never,
      write: (schema, message) => new TextEncoder().encode(`${jsonWriter(schema, registry)(message)}\n`),
    };
  },
};
