import type * as http from "node:http";
import type * as http2 from "node:http2";
import type { Registry } from "@bufbuild/protobuf";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Carrier } from "../carrier/carrier.ts";
import { MeasuredRequest } from "../overload/measured-request.ts";
import type { Shedding, ShedRpc } from "../overload/shedding.ts";
import type { Peers } from "../requests/peers.ts";
import type { PendingBytes } from "../requests/pending-bytes.ts";
import { attachRequest, OpenCalls } from "./call-path.ts";
import { binaryOf, jsonOf } from "./encodings.ts";
import type { FastHead } from "./fast-call.ts";
import { type ConnectEncoding, FastConnectCall } from "./fast-connect.ts";
import { FastGrpcCall } from "./fast-grpc.ts";
import { type HeadNames, RequestHeads, type RequestHeadsOptions } from "./request-heads.ts";
import type { FastRpc, UnaryCall } from "./unary-call.ts";

export interface FastPathOptions extends RequestHeadsOptions {
  /** Larger messages fail with RESOURCE_EXHAUSTED, in bytes. */
  readonly maxBytes: number;
  /** Maximum number of elements of a request whose RPC declares none. */
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
  /** Types that a google.protobuf.Any may contain in JSON. */
  readonly registry: Registry;
  /** Account of the bytes of bodies. */
  readonly pending: PendingBytes;
  readonly peers: Peers;
  readonly fault: ServerFault;
  /** Refuses requests under overload. Undefined: none is refused. */
  readonly shedding?: Shedding | undefined;
}

interface Served {
  readonly json: FastRpc;
  readonly binary: FastRpc;
  /** Headers of every answer; undefined: none. */
  readonly version: readonly string[] | undefined;
  /** Undefined: its requests are never refused under overload. */
  readonly shed: ShedRpc | undefined;
}

type Kind = "grpc" | "proto" | "json";
/** The adapter handles all other content types that match Connect's patterns. */
const KINDS: ReadonlyMap<unknown, Kind> = new Map<string, Kind>([
  ["application/grpc", "grpc"],
  ["application/grpc+proto", "grpc"],
  ["application/proto", "proto"],
  ["application/json", "json"],
]);
const GRPC: HeadNames = { isGrpc: true, timeout: "grpc-timeout", accepted: "grpc-accept-encoding" };
const CONNECT: HeadNames = { isGrpc: false, timeout: "connect-timeout-ms", accepted: "accept-encoding" };

/**
 * Serves unary calls without the objects that Connect's adapter makes for each. It accepts ordinary requests. The
 * adapter receives all others, including those with headers to refuse, so that only one place checks headers.
 */
export class FastPath extends OpenCalls {
  readonly #served = new Map<unknown, Served>();
  readonly #maxBytes: number;
  readonly #heads: RequestHeads;
  readonly #shedding: Shedding | undefined;
  readonly #connectJson: ConnectEncoding;
  readonly #connectProto: ConnectEncoding;

  constructor(
    endpoints: readonly (Pick<Endpoint, "method" | "codec" | "maxElements" | "version"> &
      Partial<Pick<Endpoint, "run" | "authenticate" | "refused" | "traffic">>)[],
    options: FastPathOptions,
  ) {
    super();
    const { maxBytes, maxElements, masks, registry, pending, peers, fault } = options;
    this.#heads = new RequestHeads(options);
    this.#shedding = options.shedding;
    this.#maxBytes = maxBytes;
    const jsonOptions = { registry };
    this.#connectJson = { contentType: "application/json", jsonOptions };
    this.#connectProto = { contentType: "application/proto", jsonOptions };
    for (const endpoint of endpoints) {
      const { method, run, authenticate, refused, traffic } = endpoint;
      if (run === undefined) continue;
      const all = { run, authenticate, refused, traffic, maxBytes, pending, peers, fault, open: this.open };
      const bounds = { maxElements: endpoint.maxElements ?? maxElements, masks };
      const name = `${method.parent.typeName}/${method.name}`;
      this.#served.set(`/${name}`, {
        json: { ...all, ...jsonOf(method, bounds, registry) },
        binary: { ...all, ...binaryOf(endpoint, bounds) },
        version: endpoint.version?.headers,
        shed: options.shedding?.of(name),
      });
    }
  }

  stream(stream: Carrier, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
    if (headers[":method"] !== "POST") return false;
    const served = this.#served.get(headers[":path"]);
    const kind = KINDS.get(headers["content-type"]);
    if (served === undefined || kind === undefined) return false;
    const from = { headers, raw, carrier: stream };
    const head = this.#head(kind, served, from, headers[":authority"] ?? headers.host);
    if (head === undefined) return false;
    const call =
      kind === "grpc"
        ? new FastGrpcCall(served.binary, head, stream)
        : new FastConnectCall(served[kind === "json" ? "json" : "binary"], head, this.#encoding(kind), stream);
    this.#shed(served, call, stream.session);
    stream.listen(call);
    call.count();
    return true;
  }

  request(request: http.IncomingMessage, response: http.ServerResponse): boolean {
    if (request.method !== "POST") return false;
    const { headers } = request;
    const served = this.#served.get(request.url);
    const kind = KINDS.get(headers["content-type"]);
    if (served === undefined || kind === undefined || kind === "grpc") return false;
    const from = { headers, raw: request.rawHeaders, carrier: request };
    const head = this.#head(kind, served, from, headers.host);
    if (head === undefined) return false;
    const rpc = served[kind === "json" ? "json" : "binary"];
    const call = new FastConnectCall(rpc, head, this.#encoding(kind), response);
    this.#shed(served, call, undefined);
    attachRequest(call, request, response);
    return true;
  }
  #shed({ shed }: Served, call: UnaryCall, connection: object | undefined): void {
    const shedding = this.#shedding;
    if (shedding === undefined || shed === undefined) return;
    const refusal = shedding.refusal(shed, connection);
    if (refusal === undefined) call.measured = new MeasuredRequest(shedding, shed);
    else call.reject(refusal);
  }

  /** Returns undefined if the adapter must handle the request. */
  #head(
    kind: Kind,
    { version }: Served,
    from: Pick<FastHead, "headers" | "raw" | "carrier">,
    authority: unknown,
  ): FastHead | undefined {
    const { headers } = from;
    const isGrpc = kind === "grpc";
    const encoding = isGrpc ? headers["grpc-encoding"] : headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") return undefined;
    if (!isGrpc && Number.parseInt(headers["content-length"] ?? "0", 10) > this.#maxBytes) return undefined;
    return this.#heads.of(isGrpc ? GRPC : CONNECT, from, version, authority);
  }
  #encoding(kind: Kind): ConnectEncoding {
    return kind === "json" ? this.#connectJson : this.#connectProto;
  }
}
