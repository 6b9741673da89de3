// Sends one POST to a collector and derives the batch's result from its response (OTLP/HTTP: "Failures", "Retryable
// Response Codes").
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { failureMessage, partialSuccess } from "./otlp-answer.ts";

/** Maximum size of a response, in bytes, as OTLP/HTTP recommends. */
const MAX_ANSWER_BYTES = 4 << 20;
/** Maximum length of a collector's message in a fault, in characters. */
const MAX_WORDS = 300;
const AGAIN = new Set([429, 502, 503, 504]);

/** Address and settings of a collector. */
export interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
  readonly timeoutMs: number;
}

/** Result of one attempt. `lost`: a retry is no use. `again`: a retry may succeed. */
export type PostResult =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string }
  | { readonly kind: "lost"; readonly why: string }
  | { readonly kind: "again"; readonly why: string; readonly afterMs?: number | undefined };

/**
 * Never rejects.
 *
 * @param body in pieces, which are not put together: they are large
 * @param now the wall clock, in milliseconds, for a `retry-after` that is a date
 */
export function post(target: Target, body: readonly Uint8Array[], now: () => number = Date.now): Promise<PostResult> {
  const { promise, resolve } = Promise.withResolvers<PostResult>();
  const { request: send } = process.getBuiltinModule(target.url.protocol === "https:" ? "node:https" : "node:http");
  let request: ClientRequest;
  try {
    const headers = { ...target.headers, "content-length": body.reduce((bytes, { length }) => bytes + length, 0) };
    request = send(target.url, { method: "POST", agent: target.agent, headers });
  } catch (thrown) {
    return Promise.resolve({ kind: "lost", why: wordsOf(thrown) });
  }
  const late = `has not answered within ${target.timeoutMs} ms`;
  let answering: IncomingMessage | undefined;
  const timer = setTimeout(() => request.destroy(new Error(late)), target.timeoutMs);
  const end = (posted: PostResult): void => {
    clearTimeout(timer);
    resolve(posted);
  };
  request.on("error", (error) => {
    // The status was a success, but its body is lost: the collector may have accepted the batch.
    if (answering !== undefined && answering.statusCode === 200) end({ kind: "lost", why: wordsOf(error) });
    else end({ kind: "again", why: wordsOf(error), ...(wasClosed(request, error) && { afterMs: 0 }) });
  });
  request.on("response", (answer) => {
    answering = answer;
    const parts: Buffer[] = [];
    let size = 0;
    answer.on("data", (part: Buffer) => {
      size += part.length;
      if (size <= MAX_ANSWER_BYTES) parts.push(part);
      else {
        end({ kind: "lost", why: `answers ${answer.statusCode} with more than ${MAX_ANSWER_BYTES} bytes` });
        request.destroy();
      }
    });
    answer.on("end", () => end(verdict(answer, Buffer.concat(parts), now())));
    answer.on("error", (error) => request.emit("error", error));
  });
  for (const piece of body) request.write(piece);
  request.end();
  return promise;
}

function verdict(answer: IncomingMessage, body: Buffer, now: number): PostResult {
  const status = answer.statusCode ?? 0;
  const type = answer.headers["content-type"] ?? "";
  if (status >= 200 && status < 300) {
    const { rejected, message } = type.includes("protobuf") ? partialSuccess(body) : { rejected: 0, message: "" };
    return { kind: "taken", rejected, message: message.slice(0, MAX_WORDS) };
  }
  const words = failureMessage(body, type).slice(0, MAX_WORDS);
  const why = `answers ${status}${words === "" ? "" : `: ${words}`}`;
  if (!AGAIN.has(status)) return { kind: "lost", why };
  return { kind: "again", why, afterMs: retryAfterMs(answer.headers["retry-after"], now) };
}

/** Seconds, or a date (RFC 9110, 10.2.3); undefined where it is neither. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** A connection that was kept for later is closed by the collector just when it is used: nothing is wrong with it. */
function wasClosed(request: ClientRequest, error: Error): boolean {
  return request.reusedSocket && "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
}

function wordsOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === "") return thrown.errors.map(wordsOf).join(", ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}
