import type * as http from "node:http";
import type { Registry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate } from "@connectrpc/connect/protocol";
import { parseTimeout } from "@connectrpc/connect/protocol-connect";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { written } from "@protobff/runtime/internal/endpoint/leave-out";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import type { Carrier } from "../carrier/carrier.ts";
import { CallPath } from "../fast/call-path.ts";
import type { FastHead } from "../fast/fast-call.ts";
import type { FastPathOptions } from "../fast/fast-path.ts";
import type { FastRpc } from "../fast/unary-call.ts";
import { memoized } from "../headers/memo.ts";
import { malformed, nearestDeadline, REQUEST_DEADLINE } from "../headers/request-deadline.ts";
import { SHOWN } from "../headers/security-headers.ts";
import { isKnownMethod } from "../requests/known-methods.ts";
import { tooLarge } from "../requests/request-body.ts";
import { partsOf, type RestMatch, RestMatcher, type RestPathParts } from "../transcoding/matcher.ts";
import { HttpError } from "../transcoding/status.ts";
import { transcoder } from "../transcoding/transcoder.ts";
import { RestCall, type RestEncodings, type RestRequest, type RestRoute } from "./rest-call.ts";

interface RestPathOptions extends FastPathOptions {
  /** Reserved paths, which take precedence over rules. */
  readonly reserved: ReadonlySet<string>;
}

/** The parts of an endpoint that `RestPath` needs. */
export type RestEndpoint = Pick<Endpoint, "method" | "maxElements" | "rest" | "http" | "version" | "headerNames"> &
  Partial<Pick<Endpoint, "run" | "authenticate" | "refused" | "traffic">>;

type From = Pick<FastHead, "headers" | "raw" | "carrier">;

/** Serves the paths that RPCs have by google.api.http. Requests for paths without a rule are left to other handlers. */
export class RestPath extends CallPath {
  readonly #matcher = new RestMatcher<RestRoute>();
  readonly #options: RestPathOptions;
  readonly #registry: Registry;
  /** The templates of all rules. */
  readonly paths: readonly string[];
  /** Counters of requests for a path that has rules, but none for their method. */
  readonly #none: FastRpc;

  /** @throws TypeError for two rules with one path, or a rule with unknown fields */
  constructor(endpoints: readonly RestEndpoint[], options: RestPathOptions) {
    super();
    this.#options = options;
    this.#registry = options.registry;
    const { maxBytes, pending, peers, fault, registry, masks } = options;
    const all = { peers, maxBytes, pending, fault, open: this.open, prefix: 0, parse: unread };
    const none = { authenticate: undefined, refused: undefined, traffic: undefined };
    this.#none = { ...all, ...none, run: unread, serialize: unread };
    const paths: string[] = [];
    for (const endpoint of endpoints) {
      const { method, run, authenticate, refused, traffic, rest = [], version, http: caching, maxElements } = endpoint;
      if (run === undefined) continue;
      for (const rule of rest) {
        paths.push(`/${rule.segments.join("/")}${rule.verb === undefined ? "" : `:${rule.verb}`}`);
        const bounds = { maxElements: maxElements ?? options.maxElements, masks };
        const made = transcoder(method, rule, { bounds, registry });
        const type = { desc: method.output, registry, write: made.write };
        const rpc: FastRpc = {
          ...all,
          run,
          authenticate,
          refused,
          traffic,
          serialize: (message, leftOut) => written(type, made.shown(message), leftOut),
        };
        const body = rule.body !== undefined;
        const shed = options.shedding?.of(`${method.parent.typeName}/${method.name}`);
        this.#matcher.add(rule, { rpc, transcoder: made, body, version: version?.headers, caching, shed });
      }
    }
    this.paths = paths;
  }

  /** True if a rule has this path, whatever its method. */
  has(path: string): boolean {
    const parts = partsOf(path);
    return parts !== undefined && this.#matcher.methods(parts).length > 0;
  }

