// The server of the reference: gRPC, Connect and gRPC-Web by connect-node.

import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  type Message,
  toJsonString,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, type ConnectRouter, type HandlerContext, type Transport } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { bindingsOf } from "../transcoding/http-rule.ts";
import { answeredByRest, jsonTransport } from "../transcoding/rest.ts";
import { callerOf, permit } from "./callers.ts";
import { Upstreams } from "./calls.ts";
import { type Composed, Composition, type Setting } from "./compose.ts";
import type { Globals } from "./evaluate.ts";
import { SHARDS } from "./functions.ts";
import { Limits, returned, settled } from "./limits.ts";
import { type Program, Response } from "./response.ts";
import { type Entry, REASONS, Refusal, StepFailure } from "./result.ts";
import { durationMs, type Rules, type Step } from "./rules.ts";
import { namesIn, Statics } from "./static.ts";
import { followed, inParts, live, withAllParts } from "./streams.ts";

const DEFAULT_MS = 2_000;

/** Starts the reference for upstreams at base URLs: the usual one, that of the branch `canary`, and those of shards. */
export async function startReference(registry: FileRegistry, rules: Rules, upstreams: readonly string[], port = 0) {
  const [baseUrl = ""] = upstreams;
  const sides = ["", "canary", ...SHARDS];
  const transports = new Map(upstreams.map((url, at) => [sides[at] ?? "", createGrpcTransport({ baseUrl: url })]));
  transports.set("HTTP_JSON", jsonTransport(baseUrl, rules.paths) as unknown as Transport);
  const program: Program = {
    registry,
    rules,
    upstreams: new Upstreams(transports),
    limits: new Limits(),
    answers: new Map(),
    env: { CONFORMANCE_KEYS: `${baseUrl}/keys.json` },
  };
  const methods = [...registry.files]
    .flatMap(({ services }) => services)
    .filter(({ typeName }) => rules.services.has(typeName))
    .flatMap((service) => service.methods);
  const handler = connectNodeAdapter({
    routes: (router) => {
      for (const method of methods) route(router, program, method);
    },
  });
  const bindings = methods.flatMap((method) => bindingsOf(method, rules.paths.get(key(method))));
  const http1 = createHttp1((request, response) =>
    /^\/conformance\./.test(request.url ?? "")
      ? handler(request, response)
      : answeredByRest(bindings, request, response, url).catch(() => response.destroy()),
  );
  // A connection that ends while it is idle would fail the next request on it.
  http1.keepAliveTimeout = 0;
  const http2 = createHttp2(handler);
  const sockets = new Set<Socket>();
  // One port for HTTP/1.1 and HTTP/2: the first bytes decide which of two servers gets the connection.
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("readable", () => {
      const bytes: Buffer | null = socket.read();
      if (bytes === null) return;
      socket.unshift(bytes);
      (bytes.toString("latin1", 0, 3) === "PRI" ? http2 : http1).emit("connection", socket);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close };
}

function route(router: ConnectRouter, program: Program, method: DescMethod): void {
  if (method.methodKind === "unary")
    router.rpc(method, ((request: Message, context: HandlerContext) =>
      answer(program, method, request, context)) as never);
  if (method.methodKind !== "server_streaming") return;
  router.rpc(method, async function* (request: Message, context: HandlerContext) {
    const begun = begin(program, method, request, context);
    try {
      const { charge } = await admitted(program, begun, method);
      await charge();
      const parts = messagesOf(program, begun, method, () => begin(program, method, request, context));
      for await (const composed of parts) yield declared(program, method.output, composed).message.message;
    } catch (error) {
      throw await status(begun.response, error);
    } finally {
      begun.response.ending.abort();
    }
  } as never);
}
/** @param again returns the request for another composition */
function messagesOf(program: Program, begun: Begun, method: DescMethod, again: () => Begun): AsyncIterable<Composed> {
  const { stream } = program.rules.methods.get(key(method)) ?? {};
  if (stream === undefined) return inParts(begun);
  if (stream.live === undefined) return followed(begun, method);
  const compose = (): Promise<Composed> => {
    const { setting } = again();
    return composeAll(setting, new Composition(setting));
  };
  return live(program.registry, compose, stream.live);
}
const key = (method: DescMethod): string => `${method.parent.typeName}.${method.name}`;

/** A request whose composition has not begun. */
export interface Begun {
  readonly response: Response;
  readonly setting: Setting;
  readonly request: ReflectMessage;
  readonly context: HandlerContext;
}

function begin(program: Program, method: DescMethod, request: Message, context: HandlerContext): Begun {
  const rule = program.rules.methods.get(key(method)) ?? {};
  const stream = method.methodKind === "server_streaming" ? rule.partsTimeout : undefined;
  const budget = Math.min(
    durationMs(stream ?? rule.timeout ?? `${DEFAULT_MS}ms`),
    context.timeoutMs() ?? Number.POSITIVE_INFINITY,
  );
  const margin = Math.min(Math.max(budget / 10, 5), 200, budget / 2);
  const headers = new Map(context.requestHeader);
  const response = new Response(program, headers, performance.now() + budget - margin);
  context.signal.addEventListener("abort", () => response.ending.abort());
  const args = reflect(method.input, request);
  const statics = new Statics(program.registry, program.rules, (call) => response.hasEffects(call));
  const named =
    rule.response === undefined ? undefined : response.messageNamed(rule.response, method.parent.file.proto.package);
  const whole = statics.wholeOf(method.output);
  const desc = named ?? whole ?? method.output;
  const globals: Globals = { headers, args };
  const shared = sharedOf(program, method, desc, statics, { response, globals });
  const only = whole === undefined ? undefined : new Set(method.output.fields.map(({ name }) => name));
  const setting = {
    response,
    desc,
    steps: statics.stepsOf(desc),
    args: new Map(),
    globals,
    rank: [1],
    ...(shared && { shared }),
    ...(only && { only }),
  };
  return { response, setting, request: args, context };
}

/** The composition of the service's steps, if it has any. */
function sharedOf(
  program: Program,
  method: DescMethod,
  desc: DescMessage,
  statics: Statics,
  { response, globals }: Pick<Setting, "response" | "globals">,
) {
  const steps = program.rules.services.get(method.parent.typeName)?.let;
  if (steps === undefined) return undefined;
  const read = new Set([...statics.reached(desc)].flatMap((message) => statics.readsOfMessage(message)));
  const needed = (step: Step): boolean =>
    step.guard !== undefined ||
    read.has(step.name ?? "") ||
    steps.some((other) => other !== step && namesIn(other).includes(step.name ?? "") && needed(other));
  const used = steps.filter(needed);
  const empty = { ...desc, fields: [] } as unknown as DescMessage;
  const composition = new Composition({
    response,
    desc: empty,
    steps,
    args: new Map(),
    globals: { headers: globals.headers },
    rank: [0],
  });
  return Object.assign(composition, { used });
}

/** Guards that need no call, those of the service first; then all else. */
async function composeAll(setting: Setting, composition: Composition): Promise<Composed> {
  const shared = setting.shared as (Composition & { readonly used?: Setting["steps"] }) | undefined;
  await shared?.admit();
  await composition.admit();
  const same = (shared?.used ?? []).map((step) =>
    step.guard === undefined
      ? shared?.result(step)
      : shared?.guard(step).then((refusal) => {
          if (refusal !== undefined) throw refusal;
        }),
  );
  const critical = (shared?.used ?? []).flatMap((step, at) => (step.supplementary ? [] : [same[at]]));
  const [made] = await Promise.all([composition.run(), ...critical]);
  return made;
}

/** Identifies the caller, and checks limits and permits. Returns the charges. */
async function admitted(program: Program, { setting }: Begun, method: DescMethod) {
  const { response } = setting;
  const service = program.rules.services.get(method.parent.typeName) ?? {};
  const rule = program.rules.methods.get(key(method)) ?? {};
  const limits = [...(service.rateLimit ?? []), ...(rule.rateLimit ?? [])];
  const place = new Composition({ ...setting, steps: [] });
  await program.limits.charge(limits.filter(Limits.isEarly), place);
  const { identity } = program.rules;
  if (identity !== undefined) response.caller = await callerOf(response, identity, "conformance", program.env);
  await permit(setting, service.permit, rule.permit);
  const late = limits.filter((limit) => !Limits.isEarly(limit));
  return { place, charge: async () => program.limits.charge(late, place) };
}

/** All values besides the request that composing a message reads: headers, and fields of the caller. */
function keyOf(statics: Statics, { headers, caller, program }: Response, desc: DescMessage): string {
  const messages = [...statics.reached(desc)];
  const rules = messages.flatMap((message) => [
    statics.stepsOf(message),
    message.fields.map(({ name }) => program.rules.fields.get(`${message.typeName}.${name}`)),
    program.rules.upstreams.get(message.file.proto.package)?.map(({ forward, metadata }) => [forward, metadata]),
  ]);
  const text = JSON.stringify(rules);
  const names = [...text.matchAll(/headers\['([^']+)'\]/g), ...text.matchAll(/"(x-[\w-]+)"/g)].map(
    ([, name = ""]) => name,
  );
  const read = [...new Set(names)].map((name) => [name, headers.get(name.toLowerCase())]);
  return JSON.stringify([read, /\bprincipal\b/.test(text) && caller && toJsonString(caller.desc, caller.message)]);
}

/** Composes, or takes an equal answer from the cache. */
async function answered(program: Program, begun: Begun, method: DescMethod): Promise<Composed> {
  const { setting, response, request } = begun;
  const statics = new Statics(program.registry, program.rules, (call) => response.hasEffects(call));
  const { place, charge } = await admitted(program, begun, method);
  const { cache } = program.rules.methods.get(key(method)) ?? {};
  const composition = new Composition(setting);
  const known =
    cache && `${key(method)} ${toJsonString(method.input, request.message)} ${keyOf(statics, response, setting.desc)}`;
  const found = known === undefined ? undefined : program.answers.get(known);
  if (found !== undefined && found.until > performance.now()) return found.composed;
  const charges = await charge();
  try {
    const composed = withAllParts(composition, await composeAll(setting, composition));
    if (known !== undefined && cache && composed.entries.length === 0)
      program.answers.set(known, { composed, until: performance.now() + durationMs(cache.ttl) });
    await settled(charges, place, composed.message);
    return composed;
  } catch (error) {
    if (!response.called) returned(charges);
    throw error;
  }
}

async function answer(
  program: Program,
  method: DescMethod,
  request: Message,
  context: HandlerContext,
): Promise<Message> {
  const begun = begin(program, method, request, context);
  const { response } = begun;
  try {
    const { message, entries } = declared(program, method.output, await answered(program, begun, method));
    if (entries.length > 0)
      context.responseHeader.set(
        "bff-degraded",
        [...new Set(entries.map(({ path }) => path.replace(/\[\d+\]/g, "[*]")))].join(","),
      );
    return message.message;
  } catch (error) {
    throw await status(response, error);
  } finally {
    response.ending.abort();
  }
}

/** Copies fields by name into the declared response, and fills its degradations. */
function declared(program: Program, desc: DescMessage, { message, entries }: Composed): Composed {
  const same = message.desc.typeName === desc.typeName;
  const made = same ? message : reflect(desc);
  for (const field of same ? [] : desc.fields) {
    const from = message.desc.fields.find(({ name }) => name === field.name);
    if (from !== undefined && message.isSet(from)) made.set(field, message.get(from) as never);
  }
  const kept = entries.filter(({ path }) => desc.fields.some(({ name }) => name === /^\w+/.exec(path)?.[0]));
  const ordered = [...kept].sort((a, b) => numberOf(desc, a) - numberOf(desc, b));
  fill(program, made, ordered);
  return { message: made, entries: ordered };
}
const numberOf = (desc: DescMessage, { path }: Entry): number =>
  desc.fields.find(({ name }) => name === /^\w+/.exec(path)?.[0])?.number ?? 0;

const EFFECTS = ["", "MISSING", "REPLACED", "INCOMPLETE"];

function fill(program: Program, message: ReflectMessage, entries: readonly Entry[]): void {
  const field = message.desc.fields.find(
    (candidate: DescField) => candidate.message?.typeName === "bff.v1.Degradation",
  );
  const type = program.registry.getMessage("bff.v1.Degradation");
  if (field?.fieldKind !== "list" || type === undefined) return;
  const list = message.get(field) as { add: (item: ReflectMessage) => void };
  for (const { path, effect, reason, upstream, count } of folded(entries))
    list.add(
      reflect(
        type,
        create(type, {
          path,
          effect: EFFECTS.indexOf(effect),
          reason: REASONS.indexOf(reason),
          upstream,
          count,
        } as never),
      ),
    );
}

const MAX_ENTRIES = 8;
/** More than eight entries that differ in positions only become one. */
function folded(entries: readonly Entry[]): readonly (Entry & { readonly count: number })[] {
  const groups = Map.groupBy(entries, ({ path, effect, reason, upstream }) =>
    [path.replace(/\[\d+\]/g, "[*]"), effect, reason, upstream].join(" "),
  );
  return [...groups.values()].flatMap((group) => {
    const [element] = group;
    if (element === undefined || group.length <= MAX_ENTRIES) return group.map((entry) => ({ ...entry, count: 0 }));
    return [{ ...element, path: element.path.replace(/\[\d+\]/g, "[*]"), count: group.length }];
  });
}

/** The client's status: guards in declared order, then `fail`, then the failure. */
async function status(response: Response, error: unknown): Promise<ConnectError> {
  const refusals = (await Promise.all(response.guards)).filter((refusal) => refusal !== undefined);
  if (error instanceof Refusal) refusals.push(error);
  const [first] = refusals.sort(byRank);
  if (first !== undefined) {
    const made = new ConnectError(first.message, first.code, first.headers);
    made.details.push(...first.details);
    return made;
  }
  if (error instanceof StepFailure) return new ConnectError("", error.code);
  return new ConnectError(String(error), Code.Unknown);
}
function byRank(a: Refusal, b: Refusal): number {
  if (a.rank === undefined || b.rank === undefined) return Number(a.rank === undefined) - Number(b.rank === undefined);
  const at = a.rank.findIndex((position, depth) => position !== b.rank?.[depth]);
  return (a.rank[at] ?? -1) - (b.rank[at] ?? -1);
}
