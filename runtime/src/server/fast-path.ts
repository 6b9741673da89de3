import type * as http from "node:http";
import type * as http2 from "node:http2";
import { type DescMethodUnary, fromBinary, type Registry, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate, createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpc from "@connectrpc/connect/protocol-grpc";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { Endpoint } from "../compose/endpoint-options.ts";
import { type Bounds, checkElements } from "../elements/bounds.ts";
import { frame, PREFIX_BYTES } from "../wire/frame.ts";
import type { CorsHeaders } from "./cors.ts";
import type { ServerFault } from "./failure-log.ts";
import { attachRequest, attachStream, type FastCall, type FastHead, type FastRpc } from "./fast-call.ts";
import { type ConnectEncoding, FastConnectCall } from "./fast-connect.ts";
import { FastGrpcCall } from "./fast-grpc.ts";
import type { Shortcut } from "./listener.ts";
import type { Peers } from "./peers.ts";
import type { PendingBytes } from "./pending-bytes.ts";
import { remembered } from "./remembered.ts";
import { nearestDeadline, REQUEST_DEADLINE } from "./request-deadline.ts";
import type { RequestIds } from "./request-ids.ts";

export interface FastPathOptions {
  /** Larger messages fail with RESOURCE_EXHAUSTED, in bytes. */
  readonly maxBytes: number;
  /** How many elements a request may hold whose rpc does not say. */
  readonly maxElements: number;
  /** As of `countJson`. */
  readonly masks: ReadonlySet<string>;
  /** What a google.protobuf.Any may hold in JSON. */
  readonly registry: Registry;
  /** Of answers by gRPC, which a proxy may have made of what a page has sent. */
  readonly corsHeaders: CorsHeaders;
  /** Of all others. */
  readonly httpHeaders: CorsHeaders;
  /** Where bodies count. */
  readonly pending: PendingBytes;
  readonly peers: Peers;
  readonly fault: ServerFault;
  /** Who gives requests their ids; undefined: nobody. */
  readonly ids?: RequestIds | undefined;
}

interface Served {
  readonly json: FastRpc;
  readonly binary: FastRpc;
  /** Of every answer; undefined: none. */
  readonly version: readonly string[] | undefined;
}

type Kind = "grpc" | "proto" | "json";
/** What else matches Connect's patterns for the header is the adapter's. */
const KINDS: ReadonlyMap<unknown, Kind> = new Map<string, Kind>([
  ["application/grpc", "grpc"],
  ["application/grpc+proto", "grpc"],
  ["application/proto", "proto"],
  ["application/json", "json"],
  ["application/json; charset=utf-8", "json"],
  ["application/json;charset=utf-8", "json"],
]);
const COMPRESSIONS: Compression[] = [compressionGzip, compressionBrotli];
/** Of reading, the limit is kept as the bytes come in. */
const UNLIMITED = { readMaxBytes: 0xffffffff, writeMaxBytes: 0xffffffff };

/**
 * Serves unary calls without the objects that Connect's adapter makes for each. It takes what is ordinary; whatever it would have to
 * refuse by its headers, or does not know, it leaves to the adapter, so that there is one place that judges.
 */
export class FastPath implements Shortcut {
  readonly #served = new Map<unknown, Served>();
  readonly #open: FastCall[] = [];
  readonly #maxBytes: number;
  readonly #ids: RequestIds | undefined;
  readonly #corsHeaders: CorsHeaders;
  readonly #httpHeaders: CorsHeaders;
  readonly #connectJson: ConnectEncoding;
  readonly #connectProto: ConnectEncoding;
  readonly #authorities = new Map<string, boolean>();
  readonly #compressions = new Map<string, Compression | null>();

  constructor(
    endpoints: readonly (Pick<Endpoint, "method" | "codec" | "maxElements" | "version"> &
      Partial<Pick<Endpoint, "run" | "judge" | "refused">>)[],
    { maxBytes, maxElements, masks, registry, corsHeaders, httpHeaders, pending, peers, fault, ids }: FastPathOptions,
  ) {
    this.#ids = ids;
    this.#maxBytes = maxBytes;
    this.#corsHeaders = corsHeaders;
    this.#httpHeaders = httpHeaders;
    const jsonOptions = { registry };
    this.#connectJson = { contentType: "application/json", jsonOptions };
    this.#connectProto = { contentType: "application/proto", jsonOptions };
    for (const endpoint of endpoints) {
      const { method, run, judge, refused } = endpoint;
      if (run === undefined) continue;
      const all = { run, judge, refused, maxBytes, pending, peers, fault, open: this.#open };
      const bounds = { maxElements: endpoint.maxElements ?? maxElements, masks };
      this.#served.set(`/${method.parent.typeName}/${method.name}`, {
        json: { ...all, ...jsonOf(method, bounds, registry) },
        binary: { ...all, ...binaryOf(endpoint, bounds) },
        version: endpoint.version?.headers,
      });
    }
  }

  stream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, raw: readonly string[]): boolean {
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
    attachStream(call, stream);
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
    attachRequest(new FastConnectCall(rpc, head, this.#encoding(kind), response), request, response);
    return true;
  }

  checkArrivals(rounds: number): void {
    for (const call of [...this.#open]) call.checkArrival(rounds);
  }

  /** Answers all calls under way with this. */
  abort(error: ConnectError): void {
    for (const call of [...this.#open]) call.abort(error);
  }

  #encoding(kind: Kind): ConnectEncoding {
    return kind === "json" ? this.#connectJson : this.#connectProto;
  }

  /** Undefined: the adapter is to judge. */
  #head(
    kind: Kind,
    { version }: Served,
    from: Pick<FastHead, "headers" | "raw" | "carrier">,
    authority: unknown,
  ): FastHead | undefined {
    const { headers, raw, carrier } = from;
    if (headers.expect !== undefined || typeof authority !== "string" || !this.#isAuthority(authority))
      return undefined;
    const isGrpc = kind === "grpc";
    const encoding = isGrpc ? headers["grpc-encoding"] : headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") return undefined;
    if (!isGrpc && Number.parseInt(headers["content-length"] ?? "0", 10) > this.#maxBytes) return undefined;
    let clientMs: number | undefined;
    const timeout = isGrpc ? headers["grpc-timeout"] : headers["connect-timeout-ms"];
    if (timeout !== undefined) {
      if (typeof timeout !== "string") return undefined;
      const parsed = (isGrpc ? grpc : connect).parseTimeout(timeout, Number.MAX_SAFE_INTEGER);
      if (parsed.error !== undefined) return undefined;
      clientMs = parsed.timeoutMs;
    }
    const deadline = headers[REQUEST_DEADLINE];
    if (deadline !== undefined) {
      const nearest = nearestDeadline(clientMs, deadline);
      if (nearest === "malformed") return undefined;
      clientMs = nearest;
    }
    const accepted = isGrpc ? headers["grpc-accept-encoding"] : headers["accept-encoding"];
    if (accepted !== undefined && typeof accepted !== "string") return undefined;
    const compression = accepted === undefined ? null : this.#compression(accepted);
    const cors = isGrpc ? this.#corsHeaders(headers.origin) : this.#httpHeaders(headers.origin);
    const extra = version === undefined ? cors : [...cors, ...version];
    return { headers, raw, carrier, clientMs, compression, extra, requestId: this.#ids?.of(headers) };
  }

  #compression(accepted: string): Compression | null {
    return remembered(
      this.#compressions,
      accepted,
      () => compressionNegotiate(COMPRESSIONS, null, accepted, "").response,
    );
  }
  /** The adapter makes a URL of it. */
  #isAuthority(authority: string): boolean {
    return remembered(this.#authorities, authority, () => URL.canParse(`http://${authority}/`));
  }
}

type Encoding = Pick<FastRpc, "parse" | "serialize" | "prefix">;

function jsonOf(method: DescMethodUnary, bounds: Bounds, registry: Registry): Encoding {
  const lookup = createMethodSerializationLookup(method, undefined, { registry }, UNLIMITED);
  const { parse } = lookup.getI(false);
  const { serialize } = lookup.getO(false);
  return {
    parse: (bytes) => {
      checkElements(bytes, method.input, true, bounds);
      return parse(bytes);
    },
    serialize: serialize as FastRpc["serialize"],
    prefix: 0,
  };
}

function binaryOf({ method, codec }: Pick<Endpoint, "method" | "codec">, bounds: Bounds): Encoding {
  const decode = codec?.decode ?? ((bytes) => fromBinary(method.input, bytes));
  const encode = codec?.encode ?? ((message) => frame(toBinary(method.output, message)));
  return {
    parse: (bytes) => {
      checkElements(bytes, method.input, false, bounds);
      try {
        return decode(bytes);
      } catch (thrown) {
        throw new ConnectError(`parse binary: ${textOf(thrown)}`, Code.InvalidArgument); // as connect-go has it
      }
    },
    serialize: (message) => {
      try {
        return encode(message);
      } catch (thrown) {
        throw new ConnectError(`serialize binary: ${textOf(thrown)}`, Code.Internal);
      }
    },
    prefix: PREFIX_BYTES,
  };
}
const textOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