  protected call(method: string, target: string, from: From, out: Carrier | http.ServerResponse): RestCall | undefined {
    const mark = target.indexOf("?");
    const path = mark < 0 ? target : target.slice(0, mark);
    const parts = partsOf(path);
    if (parts === undefined) return undefined;
    const match = this.#matcher.match(method, parts);
    if (match === undefined) return this.#elsewhere(method, path, parts, from, out);
    if (this.#options.reserved.has(path)) return undefined;
    const query = mark < 0 ? "" : target.slice(mark + 1);
    const reads = method === "GET" || method === "HEAD" ? method : undefined;
    return this.#serve(match, parts, { query, reads }, from, out);
  }

  #serve(
    match: RestMatch<RestRoute>,
    parts: RestPathParts,
    more: { readonly query: string; readonly reads: RestRequest["reads"] },
    from: From,
    out: Carrier | http.ServerResponse,
  ): RestCall {
    const { value: route } = match;
    const encodings = encodingsOf(from.headers);
    const timeout = timeoutOf(from.headers);
    const extra = [
      ...this.#options.httpHeaders(from.headers.origin),
      ...(more.reads === undefined ? NOTHING : SHOWN),
      ...(route.version ?? NOTHING),
    ];
    const head: FastHead = {
      ...from,
      clientMs: timeout.ms,
      compression: null,
      extra,
      requestId: this.#options.ids?.of(from.headers),
    };
    const request = { route, match, ...more, encodings: encodings.found };
    const call = new RestCall(route.rpc, head, out, { request, registry: this.#registry });
    const wrong = this.#wrongLength(from.headers) ?? faultOf(parts) ?? timeout.wrong ?? encodings.wrong;
    const connection = "listen" in from.carrier ? from.carrier.session : undefined;
    const refusal = this.#options.shedding?.refusal(route.shed, connection) ?? wrong;
    if (refusal !== undefined) call.reject(refusal);
    return call;
  }
  #wrongLength(headers: http.IncomingHttpHeaders): ConnectError | undefined {
    const { maxBytes } = this.#options;
    return Number.parseInt(headers["content-length"] ?? "0", 10) > maxBytes ? tooLarge(maxBytes) : undefined;
  }

  /** A path that has rules for other methods; preflights are answered as those of all paths. */
  #elsewhere(
    method: string,
    path: string,
    parts: RestPathParts,
    from: From,
    out: Carrier | http.ServerResponse,
  ): RestCall | undefined {
    if (method === "OPTIONS" && from.headers["access-control-request-method"] !== undefined) return undefined;
    if (!isKnownMethod(method)) return undefined;
    const methods = this.#matcher.methods(parts);
    if (methods.length === 0 || this.#options.reserved.has(path)) return undefined;
    const allow = methods.includes("GET") ? [...new Set([...methods, "HEAD"])] : methods;
    const extra = this.#options.httpHeaders(from.headers.origin);
    const head: FastHead = {
      ...from,
      clientMs: undefined,
      compression: null,
      extra,
      requestId: this.#options.ids?.of(from.headers),
    };
    const call = new RestCall(this.#none, head, out, { request: undefined, registry: this.#registry });
    const headers = {
      allow: allow.join(", "),
      ...((method === "GET" || method === "HEAD") && { "cache-control": "no-store" }),
    };
    call.reject(new HttpError(405, `this path takes ${allow.join(" and ")}`, Code.Unimplemented, headers));
    return call;
  }
}

function unread(): never {
  throw new Error("nothing is read of a request that is refused");
}

const faultOf = ({ fault }: RestPathParts): ConnectError | undefined =>
  fault === undefined ? undefined : new ConnectError(fault, Code.InvalidArgument);

const NOTHING: readonly string[] = [];

interface Timeout {
  readonly ms: number | undefined;
  readonly wrong?: ConnectError;
}
/** Returns the nearest of the two headers' deadlines. */
function timeoutOf({ "connect-timeout-ms": timeout, [REQUEST_DEADLINE]: until }: http.IncomingHttpHeaders): Timeout {
  let ms: number | undefined;
  if (timeout !== undefined) {
    const { error, timeoutMs } = parseTimeout(String(timeout).slice(0, MAX_VALUE_CHARACTERS), Number.MAX_SAFE_INTEGER);
    if (error !== undefined) return { ms, wrong: error };
    ms = timeoutMs;
  }
  if (until === undefined) return { ms };
  const nearest = nearestDeadline(ms, until);
  return nearest === "malformed" ? { ms, wrong: malformed(String(until)) } : { ms: nearest };
}
/** More than any value that has a meaning. */
const MAX_VALUE_CHARACTERS = 100;
const ENCODINGS = new Map<string, Compression | null>();
const negotiated = (accepted: string): Compression | null =>
  memoized(ENCODINGS, accepted, () => compressionNegotiate(COMPRESSIONS, null, accepted, "").response);

function encodingsOf(headers: http.IncomingHttpHeaders): {
  readonly found: RestEncodings;
  readonly wrong?: ConnectError;
} {
  const accepted = headers["accept-encoding"];
  const answer = typeof accepted === "string" ? negotiated(accepted) : null;
  const sent = headers["content-encoding"];
  if (sent === undefined || sent === "identity") return { found: { request: undefined, answer } };
  const request = COMPRESSIONS.find(({ name }) => name === sent);
  if (request !== undefined) return { found: { request, answer } };
  const names = COMPRESSIONS.map(({ name }) => name).join(", ");
  const wrong = new HttpError(415, `the body is to be encoded with one of ${names}`, Code.InvalidArgument, {
    "accept-encoding": names,
  });
  return { found: { request: undefined, answer }, wrong };
}
