// The scripted upstreams: one port that answers for all services of `up.v1`.
import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
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
import type { Rule, Script } from "./case.ts";
import type { Suite } from "./suite.ts";

/** The request header that names the case; the suite's protos forward it to every upstream. */
export const CASE_HEADER = "x-conformance-case";
/** Fields whose order carries no meaning. */
const SETS = new Set(["ids"]);

/** A call that an upstream received. */
export interface Call {
  /** "Service/Method request". */
  readonly key: string;
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
  /** Moments, on one clock of the case. */
  readonly begin: number;
  end: number | undefined;
  cancelled: boolean;
}

/** One run of a case at the upstreams. */
export class Stage {
  readonly calls: Call[] = [];
  readonly #script: Script;
  readonly #used = new Set<Rule>();
  readonly #waiting: (() => void)[] = [];
  #clock = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  begin(method: string, request: JsonObject, context: HandlerContext): { readonly call: Call; readonly rule: Rule } {
    const call: Call = {
      key: `${method} ${JSON.stringify(request)}`,
      headers: context.requestHeader,
      timeoutMs: context.timeoutMs(),
      begin: ++this.#clock,
      end: undefined,
      cancelled: false,
    };
    this.calls.push(call);
    context.signal.addEventListener("abort", () => {
      call.cancelled ||= call.end === undefined;
    });
    const rule = ruleOf(this.#script, method, request, this.#used);
    if (rule.once) this.#used.add(rule);
    for (const wake of this.#waiting.splice(0)) wake();
    return { call, rule };
  }
  end(call: Call): void {
    call.end = ++this.#clock;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until a call of the method has arrived, or until all calls have ended. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    while (!holds() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
  arrived(method: string): boolean {
    return this.calls.some(({ key }) => key.startsWith(`${method} `));
  }
  idle(): boolean {
    return this.calls.every(({ end }) => end !== undefined);
  }
}

/** Returns the rule for a call; `used` are rules that no longer apply. */
export function ruleOf(script: Script, method: string, request: JsonObject, used: ReadonlySet<Rule> = new Set()): Rule {
  const found = script[method]?.find((rule) => !used.has(rule) && contains(request, rule.when ?? {}));
  return found ?? { fail: { code: Code.NotFound, message: "no rule" } };
}

/** Starts the upstreams at `host` and `port`; port 0 is any. */
export async function startUpstreams(suite: Suite, host: string, port: number) {
  const stages = new Map<string, Stage>();
  const streams = new AsyncLocalStorage<Http2ServerResponse>();
  const routes = (router: ConnectRouter): void => {
    for (const file of suite.registry.files)
      for (const service of file.proto.package === "up.v1" ? file.services : [])
        for (const method of service.methods) route(router, method, stages, streams, suite);
  };
  const handler = connectNodeAdapter({ routes });
  const server = createServer((request, response) => streams.run(response, () => handler(request, response)));
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    stages,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function route(
  router: ConnectRouter,
  method: DescMethod,
  stages: ReadonlyMap<string, Stage>,
  streams: AsyncLocalStorage<Http2ServerResponse>,
  suite: Suite,
): void {
  const name = `${method.parent.name}/${method.name}`;
  const answers = async function* (request: Message, context: HandlerContext): AsyncGenerator<Message> {
    const stage = stages.get(context.requestHeader.get(CASE_HEADER) ?? "");
    if (stage === undefined) throw new ConnectError(`a call without a case in ${CASE_HEADER}`, Code.FailedPrecondition);
    const json = sorted(toJson(method.input, request, { registry: suite.registry }) as JsonObject);
    const { call, rule } = stage.begin(name, json, context);
    try {
      await before(rule, stage, context, streams.getStore());
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

async function before(
  rule: Rule,
  stage: Stage,
  { signal }: HandlerContext,
  response?: Http2ServerResponse,
): Promise<void> {
  const { until } = rule;
  if (until !== undefined) await stage.until(() => stage.arrived(until), signal);
  if (rule.delay !== undefined) await sleep(rule.delay, undefined, { signal }).catch(() => undefined);
  if (rule.reset !== undefined) response?.stream.close(rule.reset);
  if (rule.reset !== undefined || rule.hang) await stage.until(() => false, signal);
  if (signal.aborted) throw new ConnectError("cancelled", Code.Canceled);
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

function contains(whole: JsonObject, part: JsonObject): boolean {
  return Object.entries(part).every(([name, value]) => JSON.stringify(whole[name]) === JSON.stringify(value));
}
