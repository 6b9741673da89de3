// Plays a case over one protocol, and returns the differences between what happened and what the case expects.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  toJson,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { Case, Expected, Play, Script } from "./case.ts";
import { tokenOf } from "./issuer.ts";
import { requestedByRest } from "./rest.ts";
import { CASE_HEADER, type Call, Stage, type Stages } from "./stage.ts";
import { methodOf, type Suite } from "./suite.ts";

/** Time for calls of an upstream to end after the response. */
const SETTLE_MS = 5_000;
/** The client's deadline where a case has none. */
const PATIENCE_MS = 20_000;

type Result = Expected & {
  readonly headers: Readonly<Record<string, string>>;
  readonly tokens: readonly string[];
  readonly took: number;
};

/** Returns the rules of a case and of the world. */
export function scriptOf({ world }: Suite, { upstreams = {} }: Case): Script {
  const methods = Object.keys({ ...world, ...upstreams });
  return Object.fromEntries(
    methods.map((method) => [method, [...(upstreams[method] ?? []), ...(world[method] ?? [])]]),
  );
}

/** The server under test, over one protocol. */
interface Target {
  readonly transport: Transport;
  readonly url: string;
}
/** The ends of cases that take turns. */
const turns = new Map<string, Promise<unknown>>();

/** Runs a case. Calls that arrive later join `calls` until the stage `name` is removed. */
export async function run(suite: Suite, test: Case, target: Target, stages: Stages, name: string) {
  if (test.turn === undefined) return runNow(suite, test, target, stages, name);
  const before = turns.get(test.turn);
  const ended = (async () => {
    await before;
    return runNow(suite, test, target, stages, name);
  })();
  turns.set(
    test.turn,
    ended.catch(() => undefined),
  );
  return ended;
}

async function runNow(suite: Suite, test: Case, target: Target, stages: Stages, name: string) {
  const stage = new Stage(scriptOf(suite, test));
  stages.set(name, stage);
  const results: Result[] = [];
  for (const play of [test, ...(test.then ?? [])]) {
    if (play.wait !== undefined) await sleep(play.wait);
    const { caller, resume, headers_sent } = play;
    const headers = {
      ...headers_sent,
      ...(caller && { authorization: tokenOf(caller) }),
      ...(resume !== undefined && { "bff-resume": results.at(-1)?.tokens[resume] ?? "" }),
      [CASE_HEADER]: name,
    };
    results.push(await requested(suite, test.rpc, play, target, headers));
  }
  await stage.until(() => stage.idle(), AbortSignal.timeout(SETTLE_MS));
  return { results, calls: stage.calls };
}

async function requested(
  suite: Suite,
  rpc: string,
  play: Play,
  { transport, url }: Target,
  headers: Readonly<Record<string, string>>,
): Promise<Result> {
  const { registry } = suite;
  const method = methodOf(registry, `conformance.${rpc}`);
  const begin = performance.now();
  if (play.rest !== undefined) {
    const result = await requestedByRest(method.output, play.rest, url, headers);
    return { ...result, tokens: [], took: performance.now() - begin };
  }
  const input = fromJson(method.input, play.request ?? {}, { registry });
  const timeout = play.timeout ?? PATIENCE_MS;
  const received: Message[] = [];
  let answered = new Headers();
  let status: Expected["status"];
  try {
    if (method.methodKind === "unary") {
      const response = await transport.unary(method as DescMethodUnary, undefined, timeout, headers, input);
      answered = response.header;
      received.push(response.message);
    } else {
      const inputs = (async function* () {
        yield input;
      })();
      const stream = method as DescMethodServerStreaming;
      const response = await transport.stream(stream, undefined, timeout, headers, inputs);
      answered = response.header;
      for await (const message of response.message) received.push(message);
    }
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    status = statusOf(error, suite);
    answered = error.metadata;
  }
  const took = performance.now() - begin;
  const all = received.map((message) => toJson(method.output, message, { registry }) as JsonObject);
  const messages = all.filter(({ position }) => !(position as JsonObject | undefined)?.beat);
  const plain = messages.map(plainly);
  const degraded = degradations(messages.at(-1));
  return {
    ...(method.methodKind === "unary" ? plain[0] && { answer: plain[0] } : { messages: plain }),
    ...(degraded.length > 0 && { degraded }),
    ...(status && { status }),
    headers: Object.fromEntries(answered),
    tokens: messages.map(({ position }) => String((position as JsonObject | undefined)?.token ?? "")),
    took,
  };
}

/** A message without its degradations and the token of its position, and with its parts in the order of their names. */
function plainly({ degraded: _, parts, position, ...others }: JsonObject): JsonObject {
  const { token: __, ...place } = (position ?? {}) as JsonObject;
  const rest = position === undefined ? others : { ...others, position: place };
  if (!Array.isArray(parts)) return rest;
  return { ...rest, parts: (parts as JsonObject[]).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) };
}

/** Merges messages as clients do. */
export function merged(messages: readonly JsonObject[]): JsonObject {
  const parts = messages.flatMap((message) => (message.parts ?? []) as JsonObject[]);
  return plainly(Object.assign({}, ...messages, parts.length > 0 && { parts }));
}

/** Details of refusals by limits. Their content depends on time, so only their presence counts. */
const LIMITED = new Set(["google.rpc.RetryInfo", "google.rpc.QuotaFailure"]);

