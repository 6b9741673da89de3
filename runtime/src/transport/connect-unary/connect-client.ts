import type { DescService } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { HttpClient, type HttpClientOptions, type HttpRequest } from "../http/http-client.ts";
import { connectAnswers } from "./connect-answers.ts";

/** Options of an upstream that is called by Connect (runtime.md, "Upstreams over Connect"). */
export interface ConnectClientOptions extends HttpClientOptions {
  /**
   * Service of the upstream. Its RPCs with an `idempotency_level` are sent once more if a kept connection was already
   * closed. Default: no RPC is.
   */
  readonly service?: DescService | undefined;
}

/** Maximum deadline that the header can carry, in milliseconds: ten digits. */
const MAX_TIMEOUT_MS = 9_999_999_999;

/**
 * Unary calls over HTTP/1.1 by POST, with messages in protobuf (https://connectrpc.com/docs/protocol).
 *
 * @example
 * const stock = new ConnectClient("https://stock.example", { service: StockService });
 */
export class ConnectClient extends HttpClient {
  readonly #safe: ReadonlySet<string>;

  /**
   * @param url `http://host:port` or `https://…`, with the prefix of all paths; several of one scheme and one path are
   *   one upstream
   * @throws for another URL, and for invalid certificates
   */
  constructor(url: string | readonly string[], options: ConnectClientOptions = {}) {
    super(url, options);
    const { methods = [] } = options.service ?? {};
    const safe = methods.filter(({ idempotency }) => idempotency !== Level.IDEMPOTENCY_UNKNOWN);
    this.#safe = new Set(safe.map(({ parent, name }) => `/${parent.typeName}/${name}`));
  }

  protected override requestOf(path: string, message: Uint8Array, timeoutMs: number): HttpRequest {
    const headers: Record<string, string> = {
      "connect-protocol-version": "1",
      "content-type": "application/proto",
      "accept-encoding": "gzip, br",
    };
    if (timeoutMs !== Number.POSITIVE_INFINITY)
      headers["connect-timeout-ms"] = String(Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.floor(timeoutMs))));
    const safe = this.#safe.has(path);
    return { method: "POST", target: this.prefix + path, body: message, headers, safe, answers: connectAnswers };
  }
}
