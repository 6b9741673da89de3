// Plays a case over one protocol, and returns the differences between what happened and what the case expects.
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
import { ConnectError, type Transport } from "@connectrpc/connect";
import type { Case, Expected, Play, Script } from "./case.ts";
import { methodOf, type Suite } from "./suite.ts";
import { CASE_HEADER, type Call, Stage } from "./upstreams.ts";

/** Time for calls of an upstream to end after the response. */
const SETTLE_MS = 5_000;
/** The client's deadline where a case has none. */
const PATIENCE_MS = 20_000;

type Result = Expected & { readonly headers: Readonly<Record<string, string>>; readonly took: number };

/** Returns the rules of a case and of the world. */
export function scriptOf({ world }: Suite, { upstreams = {} }: Case): Script {
  const methods = Object.keys({ ...world, ...upstreams });
  return Object.fromEntries(
    methods.map((method) => [method, [...(upstreams[method] ?? []), ...(world[method] ?? [])]]),
  );
}

/** Runs a case. Calls that arrive later join `calls` until the stage `name` is removed. */
export async function run(suite: Suite, test: Case, transport: Transport, stages: Map<string, Stage>, name: string) {
  const stage = new Stage(scriptOf(suite, test));
  stages.set(name, stage);
  const results: Result[] = [];
  for (const play of [test, ...(test.then ?? [])])
    results.push(await requested(suite, test.rpc, play, transport, name));
  await stage.until(() => stage.idle(), AbortSignal.timeout(SETTLE_MS));
  return { results, calls: stage.calls };
}

async function requested(suite: Suite, rpc: string, play: Play, transport: Transport, name: string): Promise<Result> {
  const { registry } = suite;
  const method = methodOf(registry, `conformance.${rpc}`);
  const input = fromJson(method.input, play.request ?? {}, { registry });
  const headers = { ...play.headers_sent, [CASE_HEADER]: name };
  const timeout = play.timeout ?? PATIENCE_MS;
  const received: Message[] = [];
  const begin = performance.now();
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
    status = statusOf(ConnectError.from(thrown), suite);
  }
  const took = performance.now() - begin;
  const messages = received.map((message) => toJson(method.output, message, { registry }) as JsonObject);
  const plain = messages.map(plainly);
  const degraded = degradations(messages.at(-1));
  return {
    ...(method.methodKind === "unary" ? plain[0] && { answer: plain[0] } : { messages: plain }),
    ...(degraded.length > 0 && { degraded }),
    ...(status && { status }),
    headers: Object.fromEntries(answered),
    took,
  };
}

/** A message without its degradations, and with its parts in the order of their names. */
function plainly({ degraded: _, parts, ...rest }: JsonObject): JsonObject {
  if (!Array.isArray(parts)) return rest;
  return { ...rest, parts: (parts as JsonObject[]).sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1)) };
}

/** Merges messages as clients do. */
export function merged(messages: readonly JsonObject[]): JsonObject {
  const parts = messages.flatMap((message) => (message.parts ?? []) as JsonObject[]);
  return plainly(Object.assign({}, ...messages, parts.length > 0 && { parts }));
}

function statusOf(error: ConnectError, { registry }: Suite): NonNullable<Expected["status"]> {
  const details = error.details.flatMap((detail): JsonValue[] => {
    const desc = "type" in detail ? registry.getMessage(detail.type) : undefined;
    if (desc === undefined || !("type" in detail)) return [];
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
