// `POST /purge` of the admin port.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { EVERY_TAG, tagName } from "@protobff/runtime/internal/cache/tags";
import type { AdminAnswer, AdminPage } from "./admin.ts";

const MAX_BYTES = 64 << 10;
const MAX_TAGS = 1_000;
const PATH = "/purge";

/** Purges tags, by their names. Rejects if a cache may not have received the purge. */
export type PurgeTags = (names: readonly string[]) => Promise<void>;

/**
 * Lets an operator or a service purge cached answers by their tags.
 *
 * @example
 * // curl -H "authorization: Bearer $BFF_PURGE_TOKEN" -d '{"tags":["order:7"]}' localhost:9090/purge
 */
export class PurgePage implements AdminPage {
  readonly #token: Buffer;
  readonly #purge: PurgeTags;

  constructor(token: string, purge: PurgeTags) {
    this.#token = digest(token);
    this.#purge = purge;
  }
  owns(path: string): boolean {
    return path === PATH;
  }
  async answer(_path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status = 200, type, body, headers = [] } = await this.#answer(request);
    response.writeHead(status, [
      ...["content-type", type ?? "text/plain; charset=utf-8", "cache-control", "no-store"],
      ...["content-length", String(Buffer.byteLength(body)), ...(request.complete ? [] : ["connection", "close"])],
      ...headers,
    ]);
    response.end(body);
  }
  close(): void {}

  async #answer(request: IncomingMessage): Promise<AdminAnswer> {
    if (request.method !== "POST") return { status: 405, body: "POST only\n", headers: ["allow", "POST"] };
    const token = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined || !timingSafeEqual(digest(token), this.#token))
      return { status: 401, body: "BFF_PURGE_TOKEN is required\n", headers: ["www-authenticate", "Bearer"] };
    const text = await bodyOf(request);
    if (text === undefined) return { status: 413, body: `at most ${MAX_BYTES} bytes\n` };
    const names = namesIn(text);
    if (typeof names === "string") return { status: 400, body: `${names}\n` };
    try {
      await this.#purge(names);
    } catch {
      return { status: 503, body: "the purge may not have reached every cache: repeat it\n" };
    }
    return { type: "application/json", body: `${JSON.stringify({ purged: names.length })}\n` };
  }
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Returns undefined for a body that is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const nameOf = (tag: string): string | undefined => (tag === EVERY_TAG ? tag : tagName(tag));

/** Returns the names of the tags, or the fault of the body. */
function namesIn(body: string): readonly string[] | string {
  let tags: unknown;
  try {
    tags = (JSON.parse(body) as { readonly tags?: unknown } | null)?.tags;
  } catch {
    return "the body is not JSON";
  }
  if (!Array.isArray(tags) || tags.length === 0 || tags.length > MAX_TAGS)
    return `the body is {"tags": ["order:7"]} with 1 to ${MAX_TAGS} tags`;
  const names = new Set<string>();
  for (const tag of tags as unknown[]) {
    const name = typeof tag === "string" ? nameOf(tag) : undefined;
    if (name === undefined) return "a tag is a text with 1 to 256 bytes";
    names.add(name);
  }
  return [...names];
}
