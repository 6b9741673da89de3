// Before a server listens: its own rpcs, asked for over sockets of the process' own, so that V8 has compiled them when the first client comes.
import {
  type DescMessage,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { systemClock } from "../clock.ts";
import type { Endpoint } from "../compose/endpoint-options.ts";
import type { Identity } from "../identity/identity.ts";
import { type IncomingHeaders, NOWHERE } from "../identity/incoming.ts";
import type { Judged } from "../identity/judged.ts";
import { type Charged, Limits } from "../limits/limits.ts";
import { TestIdentity } from "../mock/identity.ts";
import { sample } from "../mock/sample/sample.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import { GrpcClient, type Http2 } from "../transport/grpc-client.ts";
import type { UnaryClient } from "../transport/unary-client.ts";
import { frame } from "../wire/frame.ts";
import { type Listenable, type Listening, type ListenOptions, listenUnannounced } from "./listen.ts";

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
/** Requests under way at a time, on one connection. */
const AT_ONCE = 16;
/** What clients mostly send besides. */
const HEADERS = { authorization: `Bearer ${"warm".repeat(16)}`, "x-request-id": "0123456789abcdef0123456789abcdef" };

/**
 * Asks for every unary rpc in turn, by gRPC, 8,000 times in all or until the time is over: a server of these rpcs in this process, whose upstreams are another one, which
 * answers with samples. Both listen on 127.0.0.1, on free ports, and only meanwhile.
 *
 * @returns how many answers there were, whatever they said
 * @throws what the ports throw, and what `create` throws
 */
export async function warmUp({ forMs, upstreams, http2, http2Server, create }: WarmUp): Promise<number> {
  const until = performance.now() + forMs;
  const ends: (() => Promise<void> | void)[] = [];
  const open = async (endpoints: readonly Listenable[]): Promise<Listening> => {
    const listening = await listenUnannounced(endpoints, { http2Server, fault: () => {} });
    ends.unshift(() => listening.close(0));
    return listening;
  };
  const connect = ({ url }: Listening): GrpcClient => {
    const client = new GrpcClient(url, { http2 });
    ends.unshift(() => client.close());
    return client;
  };
  try {
    const standIn = await open([...new Set(Object.values(upstreams))].flatMap(({ methods }) => answering(methods)));
    const clients = Object.fromEntries(Object.keys(upstreams).map((name) => [name, connect(standIn)]));
    const endpoints = await create(clients);
    const unary = endpoints.filter((endpoint): endpoint is Endpoint => "run" in endpoint);
    if (unary.length === 0) return 0;
    const served = await open(unary);
    return await ask(connect(served), unary.map(requestOf), until);
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

/** Whoever calls is the sample of a principal, by the first source; what it signs, nobody else has a key for. */
export class SampleIdentity extends TestIdentity<DescMessage> {
  readonly #principal: Message;

  constructor({ type, sources }: Pick<Identity, "type" | "sources">) {
    super(type, sources);
    this.#principal = sample(type);
    this.tellBy(systemClock);
  }
  override judge(headers: IncomingHeaders): Judged {
    return this.judged(headers, { principal: this.#principal }, NOWHERE);
  }
}

/** Nobody is charged anything. */
export class NoLimits extends Limits {
  override charge(): Charged {
    return FREE;
  }
}
const FREE: Charged = { alone: [], refund: () => {}, settle: () => {}, unsettled: () => {} };

/** All of them answer with a sample, which is encoded once. */
function answering(methods: readonly DescMethod[]): Listenable[] {
  return methods
    .filter((method): method is DescMethodUnary => method.methodKind === "unary")
    .map((method) => {
      let framed: Buffer | undefined;
      const encode = () => {
        framed ??= frame(toBinary(method.output, sample(method.output)));
        return framed;
      };
      return {
        method,
        codec: { decode: () => NOTHING, encode },
        run: (_args, _headers, _clientMs, done) => {
          done(NOTHING, "");
          return { cancel: () => {} };
        },
        route: () => {},
      };
    });
}
const NOTHING: Message = { $typeName: "google.protobuf.Empty" };

interface Asked {
  readonly path: string;
  readonly frame: Buffer;
}
function requestOf({ method: { parent, name, input } }: Endpoint): Asked {
  return { path: `/${parent.typeName}/${name}`, frame: frame(toBinary(input, sample(input))) };
}

function ask(client: GrpcClient, requests: readonly Asked[], until: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let sent = 0;
  let answered = 0;
  const over = setTimeout(() => resolve(answered), until - performance.now());
  const next = (): void => {
    const leftMs = until - performance.now();
    const request = requests[sent % requests.length];
    if (leftMs <= 0 || sent === MOST || request === undefined) return;
    sent++;
    client.send(request.path, request.frame, leftMs, HEADERS, 1, reply);
  };
  const ended = (): void => {
    answered++;
    if (answered === MOST) resolve(answered);
    else next();
  };
  // A fault may come before `send` has returned.
  const reply = { replied: ended, faulted: () => queueMicrotask(ended) };
  for (let i = 0; i < AT_ONCE; i++) next();
  return promise.finally(() => clearTimeout(over));
}
