import type { IncomingHttpHeaders } from "node:http";
import { type Compression, compressionNegotiate } from "@connectrpc/connect/protocol";
import * as connect from "@connectrpc/connect/protocol-connect";
import { COMPRESSIONS } from "@protobff/runtime/internal/wire/compressions";
import type { CorsHeaders } from "../headers/cors.ts";
import { grpcTimeoutMs } from "../headers/grpc-timeout.ts";
import { memoized } from "../headers/memo.ts";
import { nearestDeadline, REQUEST_DEADLINE } from "../headers/request-deadline.ts";
import type { RequestIds } from "../headers/request-ids.ts";
import type { FastHead } from "./fast-call.ts";

export interface RequestHeadsOptions {
  /** CORS headers of gRPC answers: a proxy may have translated a page's request into gRPC. */
  readonly corsHeaders: CorsHeaders;
  /** CORS headers of all other answers. */
  readonly httpHeaders: CorsHeaders;
  /** Assigns ids to requests; undefined: no ids. */
  readonly ids?: RequestIds | undefined;
}

/** Names of a protocol's headers. */
export interface HeadNames {
  /** True if its answers have no security headers of HTTP. */
  readonly isGrpc: boolean;
  readonly timeout: "grpc-timeout" | "connect-timeout-ms";
  /** Header with the compressions that the client accepts; undefined: answers are not compressed. */
  readonly accepted?: "grpc-accept-encoding" | "accept-encoding" | undefined;
}

/** Reads the headers of requests, as far as they are ordinary. */
export class RequestHeads {
  readonly #options: RequestHeadsOptions;
  readonly #authorities = new Map<string, boolean>();
  readonly #compressions = new Map<string, Compression | null>();

  constructor(options: RequestHeadsOptions) {
    this.#options = options;
  }

  /** @param more headers of every answer; @returns undefined for an unusual request, which the adapter must handle */
  of(
    { isGrpc, timeout, accepted }: HeadNames,
    from: Pick<FastHead, "headers" | "raw" | "carrier">,
    more: readonly string[] | undefined,
    authority: unknown,
  ): FastHead | undefined {
    const { headers, raw, carrier } = from;
    if (headers.expect !== undefined || typeof authority !== "string" || !this.#isAuthority(authority))
      return undefined;
    const clientMs = clientMsOf(headers, timeout);
    if (clientMs === "malformed") return undefined;
    const accepts = accepted === undefined ? undefined : headers[accepted];
    if (accepts !== undefined && typeof accepts !== "string") return undefined;
    const compression = accepts === undefined ? null : this.#compression(accepts);
    const { corsHeaders, httpHeaders, ids } = this.#options;
    const cors = isGrpc ? corsHeaders(headers.origin) : httpHeaders(headers.origin);
    const extra = more === undefined ? cors : [...cors, ...more];
    return { headers, raw, carrier, clientMs, compression, extra, requestId: ids?.of(headers) };
  }

  #compression(accepted: string): Compression | null {
    return memoized(
      this.#compressions,
      accepted,
      () => compressionNegotiate(COMPRESSIONS, null, accepted, "").response,
    );
  }
  /** The adapter makes a URL of it. */
  #isAuthority(authority: string): boolean {
    return memoized(this.#authorities, authority, () => URL.canParse(`http://${authority}/`));
  }
}

function clientMsOf(headers: IncomingHttpHeaders, name: HeadNames["timeout"]): number | undefined | "malformed" {
  let clientMs: number | undefined;
  const timeout = headers[name];
  if (timeout !== undefined) {
    if (typeof timeout !== "string") return "malformed";
    clientMs = name === "grpc-timeout" ? grpcTimeoutMs(timeout) : connectTimeoutMs(timeout);
    if (clientMs === undefined) return "malformed";
  }
  const deadline = headers[REQUEST_DEADLINE];
  return deadline === undefined ? clientMs : nearestDeadline(clientMs, deadline);
}
function connectTimeoutMs(timeout: string): number | undefined {
  const { error, timeoutMs } = connect.parseTimeout(timeout, Number.MAX_SAFE_INTEGER);
  return error === undefined ? timeoutMs : undefined;
}
