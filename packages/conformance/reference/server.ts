// The server of the reference: gRPC, Connect and gRPC-Web by connect-node.

import { once } from "node:events";
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from "node:net";
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  type Message,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { Upstreams } from "./calls.ts";
import { type Composed, Composition, type Setting } from "./compose.ts";
import type { Globals } from "./evaluate.ts";
import { type Program, Response } from "./response.ts";
import { type Entry, REASONS, Refusal, StepFailure } from "./result.ts";
import { durationMs, type Rules, type Step } from "./rules.ts";
import { namesIn, Statics } from "./static.ts";
import { followed, inParts, withAllParts } from "./streams.ts";

const DEFAULT_MS = 2_000;

/** Starts the reference for upstreams at a base URL. */
export async function startReference(registry: FileRegistry, rules: Rules, upstreams: string, port = 0) {
  const program: Program = { registry, rules, upstreams: new Upstreams(createGrpcTransport({ baseUrl: upstreams })) };
  const routes = (router: ConnectRouter): void => {
    for (const file of registry.files)
      for (const service of file.services)
        if (rules.services.has(service.typeName)) for (const method of service.methods) route(router, program, method);
  };
  const handler = connectNodeAdapter({ routes });
  // One port for HTTP/1.1 and HTTP/2: the first bytes decide which of two servers gets the connection.
  const inner = [createHttp1(handler), createHttp2(handler)];
  const ports = await Promise.all(inner.map(listening));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.once("data", (bytes) => {
      const target = connect(ports[bytes.toString("latin1", 0, 3) === "PRI" ? 1 : 0] ?? 0, "127.0.0.1");
      for (const each of [socket, target]) sockets.add(each.on("error", () => undefined));
      target.write(bytes);
      socket.pipe(target).pipe(socket);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    for (const each of [server, ...inner]) each.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

async function listening(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function route(router: ConnectRouter, program: Program, method: DescMethod): void {
  if (method.methodKind === "unary")
    router.rpc(method, ((request: Message, context: HandlerContext) =>
      answer(program, method, request, context)) as never);
  if (method.methodKind !== "server_streaming") return;
  router.rpc(method, async function* (request: Message, context: HandlerContext) {
    const begun = begin(program, method, request, context);
    try {
      const parts =
        program.rules.methods.get(key(method))?.stream === undefined ? inParts(begun) : followed(begun, method);
      for await (const composed of parts) yield declared(program, method.output, composed).message.message;
    } catch (error) {
      throw await status(begun.response, error);
    } finally {
      begun.response.ending.abort();
    }
  } as never);
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
export async function composeAll(setting: Setting, composition: Composition): Promise<Composed> {
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

async function answer(
  program: Program,
  method: DescMethod,
  request: Message,
  context: HandlerContext,
): Promise<Message> {
  const { response, setting } = begin(program, method, request, context);
  try {
    const composition = new Composition(setting);
    const composed = withAllParts(composition, await composeAll(setting, composition));
    const { message, entries } = declared(program, method.output, composed);
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

const MOST_ENTRIES = 8;
/** More than eight entries that differ in positions only become one. */
function folded(entries: readonly Entry[]): readonly (Entry & { readonly count: number })[] {
  const groups = Map.groupBy(entries, ({ path, effect, reason, upstream }) =>
    [path.replace(/\[\d+\]/g, "[*]"), effect, reason, upstream].join(" "),
  );
  return [...groups.values()].flatMap((group) => {
    const [element] = group;
    if (element === undefined || group.length <= MOST_ENTRIES) return group.map((entry) => ({ ...entry, count: 0 }));
    return [{ ...element, path: element.path.replace(/\[\d+\]/g, "[*]"), count: group.length }];
  });
}

/** The client's status: guards in declared order, then `fail`, then the failure. */
async function status(response: Response, error: unknown): Promise<ConnectError> {
  const refusals = (await Promise.all(response.guards)).filter((refusal) => refusal !== undefined);
  if (error instanceof Refusal) refusals.push(error);
  const [first] = refusals.sort(byRank);
  if (first !== undefined) {
    const made = new ConnectError(first.message, first.code);
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
