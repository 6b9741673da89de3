// For React: hooks that follow streams, and a component for partial answers. Unary rpcs have the hooks of connect-query.
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { useEffect, useRef, useState } from "react";
import { type Followed, type FollowOptions, type FollowState, follow } from "./follow.ts";
import { type Arriving, arrived, merged } from "./merge-parts.ts";

export { Degraded, type DegradedProps, type PartialAnswer } from "./degraded.ts";

/** Options of `useFollow`. Others than `over` and `enabled` may differ in each rendering, without an effect on the stream. */
export interface UseFollowOptions<O extends DescMessage, Value> extends Omit<FollowOptions, "signal" | "onState"> {
  /** Returns the value after a message, without a change of the value before. */
  readonly reduce: (value: Value, followed: Followed<O>) => Value;
  /** The value before the first message, and again when earlier messages no longer count. */
  readonly initial: Value;
  /** False: nothing is followed. Default: true. */
  readonly enabled?: boolean | undefined;
}

/** State of a hook: nothing is read, as `follow` has it, or the end. */
export type HookState = FollowState["kind"] | "idle" | "ended" | "failed";

/** Result of `useFollow`. */
export interface Following<Value> {
  readonly value: Value;
  readonly state: HookState;
  /** Set if the stream has failed for good. */
  readonly error: unknown;
}

/**
 * Follows a server-streaming rpc while the component is mounted, and reduces its messages to a value. Another input (by
 * value), method or transport begins a new stream. Nothing is followed during rendering on a server.
 *
 * @example
 * const OVER = events({ baseUrl: "https://bff.example.com" }); // once, outside of the component
 *
 * function Run({ runId }: { runId: string }) {
 *   const { value, state } = useFollow(RunService.method.followRun, { runId }, {
 *     over: OVER,
 *     initial: [] as readonly RunItem[],
 *     reduce: (items, { message }) => [...items, message],
 *   });
 *   …
 * }
 */
export function useFollow<I extends DescMessage, O extends DescMessage, Value>(
  method: DescMethodServerStreaming<I, O>,
  input: MessageInitShape<I>,
  options: UseFollowOptions<O, Value>,
): Following<Value> {
  const { over, initial, enabled = true } = options;
  const latest = useRef(options);
  latest.current = options;
  const [shown, show] = useState<Following<Value>>({ value: initial, state: "idle", error: undefined });
  const key = keyOf(method, input);
  useEffect(() => {
    const left = new AbortController();
    show({ value: latest.current.initial, state: "idle", error: undefined });
    if (!enabled) return undefined;
    const onState = ({ kind }: FollowState): void => {
      const anew = kind === "reset";
      show(({ value, error }) => ({ value: anew ? latest.current.initial : value, state: kind, error }));
    };
    const received = (followed: Followed<O>): void => {
      const { reduce, initial: first } = latest.current;
      show((before) => ({ ...before, value: reduce(followed.reset ? first : before.value, followed) }));
    };
    const messages = follow(method, input, { ...latest.current, over, signal: left.signal, onState });
    void untilItsEnd(messages, received, left.signal, (end) => show(({ value }) => ({ value, ...end })));
    return () => left.abort();
  }, [method, key, over, enabled]);
  return shown;
}

/**
 * Follows a live answer while the component is mounted. Its value is the newest answer.
 *
 * @example
 * const { value: page } = useLive(ShopService.method.watchOrder, { orderId }, { over: OVER });
 */
export function useLive<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  input: MessageInitShape<I>,
  options: Omit<UseFollowOptions<O, never>, "reduce" | "initial">,
): Following<MessageShape<O> | undefined> {
  const reduce = (_before: unknown, { message }: Followed<O>): MessageShape<O> | undefined => message;
  return useFollow<I, O, MessageShape<O> | undefined>(method, input, { ...options, reduce, initial: undefined });
}

/** Options of `useParts`. */
export interface UsePartsOptions {
  readonly transport: Transport;
  /** Returns the headers of the request. */
  readonly headers?: (() => ConstructorParameters<typeof Headers>[0]) | undefined;
  /** False: nothing is requested. Default: true. */
  readonly enabled?: boolean | undefined;
}

/** Result of `useParts`. */
export interface WithParts<O extends DescMessage> {
  /** The parts that have arrived, merged. Undefined before the first message. */
  readonly value: MessageShape<O> | undefined;
  /** Returns true if a deferred part has arrived, or if the response is complete. */
  readonly arrived: (name: string) => boolean;
  readonly state: Exclude<HookState, "reset" | "waiting">;
  /** Set if the rpc has failed. The value then has the parts of before. */
  readonly error: unknown;
}

/**
 * Requests a response in parts while the component is mounted. Another input (by value), method or transport makes a new
 * request. Nothing is requested during rendering on a server.
 *
 * @example
 * const { value, arrived } = useParts(ShopService.method.streamPage, { id }, { transport });
 * if (!arrived("reviews")) return <Spinner />;
 */
export function useParts<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  input: MessageInitShape<I>,
  { transport, headers, enabled = true }: UsePartsOptions,
): WithParts<O> {
  const latest = useRef(headers);
  latest.current = headers;
  const [shown, show] = useState<Omit<WithParts<O>, "arrived">>(NOTHING);
  const key = keyOf(method, input);
  useEffect(() => {
    const left = new AbortController();
    show(enabled ? { ...NOTHING, state: "opening" } : NOTHING);
    if (!enabled) return undefined;
    const received = (value: MessageShape<O>): void => show({ value, state: "open", error: undefined });
    const parts = merged(
      method.output,
      responsesOf(transport, method, input, new Headers(latest.current?.()), left.signal),
    );
    void untilItsEnd(parts, received, left.signal, (end) => show(({ value }) => ({ value, ...end })));
    return () => left.abort();
  }, [method, key, transport, enabled]);
  const { value, state } = shown;
  const isThere = (name: string): boolean =>
    state === "ended" || (value !== undefined && hasParts(value) && arrived(value, name));
  return { ...shown, arrived: isThere };
}
const NOTHING = { value: undefined, state: "idle", error: undefined } as const;
const hasParts = (value: object): value is Arriving => "parts" in value && Array.isArray(value.parts);

/** Equal for inputs that are equal as messages. */
function keyOf<I extends DescMessage>({ input: desc }: { readonly input: I }, input: MessageInitShape<I>): string {
  return toBinary(desc, create(desc, input)).join();
}

async function* responsesOf<I extends DescMessage, O extends DescMessage>(
  transport: Transport,
  method: DescMethodServerStreaming<I, O>,
  input: MessageInitShape<I>,
  headers: Headers,
  signal: AbortSignal,
): AsyncGenerator<MessageShape<O>> {
  const response = await transport.stream(method, signal, undefined, headers, single(input));
  yield* response.message;
}
async function* single<T>(value: T): AsyncGenerator<T> {
  yield value;
}

interface End {
  readonly state: "ended" | "failed";
  readonly error: unknown;
}
/** Reads a stream. After `signal` nothing is reported. */
async function untilItsEnd<T>(
  stream: AsyncIterable<T>,
  received: (value: T) => void,
  signal: AbortSignal,
  ended: (end: End) => void,
): Promise<void> {
  try {
    for await (const value of stream) {
      if (signal.aborted) return;
      received(value);
    }
    if (!signal.aborted) ended({ state: "ended", error: undefined });
  } catch (error) {
    if (!signal.aborted) ended({ state: "failed", error });
  }
}