function statusOf(error: ConnectError, { registry }: Suite): NonNullable<Expected["status"]> {
  const details = error.details.flatMap((detail): JsonValue[] => {
    if (!("type" in detail)) return [];
    const desc = registry.getMessage(detail.type);
    if (desc === undefined)
      return error.code === Code.ResourceExhausted && LIMITED.has(detail.type) ? [detail.type] : [];
    return [{ "@type": desc.typeName, ...(toJson(desc, fromBinary(desc, detail.value)) as JsonObject) }];
  });
  return { code: error.code, message: error.rawMessage, ...(details.length > 0 && { details }) };
}

function degradations(message: JsonObject | undefined): readonly string[] {
  const entries = Array.isArray(message?.degraded) ? (message.degraded as JsonObject[]) : [];
  return entries.map(({ path, effect, reason, upstream = "", count }) => {
    const text = `${path} ${String(effect).slice("EFFECT_".length)} ${String(reason).slice("REASON_".length)} ${upstream}`;
    return `${text.trim()}${count === undefined ? "" : ` x${count}`}`;
  });
}

/** Returns the differences of a run, one a line. */
export function differences(test: Case, { results, calls }: Awaited<ReturnType<typeof run>>): readonly string[] {
  const plays = [test, ...(test.then ?? [])];
  return [...plays.flatMap((play, at) => different(play, results[at])), ...callDifferences(test, calls)];
}

/** JSON has one zero. */
const plainJson = (value: unknown): unknown => (value === undefined ? value : JSON.parse(JSON.stringify(value)));
const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

function different(play: Play, result: Result | undefined): readonly string[] {
  if (result === undefined) return ["no response"];
  const { status } = result;
  const { message, details } = play.status ?? {};
  const counted = status && {
    code: status.code,
    ...(message !== undefined && { message: status.message }),
    ...(details !== undefined && { details: status.details }),
  };
  const parts: readonly (readonly [string, unknown, unknown])[] = [
    ["status", counted, play.status],
    ["answer", result.answer, play.answer],
    ["http", result.http, play.http],
    play.merged === undefined
      ? ["messages", result.messages, play.messages]
      : ["merged", merged(result.messages ?? []), play.merged],
    ...(play.merged === undefined ? [] : [["first", result.messages?.[0], play.first] as const]),
    ["degraded", result.degraded, play.degraded],
    ...Object.entries(play.headers ?? {}).map(
      ([name, value]) => [`header ${name}`, result.headers[name] ?? "", value] as const,
    ),
  ];
  const found = parts.filter(([, got, expected]) => !isDeepStrictEqual(plainJson(got), plainJson(expected)));
  const [least, most] = play.ms ?? [0, Number.POSITIVE_INFINITY];
  return [
    ...Object.entries(play.ranges ?? {}).flatMap(([name, [from, to]]) => {
      const value = Number(result.headers[name] ?? Number.NaN);
      return value >= from && value <= to ? [] : [`header ${name}: got ${value}, expected ${from} to ${to}`];
    }),
    ...found.map(([part, got, expected]) => `${part}: got ${shown(got)}, expected ${shown(expected)}`),
    ...(result.took < least || result.took > most
      ? [`took ${result.took.toFixed()} ms, expected ${least} to ${most}`]
      : []),
  ];
}

function callDifferences(test: Case, calls: readonly Call[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { key } of calls) counts.set(key, (counts.get(key) ?? 0) + 1);
  const numbers = [...new Set([...Object.keys(test.calls), ...counts.keys()])].flatMap((key) => {
    const expected = test.calls[key] ?? 0;
    const [least, most] = typeof expected === "number" ? [expected, expected] : expected;
    const count = counts.get(key) ?? 0;
    return count < least || count > most ? [`${key} was sent ${count} times, expected ${least} to ${most}`] : [];
  });
  const named = (beginning: string): readonly Call[] => calls.filter(({ key }) => key.startsWith(beginning));
  const orders = (test.order ?? []).flatMap(([first, second]) => {
    const end = Math.max(0, ...named(first).map((call) => call.end ?? Number.POSITIVE_INFINITY));
    return named(second).some(({ begin }) => begin < end) ? [`${second} began before ${first} had ended`] : [];
  });
  const sent = Object.entries(test.sent ?? {}).flatMap(([beginning, metadata]) =>
    named(beginning).flatMap(({ key, headers }, at) =>
      Object.entries(metadata).flatMap(([name, value]) => {
        const expected = value !== null && typeof value === "object" ? value[at] : value;
        const got = headers.get(name);
        return got === expected ? [] : [`${key} had ${name}: ${shown(got)}, expected ${shown(expected)}`];
      }),
    ),
  );
  const late = Object.entries(test.deadlines ?? {}).flatMap(([beginning, [least, most]]) =>
    named(beginning).flatMap(({ key, timeoutMs = Number.POSITIVE_INFINITY }) =>
      timeoutMs < least || timeoutMs > most ? [`${key} had ${timeoutMs} ms, expected ${least} to ${most}`] : [],
    ),
  );
  const kept = (test.cancelled ?? []).flatMap((beginning) =>
    named(beginning).flatMap(({ key, cancelled }) => (cancelled ? [] : [`${key} was not cancelled`])),
  );
  return [...numbers, ...orders, ...sent, ...late, ...kept];
}
