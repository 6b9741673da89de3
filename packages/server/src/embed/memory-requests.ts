import { RequestFields } from "@protobff/runtime/internal/http2";
import type { Peer } from "@protobff/runtime/internal/identity/incoming-request";
import type { OwnRequests } from "../http2/own-http2.ts";
import { type MemoryAnswer, MemoryConnection } from "./memory-connection.ts";

/** A request of this process. */
interface MemoryRequest {
  readonly method: string;
  readonly url: URL;
  /** Path and query, as the server's paths are. */
  readonly target: string;
  readonly headers: Headers;
  /** Undefined: no body. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal | undefined;
  readonly peer: Peer;
}

/** Headers of a connection, and expectations that nothing here has (RFC 9113, 8.2.2). */
const DROPPED: ReadonlySet<string> = new Set([
  ...["connection", "expect", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"],
]);

/** The requests of this process that have not ended. */
export class MemoryRequests {
  readonly #requests: OwnRequests;
  readonly #open = new Set<MemoryConnection>();

  constructor(requests: OwnRequests) {
    this.#requests = requests;
  }
  /** Resolves when all requests that are open now have ended. */
  async ended(): Promise<void> {
    await Promise.all([...this.#open].map(({ ended }) => ended));
  }
  /** Ends all open requests. */
  abort(): void {
    for (const connection of this.#open) connection.abort();
  }

  /**
   * Resolves with the answer as soon as it has begun.
   *
   * @throws Error if the request is aborted, or ended without an answer
   */
  async answer({ method, url, target, headers, body, signal, peer }: MemoryRequest): Promise<MemoryAnswer> {
    signal?.throwIfAborted();
    const connection = new MemoryConnection(peer);
    const { stream } = connection;
    this.#open.add(connection);
    const abort = (): void => connection.abort();
    signal?.addEventListener("abort", abort, { once: true });
    connection.ended.then(() => {
      this.#open.delete(connection);
      signal?.removeEventListener("abort", abort);
    });
    const { fields, raw } = fieldsOf(method, url, target, headers);
    const length = fields["content-length"];
    if (body !== undefined && typeof length === "string") stream.contentLength = Number(length);
    stream.ended = body === undefined;
    this.#requests.begin(stream, fields, raw);
    if (body === undefined) {
      if (!stream.over) stream.receiver.end();
    } else connection.receive(body).catch(abort); // the sender has failed in the middle
    return connection.answer;
  }
}

function fieldsOf(method: string, url: URL, target: string, headers: Headers) {
  const authority = headers.get("host") ?? url.host;
  const pseudo = [":method", method, ":path", target, ":authority", authority, ":scheme", url.protocol.slice(0, -1)];
  const fields = new RequestFields();
  for (let i = 0; i + 1 < pseudo.length; i += 2) fields[pseudo[i] ?? ""] = pseudo[i + 1];
  const raw = [...pseudo];
  for (const [name, value] of headers) {
    if (DROPPED.has(name)) continue;
    fields[name] = value;
    raw.push(name, value);
  }
  return { fields, raw };
}
