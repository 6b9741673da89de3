// Requests of a golden file, sent to a BFF.
import { type DescMethodUnary, isFieldSet, type Message, type Registry } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { MethodOptions_IdempotencyLevel as Level } from "@bufbuild/protobuf/wkt";
import type { Transport } from "@connectrpc/connect";
import { isStored, methodOf, parsed, prune } from "../contract/example.ts";
import { type Failed, type Replayed, type ReplayOptions, send } from "../contract/replay.ts";
import { Refusal } from "../terminal.ts";
import type { GoldenRequest } from "./document.ts";
import { type IgnoredPath, resolvePath } from "./ignored-path.ts";

/** A request of the file, resolved in the project's protos. */
export interface Exchange {
  /** Position in the file, from 1. */
  readonly index: number;
  readonly golden: GoldenRequest;
  readonly method: DescMethodUnary;
  readonly request: Message;
  /** The recorded answer; undefined: none, or a status. */
  readonly recorded: ReflectMessage | undefined;
  readonly ignored: readonly IgnoredPath[];
}

/** The result of an exchange. */
export interface Exchanged extends Replayed {
  readonly seconds: number;
}

/** Server of a golden file. */
export interface Bff extends Pick<ReplayOptions, "timeoutMs" | "headers" | "writes"> {
  readonly transport: Transport;
}

/** Throws a `Refusal` for an unknown rpc, field or path. */
export function resolveExchanges(all: readonly GoldenRequest[], registry: Registry, path: string): readonly Exchange[] {
  return all.map((golden, i) => {
    const refuse = (message: string): never => {
      throw new Refusal(`${path}: example ${i + 1}: ${message}`, 2);
    };
    const method = methodOf(golden.method, registry) ?? refuse(`${golden.method} is in none of the protos`);
    if (method.methodKind !== "unary") return refuse(`${golden.method} is a stream, and only unary rpcs are recorded`);
    const { input, output } = method;
    const request = parsed(input, golden.request, registry);
    if (typeof request === "string") return refuse(`its request is none of ${input.typeName}: ${request}`);
    const response = golden.response === undefined ? undefined : parsed(output, golden.response, registry);
    if (typeof response === "string") return refuse(`its response is none of ${output.typeName}: ${response}`);
    const ignored = (golden.ignore ?? []).map((text) => {
      const found = resolvePath(text, output);
      return typeof found === "string" ? refuse(found) : found;
    });
    const recorded = response === undefined ? undefined : withoutSecrets(reflect(output, response));
    return { index: i + 1, golden, method: method as DescMethodUnary, request, recorded, ignored };
  });
}

function withoutSecrets(message: ReflectMessage): ReflectMessage {
  prune(message, isStored);
  return message;
}

/** An answer that can be compared, a status, or the reason why it is neither. */
export type Answer = { readonly message: ReflectMessage } | { readonly failed: Failed } | { readonly fault: string };

/** Sends a request once. */
export async function answerTo({ golden, method, request }: Exchange, bff: Bff): Promise<Answer> {
  const headers = new Headers(golden.headers);
  for (const [name, value] of bff.headers) headers.set(name, value);
  const answer = await send(method, request, bff.transport, bff.timeoutMs, headers);
  if ("status" in answer) return { failed: answer };
  const message = withoutSecrets(reflect(method.output, answer.message));
  const degraded = answer.header.get("bff-degraded") ?? degradedField(message);
  return degraded === undefined ? { message } : { fault: `is degraded: ${degraded.slice(0, MAX_SHOWN_CHARACTERS)}` };
}
const MAX_SHOWN_CHARACTERS = 200;

/** Returns the name of the field with degradations; a proxy may have removed the header. */
const degradedField = ({ desc, message }: ReflectMessage): string | undefined =>
  desc.fields.find((field) => field.message?.typeName === "bff.v1.Degradation" && isFieldSet(message, field))?.name;

/** Number of requests at a time. */
const AT_ONCE = 4;

/** Runs exchanges, a few at a time, except those that may have side effects. The results are in the file's order. */
export async function runAll(
  exchanges: readonly Exchange[],
  { writes }: Bff,
  run: (exchange: Exchange) => Promise<readonly string[]>,
): Promise<readonly Exchanged[]> {
  const results: Exchanged[] = [];
  const queue = exchanges.entries();
  const work = async (): Promise<void> => {
    for (const [i, exchange] of queue) {
      const { index, method, golden } = exchange;
      const isSkipped = method.idempotency !== Level.NO_SIDE_EFFECTS && !writes;
      const start = performance.now();
      const faults = isSkipped ? [] : await run(exchange);
      const skipped = isSkipped ? "it may have side effects: --writes sends it" : undefined;
      results[i] = { index, method: golden.method, faults, skipped, seconds: (performance.now() - start) / 1_000 };
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}
