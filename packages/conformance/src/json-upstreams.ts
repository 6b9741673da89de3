// Answers calls of upstreams over HTTP with JSON.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { before, CASE_HEADER, type Stages } from "./stage.ts";

/** Name of such calls in rules and in `calls`, with requests as `{"call":"GET /v1/x?a=b","body":{}}`. */
const HTTP = "HTTP";

/** Returns a path with the parameters of its query in alphabetic order. */
function ordered(url: string): string {
  const [path = "", query] = url.split("?");
  return query === undefined ? path : `${path}?${query.split("&").sort().join("&")}`;
}

/** Answers by the rules of the request's case. */
export async function answerJson(
  request: IncomingMessage,
  response: ServerResponse,
  stages: Stages,
  side: string,
): Promise<void> {
  const stage = stages.get(String(request.headers[CASE_HEADER]));
  const body = await text(request);
  const call = `${request.method} ${ordered(request.url ?? "")}`;
  const json: JsonObject = { call, ...(body !== "" && { body: JSON.parse(body) as JsonValue }) };
  if (stage === undefined) {
    response.writeHead(400).end(`a call without a case in ${CASE_HEADER}`);
    return;
  }
  const ending = new AbortController();
  response.once("close", () => ending.abort());
  const requestHeader = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  const context = { requestHeader, signal: ending.signal, timeoutMs: () => undefined, side };
  const { call: begun, rule } = stage.begin(HTTP, json, context);
  try {
    await before(rule, stage, ending.signal, () => response.destroy());
    const { status = rule.fail === undefined ? 200 : 404, type = "application/json", text: plain } = rule.http ?? {};
    const { code = Code.NotFound, message = "made to fail" } = rule.fail ?? {};
    const answer = rule.fail === undefined ? (rule.answer ?? {}) : { code, message };
    response.writeHead(status, { "content-type": type, ...rule.headers }).end(plain ?? JSON.stringify(answer));
    await once(response, "finish");
  } catch {
    response.destroy();
  } finally {
    stage.end(begun);
  }
}
