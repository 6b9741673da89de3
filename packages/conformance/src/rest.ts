// Sends requests to paths of REST.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text as textOf } from "node:stream/consumers";
import { type DescMessage, fromJson, type JsonObject, type JsonValue, toJson } from "@bufbuild/protobuf";
import type { Expected, Play } from "./case.ts";

/** Time of a request in milliseconds. */
const PATIENCE_MS = 20_000;

/** Sends a request over HTTP/1.1, with its path as it is written. Answers count as ProtoJSON of `output`. */
export async function requestedByRest(
  output: DescMessage,
  { call, body, text, type = "application/json" }: NonNullable<Play["rest"]>,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Expected & { readonly headers: Readonly<Record<string, string>> }> {
  const [method, path] = call.split(" ");
  const { hostname, port } = new URL(url);
  const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
  const all = { ...headers, ...(content !== undefined && { "content-type": type }) };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const sent = request({ hostname, port, method, path, headers: all, signal, agent: false });
  sent.end(content);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = parsed(await textOf(response));
  const http = response.statusCode ?? 0;
  const received = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  if (http >= 400) {
    const { code = 0, message = "" } = (answer ?? {}) as { readonly code?: number; readonly message?: string };
    return { http, status: { code, message }, headers: received };
  }
  return { http, ...(answer !== undefined && { answer: normal(output, answer) }), headers: received };
}

/** JSON, any other text as it is; undefined for an empty one. */
function parsed(text: string): JsonValue | undefined {
  try {
    return text === "" ? undefined : (JSON.parse(text) as JsonValue);
  } catch {
    return text;
  }
}

/** A message as ProtoJSON without defaults and degradations; any other value as it is. */
function normal(output: DescMessage, answer: JsonValue): JsonValue {
  if (typeof answer !== "object" || answer === null || Array.isArray(answer)) return answer;
  const { degraded: _, ...rest } = toJson(output, fromJson(output, answer)) as JsonObject;
  return rest;
}
