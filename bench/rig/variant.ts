import { create, type DescMethodUnary, type Message, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type Launch, type ServerProcess, startServer } from "./server-process.ts";
import { framed } from "./upstream-data.ts";
import type { UpstreamProcess } from "./upstream-process.ts";

/** A server to measure. */
export interface Variant {
  readonly name: string;
  readonly launch: Launch;
  readonly method: DescMethodUnary;
  /** Returns further variables, from those with the addresses of the upstreams. */
  readonly env?: (addresses: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** Versions of what is not among the machine's packages. */
  readonly builtOf?: string;
  /** True for requests in JSON by Connect. Default: as the load. */
  readonly json?: boolean;
}

export const PEERS = ["connect-node", "grpc-js", "raw-http2"] as const;
export type Peer = (typeof PEERS)[number];

/** A BFF of ours: the generated server of its package, as it is deployed. */
export function generatedVariant(packageName: string, method: DescMethodUnary, name = "protobff"): Variant {
  return { name, method, launch: { entry: `bench/generated/bench/${packageName}/v1/server.ts` } };
}

/** @param composition a name in bench/peers/compositions.ts */
export function peerVariant(peer: Peer, composition: string, method: DescMethodUnary): Variant {
  return { name: peer, method, launch: { entry: `bench/peers/${peer}/server.ts`, args: [composition] } };
}

export function peerVariants(composition: string, method: DescMethodUnary, peers: readonly Peer[] = PEERS): Variant[] {
  return peers.map((peer) => peerVariant(peer, composition, method));
}

/** Starts the variant's server over these upstreams, hands it to `use` and ends it. */
export async function withServer<Value>(
  { launch, env: further }: Pick<Variant, "name" | "launch" | "env">,
  upstream: UpstreamProcess,
  use: (server: ServerProcess) => Promise<Value>,
  env: Readonly<Record<string, string>> = {},
): Promise<Value> {
  const server = await startServer({
    ...launch,
    env: { ...upstream.env, ...further?.(upstream.env), ...env, ...launch.env },
  });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** Headers of every request: the forwarded ones, and one without a reader. */
export const CALLER_HEADERS = {
  authorization: `Bearer ${"a".repeat(200)}`,
  "x-request-id": "0123456789abcdef0123456789abcdef",
  "x-user-id": "u-ada",
};

/** One request as it is sent again and again. */
export interface Prepared {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** By gRPC, with a deadline. */
export function grpcRequest(
  { method }: Pick<Variant, "method">,
  { url }: Pick<ServerProcess, "url">,
  message: Message,
  deadlineMs = 5_000,
): Prepared {
  const headers = { "content-type": "application/grpc", te: "trailers", "grpc-timeout": `${deadlineMs}m` };
  return {
    origin: url,
    path: pathOf(method),
    headers: { ...headers, ...CALLER_HEADERS },
    body: framed(toBinary(method.input, message)),
  };
}

/** By Connect with JSON, with a deadline. */
export function jsonRequest(
  { method }: Pick<Variant, "method">,
  { url }: Pick<ServerProcess, "url">,
  message: Message,
  deadlineMs = 5_000,
): Prepared {
  const headers = { "connect-protocol-version": "1", "connect-timeout-ms": `${deadlineMs}` };
  return {
    origin: url,
    path: pathOf(method),
    headers: { "content-type": "application/json", ...headers, ...CALLER_HEADERS },
    body: Buffer.from(toJsonString(method.input, message)),
  };
}

function pathOf(method: DescMethodUnary): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Returns the request of most scenarios. */
export function forUser({ input }: DescMethodUnary): Message {
  return create(input, { userId: "user-0123456789" });
}
