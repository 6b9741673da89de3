// Whole answers of random BFFs, with their calls.
import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import type { TestFollow } from "../../../packages/testing/src/follow.ts";
import type { CallEvent } from "../../../runtime/src/observer-calls.ts";
import { inParts } from "../random/parts.ts";
import { isDegraded } from "./rich/rich-questions.ts";
import type { Generated } from "./rich/rich-run.ts";
import { RichWorld, requestIn } from "./rich/rich-world.ts";

/**
 * Returns a whole answer with its calls. Undefined for any other.
 *
 * @param change of the random request
 */
export async function answerOf(
  { create: createBff, ir }: Generated,
  method: DescMethod,
  seed: string,
  change: { readonly fields?: object; readonly headers?: Readonly<Record<string, string>> } = {},
) {
  const { message, headers } = requestIn(method.input, seed);
  // The parts of an answer have other batches than the whole.
  const world = new RichWorld(seed, true);
  const calls = new Set<string>();
  const keyed = ir.registry.getMessage("up.v1.BatchGetItemsRequest");
  if (keyed === undefined) throw new Error("no batches");
  const call = ({ method: name, message: bytes = new Uint8Array() }: Omit<CallEvent, "call">): void => {
    if (!/(BatchGet|Map)Items$/.test(name)) calls.add(`${name} ${Buffer.from(bytes).toString("base64")}`);
    else {
      // Another step may share the call with other keys.
      const request = fromBinary(keyed, bytes) as Message & {
        readonly ids: readonly string[];
        readonly locale: string;
      };
      for (const id of request.ids) calls.add(`${name} ${request.locale} ${id}`);
    }
  };
  const bff = createBff({ mocks: world.mocks(), observer: { call } });
  world.clock = bff.clock;
  let whole = true;
  const onHeader = (all: Headers): void => {
    whole = !all.has("bff-degraded");
  };
  try {
    const send = bff[method.localName] as (request: object, options: object) => Promise<Message> & TestFollow<Message>;
    const sent = { ...message, ...change.fields };
    const coming = send(sent, { headers: { ...headers, ...change.headers }, onHeader });
    const answers = method.methodKind === "unary" ? [await coming] : await all(coming);
    if (isDegraded(method, answers)) return undefined;
    // Messages of a stream of parts merge as their bytes do.
    const bytes = Buffer.concat(answers.map((answer) => toBinary(method.output, answer)));
    return whole ? { message: reflect(method.output, fromBinary(method.output, bytes)), calls } : undefined;
  } catch (error) {
    if (error instanceof ConnectError) return undefined;
    throw error;
  } finally {
    bff.close();
  }
}

async function all(follow: TestFollow<Message>): Promise<readonly Message[]> {
  const { messages, failed } = await inParts(follow);
  if (failed !== undefined) throw new ConnectError(failed.message, failed.code);
  return messages;
}

/** Returns what is wrong with the calls of a part of an answer: none is new, and side effects are those of the whole. */
export function callsDiffer(part: ReadonlySet<string>, full: ReadonlySet<string>): string | undefined {
  const extra = part.difference(full);
  if (extra.size > 0) return `only a part of the answer needs ${[...extra].join(", ")}`;
  const left = [...full.difference(part)].filter((call) => /\/(Place|Pay|Cancel)Order /.test(call));
  return left.length === 0 ? undefined : `a part of the answer lacks ${left.join(", ")}`;
}

/** Returns a proto without queues of calls: in them, a call that only one of two answers needs delays the others. */
export const withoutQueues = (proto: string): string =>
  proto.replace(/\blimit: \{ concurrent: \d+ queued: \d+ \}/g, "limit: { concurrent: 1000 queued: 0 }");

/** Returns a value as JSON has it, with messages as `message` returns them. */
export function plain(value: unknown, message: (value: ReflectMessage) => object): unknown {
  if (isReflectMessage(value))
    return value.desc.typeName.startsWith("google.protobuf.") ? shownWhole(value) : message(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Symbol.iterator in value) return [...(value as Iterable<unknown>)].map((item) => plain(item, message));
  return value;
}
/** Paths do not enter well-known types. */
const shownWhole = (value: ReflectMessage): string =>
  Buffer.from(toBinary(value.desc, value.message)).toString("base64");
