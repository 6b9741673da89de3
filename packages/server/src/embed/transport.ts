// A Connect transport in the process, for servers that render pages.
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { UniversalClientFn } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-connect";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { type BffPeer, peerOf } from "./bff-peer.ts";
import type { MemoryRequests } from "./memory-requests.ts";

/** Options of a transport in the process. */
export interface BffTransportOptions {
  /** Headers of every call, such as `cookie` and `authorization` of the request that is being answered. */
  readonly headers?: ConstructorParameters<typeof Headers>[0] | undefined;
  /** The client of the request that is being answered. Default: it is unknown. */
  readonly peer?: BffPeer | undefined;
}

/** Headers that describe one message or connection, or name the host that received it. */
const OF_MESSAGE =
  /^(?:content-.*|accept|accept-encoding|host|connection|keep-alive|transfer-encoding|te|upgrade|expect|connect-.*|grpc-.*|:.*)$/;

interface TransportParts {
  /** A host of each path that has hosts. A call of the program itself has none that could be wrong. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly maxReplyBytes: number;
  /** False after `close`. */
  readonly isOpen: () => boolean;
}

/** The BFF itself bounds requests. */
const MAX_WRITE_BYTES = 2 ** 32 - 1;
const BASE = "http://bff.internal";

/** Returns a transport whose calls are ordinary requests: deadlines, permits, limits, caches and traces apply. */
export function transportOf(
  requests: MemoryRequests,
  { headers, peer, hosts, maxReplyBytes, isOpen }: BffTransportOptions & TransportParts,
): Transport {
  const extra = headersOf(headers);
  const caller = peerOf(peer);
  const httpClient: UniversalClientFn = async ({ method, url, header, body, signal }) => {
    if (!isOpen()) throw new ConnectError("the BFF is closed", Code.Unavailable);
    const all = new Headers(extra);
    for (const [name, value] of header) all.set(name, value);
    const at = new URL(url);
    at.host = hosts.get(at.pathname) ?? at.host;
    const answer = await requests.answer({
      method,
      url: at,
      target: at.pathname + at.search,
      headers: all,
      body,
      signal,
      peer: caller,
    });
    return { status: answer.status, header: answer.headers, body: answer.body, trailer: new Headers() };
  };
  return createTransport({
    httpClient,
    baseUrl: BASE,
    useBinaryFormat: true,
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: maxReplyBytes,
    writeMaxBytes: MAX_WRITE_BYTES,
  });
}

/** Returns one host of each RPC that some hosts serve alone, by its path. */
export function hostsOf(endpoints: readonly (Endpoint | StreamEndpoint)[]): ReadonlyMap<string, string> {
  const named = endpoints.flatMap(({ method: { parent, name }, hosts: [host] = [] }): [string, string][] =>
    host === undefined ? [] : [[`/${parent.typeName}/${name}`, host.replace("*", "any")]],
  );
  return new Map(named);
}

/**
 * Returns the headers of every call. A page that a browser opens has no `origin`, whichever page had the link: its
 * cookies count for what the program renders. A form or script has one, and the server's rules apply.
 */
function headersOf(page: BffTransportOptions["headers"]): [string, string][] {
  const headers = new Headers(page);
  if (!headers.has("origin")) headers.set("x-csrf", "1");
  return [...headers].filter(([name]) => !OF_MESSAGE.test(name));
}
