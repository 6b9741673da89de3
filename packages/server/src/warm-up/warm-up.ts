// Warms up a server before it listens. The process calls its own RPCs over sockets, so that V8 has compiled them when
// the first client connects.
import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { FRAME_BYTES } from "@protobff/runtime/internal/http2";
import type { ChargeResult } from "@protobff/runtime/internal/limits/charge-result";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import { sample } from "@protobff/runtime/internal/samples";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { GrpcClient, type Http2 } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { type ListenOptions, listenUnannounced } from "../listen.ts";
import { sendRequests, standIn, type WarmUpRequest } from "./warm-up-peers.ts";

/** Parts of a server that is warmed up. */
export interface WarmUp {
  /** Duration in milliseconds. Requests still open at its end are cut off. */
  readonly forMs: number;
  /** Upstreams by their names. */
  readonly upstreams: Readonly<Record<string, DescService>>;
  readonly http2: Http2;
  readonly http2Server: NonNullable<ListenOptions["http2Server"]>;
  /** True if the server refuses requests under overload. */
  readonly sheds?: boolean;
  /**
   * Creates the RPCs a second time, on clients of these upstreams. They have separate breakers, limits and caches, and
   * no observer.
   */
  readonly create: (
    clients: Readonly<Record<string, UnaryClient>>,
  ) => Promise<readonly (Endpoint | StreamEndpoint)[]> | readonly (Endpoint | StreamEndpoint)[];
}

/** V8 hands a function to its best compiler after 3,000 calls, and again when it has seen more. */
const MOST = 8_000;
/**
 * Number of concurrent requests, one on each connection. More of them would make the heap grow before the first real
 * request.
 */
const AT_ONCE = 4;
/** V8 compiles code for the one object that it has seen, and again for a second one, such as the server's own. */
const ROUNDS = 2;
/** Delay of the event loop that no warm-up has: overload is measured, and no request refused. */
const NO_DELAY_MS = 60_000;

/**
 * Calls every unary RPC in turn, by gRPC, 8,000 times in all or until the time is over. Each of two rounds has a server
 * of these RPCs in this process, over stand-ins that answer with samples. All listen on free ports of 127.0.0.1, and
 * only during the warm-up.
 *
 * @returns the number of answers, of any status
 * @throws errors of the ports and of `create`
 */
export async function warmUp({ forMs, ...warmed }: WarmUp): Promise<number> {
  const from = performance.now();
  let answered = 0;
  for (let round = 1; round <= ROUNDS; round++) answered += await once(warmed, from + (forMs * round) / ROUNDS);
  return answered;
}

async function once(
  { upstreams, http2, http2Server, sheds = false, create }: Omit<WarmUp, "forMs">,
  until: number,
): Promise<number> {
  const ends: (() => Promise<void> | void)[] = [];
  try {
    const upstream = await standIn(answersOf(Object.values(upstreams).flatMap(({ methods }) => methods)));
    ends.unshift(() => upstream.close());
    const clients = Object.fromEntries(
      Object.keys(upstreams).map((name) => {
        const client = new GrpcClient(upstream.url, { http2 });
        ends.unshift(() => client.close());
        return [name, client];
      }),
    );
    const endpoints = await create(clients);
    const unary = endpoints.filter((endpoint): endpoint is Endpoint => "run" in endpoint);
    const requests = requestsOf(unary.map(({ method }) => method));
    if (requests.length === 0) return 0;
    const served = await listenUnannounced(unary, {
      http2Server,
      shedDelayMs: sheds ? NO_DELAY_MS : 0,
      fault: () => {},
    });
    ends.unshift(() => served.close(0));
    return await sendRequests(served.port, requests, { most: MOST / ROUNDS, atOnce: AT_ONCE, until });
  } finally {
    for (const end of ends) await end();
  }
}

/** Replaces the user's functions: each of them, and each of their members, throws when it is called. */
const refusing: object = new Proxy(
  () => {
    throw new Error("is not called while the server warms up");
  },
  { get: () => refusing },
);
export const REFUSING = { resolvers: refusing, functions: refusing };

/** Limits that charge nothing. */
export class NoLimits extends Limits {
  override charge(): ChargeResult {
    return FREE;
  }
}
const FREE: ChargeResult = {
  alone: [],
  refund: () => {},
  charged: () => undefined,
  settle: () => {},
  unsettled: () => {},
};

/**
 * Returns the answers of each unary RPC: a sample, and messages with longer texts and numbers. There are none for other
 * paths.
 */
function answersOf(methods: readonly DescMethod[]): (path: string) => readonly Buffer[] {
  const unary = methods.filter((method): method is DescMethodUnary => method.methodKind === "unary");
  const byPath = new Map(unary.map((method) => [pathOf(method), method]));
  return (path) => {
    const method = byPath.get(path);
    if (method === undefined) return [];
    const { output } = method;
    const messages = [sample(output), ...LONG_CHARACTERS.map((characters) => lengthened(output, characters))];
    return messages.flatMap((message) => framed(output, message));
  };
}
const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

/** Returns no frame for a message that does not fit into one HTTP/2 frame. */
function framed(type: DescMessage, message: Message): Buffer[] {
  const bytes = frame(toBinary(type, message));
  return bytes.length <= FRAME_BYTES ? [bytes] : [];
}

function requestsOf(methods: readonly DescMethodUnary[]): WarmUpRequest[] {
  return methods.flatMap((method) => {
    const { input } = method;
    const messages = [sample(input), lengthened(input, IN_RULES_CHARACTERS)].flatMap((message) =>
      framed(input, message),
    );
    return messages.map((message) => ({ path: pathOf(method), message }));
  });
}

/**
 * Lengths of texts, in characters. Different code reads short texts, texts whose length takes more than one byte, and
 * texts of more than 400, which the engine decodes.
 */
const LONG_CHARACTERS = [200, 500];
/** Longer than what is read byte by byte, and no longer than most rules of requests allow. */
const IN_RULES_CHARACTERS = 32;
const LARGE = 300;

function lengthened(type: DescMessage, characters: number): Message {
  const message = sample(type);
  lengthen(reflect(type, message), characters);
  return message;
}
function lengthen(message: ReflectMessage, characters: number): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === "message") lengthen(message.get(field), characters);
    else if (field.fieldKind === "list" && field.listKind === "message")
      for (const item of message.get(field)) lengthen(item as ReflectMessage, characters);
    else if (field.fieldKind === "scalar") {
      const value = message.get(field);
      if (typeof value === "string") message.set(field, value.padEnd(characters, "."));
      else if (typeof value === "number") message.set(field, LARGE);
      else if (typeof value === "bigint") message.set(field, BigInt(LARGE));
    }
  }
}
