// Before a server listens: its own rpcs, asked for over sockets of the process' own, so that V8 has compiled them when the first client comes.
import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FRAME_BYTES } from "@protobff/http2/frames";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type ChargeResult, Limits } from "@protobff/runtime/internal/limits/limits";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { GrpcClient, type Http2 } from "@protobff/runtime/internal/transport/grpc/grpc-client";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { sample } from "@protobff/samples/sample.js";
import { type ListenOptions, listenUnannounced } from "../listen.ts";
import { type Asked, ask, standIn } from "./warm-up-peers.ts";

/** What is warmed up. */
export interface WarmUp {
  /** For how long, in milliseconds; what is under way then is cut off. */
  readonly forMs: number;
  /** By their names. */
  readonly upstreams: Readonly<Record<string, DescService>>;
  readonly http2: Http2;
  readonly http2Server: NonNullable<ListenOptions["http2Server"]>;
  /** The rpcs once more, on clients of these upstreams: with breakers, limits and caches of their own, and nobody who is told. */
  readonly create: (
    clients: Readonly<Record<string, UnaryClient>>,
  ) => Promise<readonly (Endpoint | StreamEndpoint)[]> | readonly (Endpoint | StreamEndpoint)[];
}

/** V8 hands a function to its best compiler after 3,000 calls, and again when it has seen more. */
const MOST = 8_000;
/** Requests under way at a time, one on each connection: with more, what is under way makes the heap grow before anybody has asked. */
const AT_ONCE = 4;
/** V8 compiles for the one object that it has seen, and anew when it sees a second: the server's own would be that. */
const ROUNDS = 2;

/**
 * Asks for every unary rpc in turn, by gRPC, 8,000 times in all or until the time is over: a server of these rpcs in this process, over stand-ins
 * that answer with samples, and then another. All listen on 127.0.0.1, on free ports, and only meanwhile.
 *
 * @returns how many answers there were, whatever they said
 * @throws what the ports throw, and what `create` throws
 */
export async function warmUp({ forMs, ...warmed }: WarmUp): Promise<number> {
  const from = performance.now();
  let answered = 0;
  for (let round = 1; round <= ROUNDS; round++) answered += await once(warmed, from + (forMs * round) / ROUNDS);
  return answered;
}

async function once({ upstreams, http2, http2Server, create }: Omit<WarmUp, "forMs">, until: number): Promise<number> {
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
    const asked = requestsOf(unary.map(({ method }) => method));
    if (asked.length === 0) return 0;
    const served = await listenUnannounced(unary, { http2Server, fault: () => {} });
    ends.unshift(() => served.close(0));
    return await ask(served.port, asked, { most: MOST / ROUNDS, atOnce: AT_ONCE, until });
  } finally {
    for (const end of ends) await end();
  }
}

/** In place of the user's functions: each of them, and whatever is asked of them, throws when it is called. */
const refusing: object = new Proxy(
  () => {
    throw new Error("is not called while the server warms up");
  },
  { get: () => refusing },
);
export const REFUSING = { resolvers: refusing, functions: refusing };

/** Nobody is charged anything. */
export class NoLimits extends Limits {
  override charge(): ChargeResult {
    return FREE;
  }
}
const FREE: ChargeResult = { alone: [], refund: () => {}, settle: () => {}, unsettled: () => {} };

/** Of each unary rpc a sample, and others with longer texts and numbers; none for what is no such rpc. */
function answersOf(methods: readonly DescMethod[]): (path: string) => readonly Buffer[] {
  const unary = methods.filter((method): method is DescMethodUnary => method.methodKind === "unary");
  const byPath = new Map(unary.map((method) => [pathOf(method), method]));
  return (path) => {
    const method = byPath.get(path);
    if (method === undefined) return [];
    const { output } = method;
    const messages = [sample(output), ...LONG_CHARACTERS.map((characters) => lengthened(output, characters))];
    return messages.flatMap((one) => framed(output, one));
  };
}
const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

/** None for a message that does not go into one frame of HTTP/2. */
function framed(type: DescMessage, message: Message): Buffer[] {
  const bytes = frame(toBinary(type, message));
  return bytes.length <= FRAME_BYTES ? [bytes] : [];
}

function requestsOf(methods: readonly DescMethodUnary[]): Asked[] {
  return methods.flatMap((method) => {
    const { input } = method;
    const messages = [sample(input), lengthened(input, IN_RULES_CHARACTERS)].flatMap((one) => framed(input, one));
    return messages.map((message) => ({ path: pathOf(method), message }));
  });
}

/** More than one byte tells how long a text is, and how large a number, and texts of more than 400 are looked at by the engine: other code reads each of them. */
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
