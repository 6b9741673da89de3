import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { Registry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { Compression } from "@connectrpc/connect/protocol";
import { GetQuery } from "@protobff/runtime/internal/routes/get-query";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import { frame, PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import type { Carrier } from "../carrier/carrier.ts";
import { Http1Out, type StreamOut } from "../carrier/stream-out.ts";
import { attachRequest, OpenCalls } from "../fast/call-path.ts";
import { binaryOf, jsonOf } from "../fast/encodings.ts";
import type { FastCall, FastHead } from "../fast/fast-call.ts";
import type { FastPathOptions } from "../fast/fast-path.ts";
import { RequestHeads } from "../fast/request-heads.ts";
import { SHOWN } from "../headers/security-headers.ts";
import type { Shedding } from "../overload/shedding.ts";
import { EVENT_NAMES, EventCall, eventStream } from "./event-stream.ts";
import { FramedStreamCall } from "./framed-stream-call.ts";
import type { StreamAccounts } from "./stream-accounts.ts";
import type { StreamRpc } from "./stream-call.ts";
import { connectStream, GRPC, GRPC_WEB, type StreamProtocol } from "./stream-protocols.ts";

/** The parts of a stream endpoint that a server needs. */
export type StreamListenable = Pick<StreamEndpoint, "method" | "codec" | "maxElements" | "hosts" | "version"> &
  Pick<StreamEndpoint, "behind" | "share"> &
  Pick<StreamEndpoint, "headerNames" | "heartbeatMs" | "authenticate" | "refused" | "traffic" | "keeps" | "follow"> &
  Pick<StreamEndpoint, "route">;

interface StreamPathOptions extends FastPathOptions {
  /** Count the streams. */
  readonly accounts: StreamAccounts;
}

interface Served {
  readonly json: StreamRpc;
  readonly binary: StreamRpc;
  /** RPCs of server-sent events, by the encoding of the message in the request. */
  readonly events: { readonly json: StreamRpc; readonly proto: StreamRpc };
  readonly sideEffects: boolean;
  /** Headers of every answer; undefined: none. */
  readonly version: readonly string[] | undefined;
}
interface Kind {
  readonly protocol: StreamProtocol;
  readonly format: "json" | "binary";
}
type From = Pick<FastHead, "headers" | "raw" | "carrier">;

const BY_NAME: ReadonlyMap<unknown, Compression> = new Map(
  COMPRESSIONS.map((compression) => [compression.name, compression]),
);

/** Content types of requests for one message. */
const UNARY_TYPE = /^application\/(?:json|proto)(?:;|$)/;

/**
 * Serves RPCs that answer with a stream, without the objects and generators that Connect's adapter makes for each
 * message. It takes ordinary requests and leaves all others to the adapter.
 */
export class StreamPath extends OpenCalls {
  readonly #served = new Map<unknown, Served>();
  readonly #kinds: ReadonlyMap<unknown, Kind>;
  readonly #heads: RequestHeads;
  readonly #shedding: Shedding | undefined;
  readonly #eventProtocol: StreamProtocol;

  constructor(endpoints: readonly Omit<StreamListenable, "route">[], options: StreamPathOptions) {
    super();
    const { maxBytes, maxElements, masks, registry, pending, peers, fault, accounts } = options;
    this.#heads = new RequestHeads(options);
    this.#shedding = options.shedding;
    this.#kinds = kindsOf(registry);
    this.#eventProtocol = eventStream(registry);
    for (const endpoint of endpoints) {
      const { method, authenticate, refused, heartbeatMs, version } = endpoint;
      const follow: StreamRpc["follow"] = (...parameters) => endpoint.follow(...parameters);
      const name = `${method.parent.typeName}/${method.name}`;
      const path = `/${name}`;
      const followers = accounts.at(path);
      const all = {
        follow,
        authenticate,
        refused,
        traffic: endpoint.traffic,
        heartbeatMs,
        maxBytes,
        pending,
        peers,
        fault,
        followers,
        shed: options.shedding?.of(name),
        open: this.open,
      };
      const bounds = { maxElements: endpoint.maxElements ?? maxElements, masks };
      const json = jsonOf(method, bounds, registry);
      const binary = binaryOf(endpoint, bounds);
      this.#served.set(path, {
        json: {
          ...all,
          ...json,
          prefix: PREFIX_BYTES,
          serialize: (message, leftOut) => frame(json.serialize(message, leftOut)),
        },
        binary: { ...all, ...binary },
        events: { json: { ...all, ...json }, proto: { ...all, ...json, parse: binary.parse } },
        sideEffects: method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
        version: version?.headers,
      });
    }
  }

  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
    const from = { headers, raw, carrier: stream };
    const authority = headers[":authority"] ?? headers.host;
    const out = (): StreamOut => stream;
    const call = this.#callOf(headers[":method"], headers[":path"], from, authority, out);
    if (call === undefined) return false;
    stream.listen(call);
    call.count();
    return true;
  }
  request(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    const { headers } = request;
    const type = headers["content-type"] ?? "";
    if (type.startsWith("application/grpc") && !type.startsWith("application/grpc-web")) return false;
    const from = { headers, raw: request.rawHeaders, carrier: request };
    const out = (): StreamOut => new Http1Out(response);
    const call = this.#callOf(request.method, request.url, from, headers.host, out);
    if (call === undefined) return false;
    attachRequest(call, request, response);
    return true;
  }
  #callOf(
    method: string | undefined,
    target: string | undefined,
    from: From,
    authority: unknown,
    out: () => StreamOut,
  ): FastCall | undefined {
    if (method === "POST") {
      const rpc = this.#served.get(target);
      if (rpc === undefined || !UNARY_TYPE.test(from.headers["content-type"] ?? ""))
        return this.#call(rpc, from, authority, out);
      return this.#events(rpc, undefined, from, authority, out);
    }
    if (method !== "GET" || target === undefined) return undefined;
    const mark = target.indexOf("?");
    const served = this.#served.get(mark < 0 ? target : target.slice(0, mark));
    if (served === undefined) return undefined;
    return this.#events(served, new GetQuery(target), from, authority, out);
  }
  /** @param query undefined: the request is one for a single message */
  #events(
    served: Served,
    query: GetQuery | undefined,
    from: From,
    authority: unknown,
    out: () => StreamOut,
  ): EventCall | undefined {
    const head = this.#heads.of(EVENT_NAMES, from, [...SHOWN, ...(served.version ?? [])], authority);
    if (head === undefined) return undefined;
    const rpc = served.events[query?.get("encoding") === "proto" ? "proto" : "json"];
    const request = { query: query ?? new GetQuery(""), sideEffects: served.sideEffects, isUnary: query === undefined };
    const call = new EventCall(rpc, head, this.#eventProtocol, out(), request);
    if (!this.#sheds(call, rpc, from)) call.check();
    return call;
  }
  #call(served: Served | undefined, from: From, authority: unknown, out: () => StreamOut): FastCall | undefined {
    const kind = this.#kinds.get(from.headers["content-type"]);
    if (served === undefined || kind === undefined) return undefined;
    const { protocol, format } = kind;
    const encoding = protocol.encoding === undefined ? undefined : from.headers[protocol.encoding];
    const compression = BY_NAME.get(encoding);
    if (encoding !== undefined && encoding !== "identity" && compression === undefined) return undefined;
    const head = this.#heads.of(protocol.names, from, served.version, authority);
    if (head === undefined) return undefined;
    const rpc = served[format];
    const call = new FramedStreamCall(rpc, head, protocol, out(), compression);
    this.#sheds(call, rpc, from);
    return call;
  }
  /** Refuses a call under overload. Returns false if it is admitted. */
  #sheds(call: FastCall, { shed }: StreamRpc, { carrier }: From): boolean {
    const refusal = this.#shedding?.refusal(shed, "listen" in carrier ? carrier.session : undefined);
    if (refusal !== undefined) call.reject(refusal);
    return refusal !== undefined;
  }

  /** @param name `package.Service/Method` @returns it with messages in JSON */
  rpcOf(name: string): StreamRpc | undefined {
    return this.#served.get(`/${name}`)?.events.json;
  }
}

/** Protocols by content type. The adapter handles all other content types that match Connect's patterns. */
function kindsOf(registry: Registry): ReadonlyMap<unknown, Kind> {
  const binary = (protocol: StreamProtocol): Kind => ({ protocol, format: "binary" });
  return new Map<unknown, Kind>([
    ["application/grpc", binary(GRPC)],
    ["application/grpc+proto", binary(GRPC)],
    ["application/grpc-web", binary(GRPC_WEB)],
    ["application/grpc-web+proto", binary(GRPC_WEB)],
    ["application/connect+proto", binary(connectStream("proto", registry))],
    ["application/connect+json", { protocol: connectStream("json", registry), format: "json" }],
  ]);
}
