import type * as http from "node:http";
import type { Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { AnswerMetadata } from "@protobff/runtime/internal/admission/answer-metadata";
import type { HttpCaching } from "@protobff/runtime/internal/endpoint/http-caching";
import type { Failure } from "@protobff/runtime/internal/failure";
import { cachedAnswer, NO_STORE } from "@protobff/runtime/internal/routes/http-caching";
import { COMPRESS_FROM, decompress } from "@protobff/runtime/internal/wire/compressions";
import type { Carrier } from "../carrier/carrier.ts";
import type { FastHead } from "../fast/fast-call.ts";
import { FastHttpCall } from "../fast/fast-http.ts";
import type { FastRpc } from "../fast/unary-call.ts";
import { completeError } from "../headers/error-details.ts";
import { PROTOCOL } from "../logs/protocol.ts";
import type { ShedRpc } from "../overload/shedding.ts";
import { tooLarge } from "../requests/request-body.ts";
import type { RestMatch } from "../transcoding/matcher.ts";
import { errorAnswer, HttpError, httpStatusOf } from "../transcoding/status.ts";
import type { Transcoder } from "../transcoding/transcoder.ts";

/** One path of an RPC, ready to serve. */
export interface RestRoute {
  readonly rpc: FastRpc;
  readonly transcoder: Transcoder;
  /** True if the rule has a body. */
  readonly body: boolean;
  /** Version headers of every answer. Undefined: none. */
  readonly version: readonly string[] | undefined;
  readonly caching: HttpCaching | undefined;
  /** Undefined: its requests are never refused under overload. */
  readonly shed: ShedRpc | undefined;
}

export interface RestRequest {
  readonly route: RestRoute;
  readonly match: RestMatch<RestRoute>;
  /** Text after the question mark. */
  readonly query: string;
  /** Method, if caches may store its answers. Undefined: another method. */
  readonly reads: "GET" | "HEAD" | undefined;
  readonly encodings: RestEncodings;
}
export interface RestEncodings {
  /** Encoding of the request's body. Undefined: none. */
  readonly request: Compression | undefined;
  /** Encoding of the answer. Null: none. */
  readonly answer: Compression | null;
}

/**
 * Request headers on which the answer depends, besides those of the RPC's policy. The headers of CORS include `origin`.
 */
const VARY: readonly string[] = ["accept-encoding"];

/** A request at a path of google.api.http, over HTTP/1.1 or HTTP/2. */
export class RestCall extends FastHttpCall {
  readonly #request: RestRequest | undefined;
  readonly #registry: Registry;

  /**
   * @param head without compression: an answer's tag is of what is not compressed
   * @param request undefined where no rule is for it, and it is to be rejected
   */
  constructor(
    rpc: FastRpc,
    head: FastHead,
    out: Carrier | http.ServerResponse,
    { request, registry }: { readonly request: RestRequest | undefined; readonly registry: Registry },
  ) {
    super(rpc, head, out);
    this.#request = request;
    this.#registry = registry;
  }

  override get(name: string): string | null {
    return name === PROTOCOL ? "rest" : super.get(name);
  }
  protected override tooLarge(maxBytes: number): ConnectError {
    return tooLarge(maxBytes);
  }

  protected complete(): void {
    const request = this.#request;
    if (request === undefined) return; // rejected
    const body = this.body();
    this.rpc.traffic?.countReceived(body.length);
    const wrong = body.length === 0 ? undefined : wrongBody(request.route, this.head.headers["content-type"]);
    if (wrong !== undefined) this.refuse(wrong);
    else if (body.length === 0 || request.encodings.request === undefined) this.#read(request, body);
    else this.#decompress(request, request.encodings.request, body);
  }
  #decompress(request: RestRequest, compression: Compression, body: Buffer): void {
    const { maxBytes, pending } = this.rpc;
    decompress(this.session ?? this, compression, new Uint8Array(body), { maxBytes, isAwaited: () => !this.over }).then(
      (bytes) => {
        if (this.over || bytes === undefined) return;
        pending.add(this, bytes.length);
        if (!this.over) this.#read(request, bytes);
      },
      (thrown: unknown) => {
        const large = thrown instanceof ConnectError && thrown.code === Code.ResourceExhausted;
        this.refuse(large ? tooLarge(maxBytes) : new ConnectError("the body cannot be decompressed", INVALID));
      },
    );
  }
  #read({ route, match, query }: RestRequest, bytes: Uint8Array): void {
    let args: ReturnType<Transcoder["read"]>;
    try {
      args = route.transcoder.read({ match, query, body: bytes });
    } catch (thrown) {
      this.refuse(ConnectError.from(thrown, Code.Internal));
      return;
    }
    this.run(args);
  }

  protected reply(
    bytes: Uint8Array,
    _compressed: boolean,
    degraded: string,
    headers: readonly string[],
    { trailers, stale = false, cdn }: AnswerMetadata,
  ): void {
    const all = this.#headers(headers, trailers);
    if (degraded !== "") all.push("bff-degraded", degraded);
    if (this.#request?.reads !== undefined) {
      const { caching: policy } = this.#request.route;
      const once = stale || degraded !== "" || headers.includes("set-cookie");
      const ifNoneMatch = this.get("if-none-match");
      const answer = cachedAnswer({ policy, body: bytes, ifNoneMatch, once, vary: VARY, tags: cdn });
      all.push(...answer.headers);
      if (answer.status === 304) {
        this.respond(304, all, undefined);
        return;
      }
    }
    this.#send(200, [...all, "content-type", "application/json"], bytes);
  }
  protected fail(refusal: ConnectError | Failure, headers: readonly string[], trailers: readonly string[]): void {
    const error = completeError(refusal, this.head.requestId);
    const all = this.#headers(headers, trailers);
    error.metadata.forEach((value, name) => {
      all.push(name, value);
    });
    if (this.#request?.reads !== undefined) all.push(...NO_STORE);
    const status = httpStatusOf(error);
    const accept = this.get("accept") ?? undefined;
    const { bytes, headers: described } = errorAnswer(error, { status, accept, registry: this.#registry });
    this.#send(status, [...all, ...described], bytes);
  }
  #headers(headers: readonly string[], trailers: readonly string[]): string[] {
    const all = [...this.head.extra, ...headers];
    for (let i = 0; i + 1 < trailers.length; i += 2) all.push(`trailer-${trailers[i] ?? ""}`, trailers[i + 1] ?? "");
    return all;
  }
  #send(status: number, headers: string[], bytes: Uint8Array): void {
    const compression = this.#request?.encodings.answer ?? null;
    if (compression === null || bytes.length < COMPRESS_FROM) {
      this.#out(status, headers, bytes);
      return;
    }
    this.compress(
      new Uint8Array(bytes),
      compression,
      (compressed) => this.#out(status, [...headers, "content-encoding", compression.name], compressed),
      (thrown) => this.broken(thrown),
    );
  }
  #out(status: number, headers: string[], bytes: Uint8Array): void {
    if (this.#request?.reads !== "HEAD") {
      if (status === 200) this.rpc.traffic?.countSent(bytes.length);
      this.respond(status, headers, bytes);
    } else this.respond(status, [...headers, "content-length", String(bytes.length)], undefined);
  }
}

const INVALID = Code.InvalidArgument;

/** The content type must be JSON, because a page of another origin may send other types without a preflight. */
function wrongBody({ body }: RestRoute, type: string | undefined): ConnectError | undefined {
  if (!body) return new ConnectError("this path takes no body", INVALID);
  if (type === "application/json") return undefined;
  return new HttpError(415, "the body is to be application/json", INVALID, { accept: "application/json" });
}
