// The scripted upstreams: ports that answer for all services of `up.v1` by gRPC, and for HTTP with JSON.
import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import {
  create,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { Rule } from "./case.ts";
import { keys } from "./issuer.ts";
import { answerJson } from "./json-upstreams.ts";
import { listen } from "./listen.ts";
import { before, CASE_HEADER, type Stages } from "./stage.ts";
import type { Suite } from "./suite.ts";

/** Addresses of the upstreams, at ports in a row: the usual one, a branch, and two shards. */
const SIDES = ["", "canary", "eu", "us"] as const;
/** Path of the issuer's keys at the usual address. */
export const KEYS_PATH = "/keys.json";
/** Fields whose order carries no meaning. */
const SETS = new Set(["ids"]);

/** The request and the response of a call, which `route` does not get. */
interface Carrier {
  readonly side: string;
  readonly response: ServerResponse | Http2ServerResponse;
}

/** Starts the upstreams at `host`, at `port` and the ports that follow it; port 0: any. */
export async function startUpstreams(suite: Suite, host: string, port: number) {
  const stages: Stages = new Map();
  const carriers = new AsyncLocalStorage<Carrier>();
  const routes = (router: ConnectRouter): void => {
    for (const file of suite.registry.files)
      for (const service of file.proto.package === "up.v1" ? file.services : [])
        for (const method of service.methods) route(router, method, stages, carriers, suite);
  };
  const grpc = connectNodeAdapter({ routes });
  const handlerAt =
    (side: string) => (request: IncomingMessage | Http2ServerRequest, response: Carrier["response"]) => {
      if (request.httpVersionMajor > 1) return carriers.run({ side, response }, () => grpc(request, response));
      const plain = response as ServerResponse;
      if (request.url === KEYS_PATH) return plain.setHeader("content-type", "application/json").end(keys());
      return answerJson(request as IncomingMessage, plain, stages, side);
    };
  const listening = await Promise.all(
    SIDES.map(async (side, at) => listen(handlerAt(side), host, port === 0 ? 0 : port + at)),
  );
  return {
    port: listening[0]?.port ?? 0,
    /** Ports in the order of `SIDES`. */
    ports: listening.map((element) => element.port),
    stages,
    close: () => {
      for (const { close } of listening) close();
    },
  };
}

function route(
  router: ConnectRouter,
  method: DescMethod,
  stages: Stages,
  carriers: AsyncLocalStorage<Carrier>,
  suite: Suite,
): void {
  const name = `${method.parent.name}/${method.name}`;
  const answers = async function* (request: Message, context: HandlerContext): AsyncGenerator<Message> {
    const stage = stages.get(context.requestHeader.get(CASE_HEADER) ?? "");
    if (stage === undefined) throw new ConnectError(`a call without a case in ${CASE_HEADER}`, Code.FailedPrecondition);
    const json = sorted(toJson(method.input, request, { registry: suite.registry }) as JsonObject);
    const { side = "", response } = carriers.getStore() ?? {};
    const { signal, requestHeader } = context;
    const { call, rule } = stage.begin(name, json, {
      requestHeader,
      signal,
      timeoutMs: () => context.timeoutMs(),
      side,
    });
    try {
      await before(rule, stage, signal, () => (response as Http2ServerResponse).stream.close(rule.reset));
      for (const [key, value] of Object.entries(rule.headers ?? {})) context.responseHeader.set(key, value);
      for (const [key, value] of Object.entries(rule.trailers ?? {})) context.responseTrailer.set(key, value);
      const items = rule.items ?? (rule.fail === undefined ? [selected(rule, json)] : []);
      for (const item of items) yield fromJson(method.output, item, { registry: suite.registry });
      if (rule.fail !== undefined) throw failure(rule.fail, suite);
    } finally {
      stage.end(call);
    }
  };
  if (method.methodKind === "server_streaming") router.rpc(method, answers as never);
  if (method.methodKind !== "unary") return;
  router.rpc(method, (async (request: Message, context: HandlerContext) => {
    for await (const answer of answers(request, context)) return answer;
    return create(method.output);
  }) as never);
}

function failure({ code, message, who }: NonNullable<Rule["fail"]>, { registry }: Suite): ConnectError {
  const error = new ConnectError(message ?? "made to fail", code);
  const desc = registry.getMessage("up.v1.Blame");
  if (who !== undefined && desc !== undefined) error.details.push({ desc, value: { who } });
  return error;
}

/** Returns the answer of a rule to a request. */
export function selected({ answer = {}, select }: Rule, request: JsonObject): JsonObject {
  if (select === undefined) return answer;
  const keys = (request[select.by] ?? []) as readonly JsonValue[];
  const items = answer[select.items];
  const kept = Array.isArray(items)
    ? items.filter((item) => keys.includes((item as JsonObject)[select.key] ?? ""))
    : Object.fromEntries(Object.entries(items ?? {}).filter(([key]) => keys.includes(key)));
  return { ...answer, [select.items]: kept };
}

const sorted = (request: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(request).map(([name, value]) => [
      name,
      SETS.has(name) && Array.isArray(value) ? [...value].sort() : value,
    ]),
  );
