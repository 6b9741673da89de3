// Sends a page's request to this server, to one of its RPCs, as any client would send it.
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { DescMethod, JsonValue, Registry } from "@bufbuild/protobuf";
import { ERROR_INFO, REQUEST_INFO } from "@protobff/runtime/internal/error-info";
import { enveloped, firstItems } from "./first-items.ts";
import { KnownCallers } from "./known-callers.ts";
import { masked, shownHeader } from "./masks.ts";
import { MASK, type Tried, type Try } from "./page-data.ts";

const MAX_AT_ONCE = 8;
const MAX_HEADERS = 50;
const MAX_ANSWER_BYTES = 1 << 20;
const MAX_MS = 25_000;
/** Headers of a connection, which a request may not set. */
const NOT_THEIRS =
  /^(host|connection|content-length|content-type|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-connection)$/;

/** An invalid request of the page. */
export class Unsendable extends Error {}

export class TryIt {
  readonly #methods: ReadonlyMap<string, DescMethod>;
  readonly #registry: Registry;
  readonly #serverUrl: () => string | undefined;
  readonly #callers: KnownCallers;
  #running = 0;

  /** @param serverUrl returns the server's address, once it listens: `http://127.0.0.1:8080` */
  constructor(
    methods: ReadonlyMap<string, DescMethod>,
    registry: Registry,
    serverUrl: () => string | undefined,
    callers: KnownCallers = new KnownCallers(undefined),
  ) {
    this.#methods = methods;
    this.#registry = registry;
    this.#serverUrl = serverUrl;
    this.#callers = callers;
  }

  /**
   * @param input as it came
   * @throws Unsendable, or why there was no answer
   */
  async send(input: unknown): Promise<Tried> {
    const { rpc, body, headers, as } = tryOf(input);
    const method = this.#methods.get(rpc);
    const serverUrl = this.#serverUrl();
    if (method === undefined) throw new Unsendable("there is no such rpc here");
    if (serverUrl === undefined) throw new Unsendable("the server is still starting");
    if (this.#running >= MAX_AT_ONCE) throw new Unsendable(`${MAX_AT_ONCE} requests are running already`);
    this.#running++;
    try {
      const credential = as === undefined ? [] : [await this.#credentialOf(as, headers)];
      return await this.#sent(method, serverUrl, `/${rpc}`, body, [...headers, ...credential]);
    } finally {
      this.#running--;
    }
  }

  async #credentialOf(as: string, headers: Try["headers"]): Promise<readonly [string, string]> {
    const found = await this.#callers.headerOf(as);
    if (found === undefined) throw new Unsendable(`the caller ${JSON.stringify(as)} does not exist any more`);
    const [name] = found;
    if (headers.some(([header]) => header === name))
      throw new Unsendable(`${name} identifies a caller already: remove it, or choose no caller`);
    return found;
  }

  async #sent(
    method: DescMethod,
    serverUrl: string,
    path: string,
    body: string,
    headers: Try["headers"],
  ): Promise<Tried> {
    const started = performance.now();
    const streams = method.methodKind === "server_streaming";
    const type = streams ? "application/connect+json" : "application/json";
    const all = { ...Object.fromEntries(headers), "content-type": type };
    const options = {
      method: "POST",
      headers: all,
      agent: false,
      signal: AbortSignal.timeout(MAX_MS),
      // The listener is this same process, so the name in its certificate does not matter.
      rejectUnauthorized: false,
    };
    const url = new URL(path, reachable(serverUrl));
    // An import of node:http loads the client of `fetch`, too, which takes 50 ms and 14 MB.
    const { request: send } = process.getBuiltinModule(url.protocol === "https:" ? "node:https" : "node:http");
    const request = send(url, options);
    request.end(streams ? enveloped(body) : body);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const { statusCode: status = 0, rawHeaders } = response;
    const shown = streams && status === 200 ? await this.#items(response, method) : await this.#whole(response, method);
    return {
      status,
      ms: performance.now() - started,
      headers: rawHeaders.flatMap((name, i) => {
        const value = rawHeaders[i + 1];
        return i % 2 === 0 && value !== undefined ? [[name, shownHeader(name, value)] as const] : [];
      }),
      body: shown,
    };
  }

  async #whole(response: IncomingMessage, method: DescMethod): Promise<string> {
    const text = await textOf(response);
    return this.#shown(text, method, response.statusCode === 200);
  }
  /** One below the other, and how it went on. */
  async #items(response: IncomingMessage, method: DescMethod): Promise<string> {
    const { items, end } = await firstItems(response, MAX_ANSWER_BYTES);
    const shown = items.map((item) => this.#shown(item, method, true));
    return [...shown, end === undefined ? "… and so on" : ending(end)].join("\n");
  }

  #shown(text: string, { output }: DescMethod, ok: boolean): string {
    let json: JsonValue;
    try {
      json = JSON.parse(text) as JsonValue;
    } catch {
      return ok ? MASK : text; // not of this server's making
    }
    return JSON.stringify(ok ? masked(json, output, this.#registry) : maskedError(json), undefined, 2);
  }
}

/** Formats the end of a stream: its error, or a note that it ended. */
function ending(text: string): string {
  const { error } = JSON.parse(text) as { readonly error?: JsonValue };
  return error === undefined ? "… and that was the end" : JSON.stringify(maskedError(error), undefined, 2);
}

/** Error details are messages of any type. */
function maskedError(json: JsonValue): JsonValue {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return json;
  const { details, ...error } = json;
  if (!Array.isArray(details)) return json;
  const types = details.map((detail) =>
    detail !== null && typeof detail === "object" && !Array.isArray(detail) ? (detail.type ?? MASK) : MASK,
  );
  const declared = types.filter((type) => type !== ERROR_INFO && type !== REQUEST_INFO);
  return declared.length === 0 ? error : { ...error, details: declared.map((type) => ({ type, value: MASK })) };
}

function tryOf(input: unknown): Try {
  const { rpc, body, headers, as } = (input ?? {}) as { readonly [Name in keyof Try]?: unknown };
  if (typeof rpc !== "string" || typeof body !== "string" || !Array.isArray(headers))
    throw new Unsendable("there has to be an rpc, a body and headers");
  if (as !== undefined && typeof as !== "string") throw new Unsendable("who calls is a name");
  if (headers.length > MAX_HEADERS) throw new Unsendable(`there may be ${MAX_HEADERS} headers`);
  return { rpc, body, headers: headers.map(headerOf), as };
}
function headerOf(header: unknown): readonly [string, string] {
  const [name, value] = Array.isArray(header) ? (header as unknown[]) : [];
  if (typeof name !== "string" || typeof value !== "string") throw new Unsendable("a header is a name and a value");
  if (NOT_THEIRS.test(name.toLowerCase())) throw new Unsendable(`the header ${name} must not be set`);
  try {
    const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule("node:http");
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new Unsendable(`${JSON.stringify(name)} with this value is no header`);
  }
  return [name.toLowerCase(), value];
}

/** Replaces an all-interfaces address with the loopback address. */
function reachable(serverUrl: string): URL {
  const url = new URL(serverUrl);
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.hostname === "[::]") url.hostname = "[::1]";
  return url;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Unsendable(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
