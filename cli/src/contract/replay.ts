// The examples of a contract, sent to a server that is running.
import type { DescField, DescMethodUnary, Message, Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { compareReply } from "./compare-reply.ts";
import type { Contract } from "./document.ts";
import { type Example, isAmong, isStored, methodOf, parsed, STATUSES } from "./example.ts";

export type Protocol = "grpc" | "connect";

export interface ReplayOptions {
  readonly url: string;
  readonly protocol: Protocol;
  /** Timeout of each call, in milliseconds. */
  readonly timeoutMs: number;
  /** Sent with every call. */
  readonly headers: Headers;
  /** True to send examples of methods that may have side effects, too. */
  readonly writes: boolean;
}

/** One example that was sent, or was not. */
export interface Replayed {
  /** From 1. */
  readonly index: number;
  readonly method: string;
  /** Faults of the response; empty: it is as recorded. */
  readonly faults: readonly string[];
  /** Reason why it was not sent. */
  readonly skipped: string | undefined;
}

/** Maximum size of one response, in bytes (4 MiB). */
const MAX_REPLY_BYTES = 4 << 20;

export function transportTo({ url, protocol }: Pick<ReplayOptions, "url" | "protocol">): Transport {
  const shared = { baseUrl: url, readMaxBytes: MAX_REPLY_BYTES };
  return protocol === "grpc"
    ? createGrpcTransport(shared)
    : createConnectTransport({ ...shared, httpVersion: "1.1", useBinaryFormat: true });
}

/** Sends the examples one after the other, in the recorded order, because some may depend on earlier ones. */
export async function replay(
  contract: Contract,
  registry: Registry,
  transport: Transport,
  options: ReplayOptions,
): Promise<readonly Replayed[]> {
  const done: Replayed[] = [];
  const call = (method: DescMethodUnary, request: Message) =>
    send(method, request, transport, options.timeoutMs, options.headers);
  for (const [i, example] of contract.examples.entries()) {
    const { method: name } = example;
    const base = { index: i + 1, method: name, skipped: undefined };
    const method = methodOf(name, registry);
    const used = contract.methods.get(name);
    if (method === undefined || method.methodKind !== "unary" || used === undefined) {
      done.push({ ...base, faults: [`there is no unary method ${name} that the contract has`] });
      continue;
    }
    const reads = method.idempotency === Level.NO_SIDE_EFFECTS || used.vouchedBy.length > 0;
    if (!reads && !options.writes) {
      done.push({ ...base, faults: [], skipped: "it may have side effects: --replay-writes sends it" });
      continue;
    }
    done.push({
      ...base,
      faults: await replayExample(example, method as DescMethodUnary, contract, registry, call),
    });
  }
  return done;
}

async function replayExample(
  example: Example,
  method: DescMethodUnary,
  contract: Contract,
  registry: Registry,
  call: (method: DescMethodUnary, request: Message) => ReturnType<typeof send>,
): Promise<readonly string[]> {
  const request = parsed(method.input, example.request, registry);
  if (typeof request === "string") return [`its request cannot be made any more: ${request}`];
  const recorded = example.response === undefined ? undefined : parsed(method.output, example.response, registry);
  if (typeof recorded === "string") return [`its recorded answer fits the protos no more: ${recorded}`];
  const answer = await call(method, request);
  if ("status" in answer) return answer.status === example.error ? [] : [otherStatus(answer, example.error)];
  if (recorded === undefined) return [`is answered, and ${example.error} was recorded`];
  const enums = new Map(
    [...contract.elements].flatMap(([name, { facts }]) => (facts.kind === "enum" ? [[name, facts] as const] : [])),
  );
  const isRead = isAmong(contract.methods.get(example.method)?.reads ?? []);
  const reading = {
    reads: (field: DescField) => isRead(field) && isStored(field),
    enums,
    compare: example.compare ?? "values",
  };
  return compareReply(reflect(method.output, recorded), reflect(method.output, answer.message), reading);
}

/** An answer other than OK. */
export interface Failed {
  /** "NOT_FOUND" */
  readonly status: string;
  readonly message: string;
}

/** Returns the status with the server's text, for messages. */
export const shownStatus = ({ status, message }: Failed): string =>
  message === "" ? status : `${status} (${JSON.stringify(message.slice(0, 200))})`;

/** Returns the difference between a failed call and the recorded result, an answer unless it is a status. */
export const otherStatus = (failed: Failed, recorded = "an answer"): string =>
  `is answered ${shownStatus(failed)}, and ${recorded} was recorded`;

/** Sends one request. A server that cannot be reached is UNAVAILABLE, a late one DEADLINE_EXCEEDED. */
export async function send(
  method: DescMethodUnary,
  request: Message,
  transport: Transport,
  timeoutMs: number,
  headers: Headers,
): Promise<{ readonly message: Message; readonly header: Headers } | Failed> {
  try {
    const { message, header } = await transport.unary(method, undefined, timeoutMs, headers, request);
    return { message, header };
  } catch (thrown) {
    const { code, rawMessage } = ConnectError.from(thrown);
    return { status: STATUSES[code] ?? "UNKNOWN", message: rawMessage };
  }
}
