import { createRegistry, type DescFile, type DescMethodUnary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "@protobff/messages/google/rpc/error_details_pb.js";
import { replyReader } from "../../http-rule/reply-reader.ts";
import { type RequestWriter, requestWriter } from "../../http-rule/request-writer.ts";
import { typesOf } from "../../http-rule/types-of.ts";
import { readMessage } from "../../wire/reader.ts";
import type { AnswerFormat } from "../http/answer-format.ts";
import { ENCODINGS } from "../http/content-encodings.ts";
import { HttpClient, type HttpClientOptions, type HttpRequest } from "../http/http-client.ts";
import type { HttpRule } from "./http-rule.ts";
import { jsonAnswers } from "./json-answers.ts";

export type { HttpRule };

/** Options of an upstream over HTTP with JSON (runtime.md, "Upstreams over HTTP/JSON"). */
export interface HttpJsonClientOptions extends HttpClientOptions {
  /** Rules of all RPCs that are called. */
  readonly rules: readonly HttpRule[];
  /** Files besides those of the RPCs, whose messages a google.protobuf.Any, or a detail of an error, may contain. */
  readonly types?: readonly DescFile[] | undefined;
}

interface Rpc {
  readonly rpc: DescMethodUnary;
  readonly method: string;
  readonly write: RequestWriter;
  readonly safe: boolean;
  readonly answers: AnswerFormat;
}

/** Methods that may be repeated without a check (RFC 9110, 9.2.2). */
const REPEATABLE: ReadonlySet<string> = new Set(["GET", "PUT", "DELETE"]);
/** Maximum deadline that a header can carry, in milliseconds: eight digits (gRPC's PROTOCOL-HTTP2.md). */
const MAX_TIMEOUT_MS = 99_999_999;

/**
 * Unary calls over HTTP/1.1, with requests and answers in ProtoJSON, as google.api.http binds them.
 *
 * @example
 * const variables = [{ field: "id", from: 2, to: 3 }];
 * const rule = { rpc: StockService.method.getStock, method: "GET", segments: ["v1", "stock", "*"], variables };
 * const stock = new HttpJsonClient("https://stock.example", { rules: [rule] });
 */
export class HttpJsonClient extends HttpClient {
  readonly #rpcs = new Map<string, Rpc>();

  /**
   * @param url `http://host:port` or `https://…`, with the prefix of all paths; several of one scheme and one path are
   *   one upstream
   * @throws for another URL, for invalid certificates, and for rules that do not fit their RPCs
   */
  constructor(url: string | readonly string[], options: HttpJsonClientOptions) {
    super(url, options);
    const { rules, types = [] } = options;
    const known = typesOf([...new Set(rules.map(({ rpc }) => rpc.parent))], types);
    const registry = createRegistry(file_google_rpc_error_details, known);
    for (const rule of rules) {
      const { rpc, method } = rule;
      this.#rpcs.set(`/${rpc.parent.typeName}/${rpc.name}`, {
        rpc,
        method,
        write: requestWriter(rpc.input, rule, { prefix: this.prefix, registry }),
        safe: REPEATABLE.has(method) || rpc.idempotency !== Level.IDEMPOTENCY_UNKNOWN,
        answers: jsonAnswers(replyReader(rpc.output, rule, registry), registry),
      });
    }
  }

  protected override requestOf(path: string, message: Uint8Array, timeoutMs: number): HttpRequest {
    const found = this.#rpcs.get(path);
    if (found === undefined) throw new TypeError(`no HTTP rule declares how ${path} is called over HTTP`);
    const { rpc, method, write, safe, answers } = found;
    const { target, body } = write(reflect(rpc.input, readMessage(rpc.input, message)));
    const headers: Record<string, string> = { accept: "application/json", "accept-encoding": ENCODINGS };
    if (body !== undefined) headers["content-type"] = "application/json";
    // Gateways in front of gRPC servers enforce it, other servers ignore it.
    if (timeoutMs !== Number.POSITIVE_INFINITY)
      headers["grpc-timeout"] = `${Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.floor(timeoutMs)))}m`;
    return { method, target, body, headers, safe, answers };
  }
}
