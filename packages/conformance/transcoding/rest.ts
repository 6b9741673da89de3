// HTTP with JSON: paths of REST in front of the rpcs, and upstreams that are called by such paths.
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { create, type DescMethod, fromJson, type JsonObject, type Message, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Binding, bindingsOf, type HttpRule, requestOf, written } from "./http-rule.ts";

const CODE_NAMES = Array.from({ length: 17 }, (_, code) => Code[code]?.toLowerCase() ?? "");
/** A request that cannot be sent, or an answer that makes no sense. */
export class Invalid extends Error {
  readonly code: Code;
  /** The answer is at fault. */
  readonly answered: boolean;

  constructor(cause: unknown, code: Code) {
    super(String(cause));
    this.code = code;
    this.answered = code === Code.Internal;
  }
}

/** HTTP statuses by codes; 500 for others. */
const STATUSES: Readonly<Record<number, number>> = {
  3: 400,
  9: 400,
  11: 400,
  16: 401,
  7: 403,
  5: 404,
  6: 409,
  10: 409,
  8: 429,
  1: 499,
  12: 501,
  14: 503,
  4: 504,
};
/** Codes by HTTP statuses. */
const CODES: Readonly<Record<number, Code>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  408: 14,
  409: 10,
  412: 9,
  416: 11,
  429: 8,
  499: 1,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
};

function send(response: ServerResponse, status: number, json: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(json));
}

/** Answers a request to a path of REST by an rpc of the server at `url`; any other path gets 404. */
export async function answeredByRest(
  bindings: readonly Binding[],
  request: IncomingMessage,
  response: ServerResponse,
  url: string,
): Promise<void> {
  const [raw = "", query = ""] = (request.url ?? "").split("?");
  const path = raw.replace(/%[0-9a-f]{2}/gi, (code) =>
    /[\w\-.~]/.test(String.fromCharCode(Number.parseInt(code.slice(1), 16))) ? decodeURIComponent(code) : code,
  );
  const fits = /\/(\/|$)/.test(path) ? [] : bindings.filter((binding) => binding.path.test(path));
  const verb = request.method === "HEAD" ? "GET" : request.method;
  const [found] = fits.filter((binding) => binding.verb === verb).sort((a, b) => (a.rank < b.rank ? -1 : 1));
  const refuse = (status: number, code: Code) => send(response, status, { code, message: "refused" });
  if (found === undefined)
    return refuse(fits.length > 0 ? 405 : 404, fits.length > 0 ? Code.Unimplemented : Code.NotFound);
  const body = await text(request);
  const { "content-type": type = "", "content-length": _, connection: __, ...headers } = request.headers;
  if (body !== "" && found.rule.body !== undefined && !type.startsWith("application/json"))
    return refuse(415, Code.InvalidArgument);
  let json: JsonObject;
  try {
    json = requestOf(found, path, query, body);
  } catch {
    return refuse(400, Code.InvalidArgument);
  }
  const answer = await fetch(`${url}/${found.method.parent.typeName}/${found.method.name}`, {
    method: "POST",
    headers: { ...(headers as Record<string, string>), "content-type": "application/json" },
    body: JSON.stringify(json),
  });
  const made = (await answer.json()) as JsonObject;
  const kept = Object.fromEntries(
    [...answer.headers].filter(([name]) => !/^(content|date|transfer|connection)/.test(name)),
  );
  if (!answer.ok) {
    const code = CODE_NAMES.indexOf(String(made.code).replaceAll("_", ""));
    return send(response, STATUSES[code] ?? 500, { code, message: made.message ?? "" }, kept);
  }
  const field = found.method.output.fields.find(({ name }) => name === found.rule.responseBody);
  send(response, 200, field ? (made[field.jsonName] ?? []) : made, kept);
}

/** Calls of an upstream over HTTP with JSON, in the form of a transport. */
export const jsonTransport = (base: string, rules: ReadonlyMap<string, HttpRule>) => ({
  async unary(method: DescMethod, signal: AbortSignal, timeoutMs: number, header: Headers, message: Message) {
    const upstream = method.parent.typeName;
    const [binding] = bindingsOf(method, rules.get(`${upstream}.${method.name}`));
    if (binding === undefined) throw new Error(`no path of ${method.name}`);
    const { url, body } = writtenOr(() => written(binding, toJson(method.input, message) as JsonObject));
    if (body !== undefined) header.set("content-type", "application/json");
    const limit = AbortSignal.timeout(timeoutMs);
    const init = { method: binding.verb, headers: header, body: body ?? null, redirect: "manual" as const };
    const response = await fetch(`${base}${url}`, { ...init, signal: AbortSignal.any([signal, limit]) }).catch(() => {
      throw new ConnectError("no answer", limit.aborted ? Code.DeadlineExceeded : Code.Unavailable);
    });
    const content = await response.text();
    if (response.status === 204)
      return { message: create(method.output), header: response.headers, trailer: new Headers() };
    if (response.status >= 400) throw failed(response.status, content);
    try {
      if (!/^application\/([\w.]+\+)?json/.test(response.headers.get("content-type") ?? "")) throw new Error("no JSON");
      const answer = fromJson(method.output, JSON.parse(content), { ignoreUnknownFields: true });
      return { message: answer, header: response.headers, trailer: new Headers() };
    } catch (error) {
      throw new Invalid(error, Code.Internal);
    }
  },
});

function writtenOr<T>(write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new Invalid(error, Code.InvalidArgument);
  }
}

function failed(status: number, content: string): ConnectError {
  const other = status >= 500 ? Code.Internal : Code.FailedPrecondition;
  try {
    const { code, message = "" } = JSON.parse(content) as { readonly code?: number; readonly message?: string };
    if (typeof code === "number") return new ConnectError(message, code);
  } catch {}
  return new ConnectError("", CODES[status] ?? other);
}
