// Calls of upstreams: policies, deadlines, retries, hedges, caches, and equal calls.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { Invalid } from "../transcoding/rest.ts";
import { invalid, StepFailure } from "./result.ts";
import { type Branch, type Call, durationMs, type ErrorRule, type Policy, type Shard, type Upstream } from "./rules.ts";
import { Breaker } from "./sides.ts";

/** An answer with its headers and trailers. */
export interface Answer {
  readonly message: Message;
  readonly headers: Headers;
  readonly trailers: Headers;
}

const UNAVAILABLE = new Set([
  Code.Unavailable,
  Code.Internal,
  Code.Unknown,
  Code.DataLoss,
  Code.Aborted,
  Code.Canceled,
]);
const KEPT = new Set([Code.Unavailable, Code.ResourceExhausted, Code.DeadlineExceeded]);

/** Returns the number of a status by its name in options. */
export function codeNamed(name: string): Code {
  const plain = name.replaceAll("_", "").toLowerCase().replace("cancelled", "canceled");
  const [, code] = Object.entries(Code).find(([key]) => key.toLowerCase() === plain) ?? [];
  return code as Code;
}

/** The policies of a call. */
export interface MergedPolicy extends Policy {
  readonly onError: readonly ErrorRule[];
  readonly branch: readonly Branch[];
  /** `near`: the call itself has the key. */
  readonly shard: Shard & { readonly near: boolean; readonly is: boolean };
  /** Owner of the breaker: the method or the service. */
  readonly guarded: string;
}

/** Merges the policies of a call: the nearest option wins. Entries come in their order. */
export function policyOf(call: Call, entries: readonly Upstream[]): MergedPolicy {
  const [service = ""] = call.method.split("/");
  const rank = ({ method, service }: Upstream): number => [method, service, ""].findIndex((name) => name !== undefined);
  const governing = entries
    .filter((entry) => (entry.method ?? call.method) === call.method && (entry.service ?? service) === service)
    .sort((a, b) => rank(a) - rank(b));
  const near: readonly Policy[] = [call, ...governing];
  const leaf = <T>(pick: (policy: Policy) => T | undefined): T | undefined =>
    near.map(pick).find((value) => value !== undefined);
  const keys = new Map(
    [...near].reverse().flatMap(({ metadata = [] }) => metadata.map((entry) => [entry.name, entry])),
  );
  return {
    timeout: leaf(({ timeout }) => timeout),
    retry: {
      attempts: leaf(({ retry }) => retry?.attempts),
      on: leaf(({ retry }) => retry?.on),
      if: leaf(({ retry }) => retry?.if),
    },
    hedge: { delay: leaf(({ hedge }) => hedge?.delay), max: leaf(({ hedge }) => hedge?.max) },
    cache: { ttl: leaf(({ cache }) => cache?.ttl) },
    metadata: [...keys.values()],
    forward: leaf(({ forward }) => forward),
    protocol: leaf(({ protocol }) => protocol),
    branch: governing.find(({ branch }) => branch !== undefined)?.branch ?? [],
    shard: {
      by: leaf(({ shard }) => shard?.by),
      name: call.shard?.name,
      hash: leaf(({ shard }) => shard?.hash),
      near: call.shard !== undefined,
      is: governing.some(({ shard }) => shard !== undefined),
    },
    breaker: {
      off: leaf(({ breaker }) => breaker?.off),
      minimum: leaf(({ breaker }) => breaker?.minimum),
      errorRate: leaf(({ breaker }) => breaker?.errorRate),
      window: leaf(({ breaker }) => breaker?.window),
      openFor: leaf(({ breaker }) => breaker?.openFor),
      consecutive: leaf(({ breaker }) => breaker?.consecutive),
    },
    guarded: governing.some(({ method, breaker }) => method && breaker) ? call.method : service,
    onError: near.flatMap(({ onError = [] }) => onError),
  };
}

/** Bounds of a call. */
interface CallLimits {
  readonly side: string;
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** The call has no side effects. */
  readonly repeatable: boolean;
  readonly again: (failure: StepFailure) => Promise<boolean>;
}

/** Calls of one process. */
export class Upstreams {
  readonly #transports: ReadonlyMap<string, Transport>;
  readonly #breakers = new Map<string, Breaker>();
  readonly #cached = new Map<string, { readonly answer: Promise<Answer>; readonly until: number }>();

  /** @param transports by branches and shards; "" for the usual one, "HTTP_JSON" for that over HTTP with JSON */
  constructor(transports: ReadonlyMap<string, Transport>) {
    this.#transports = transports;
  }
  #to(name: string): Transport {
    const found = this.#transports.get(name);
    if (found === undefined) throw new Error(`no address ${name}`);
    return found;
  }

  /** Returns the key of a call: equal calls have equal keys. */
  keyOf(method: DescMethod, message: Message, headers: ReadonlyMap<string, string | Uint8Array>, side: string): string {
    const sent = [...headers].map(([name, value]) => `${name}=${Buffer.from(value).toString("base64")}`).sort();
    const bytes = toBinary(method.input, message);
    return createHash("sha256").update(`${method} ${side} ${sent} `).update(bytes).digest("hex");
  }

  /** Calls with all policies. `again` evaluates `retry.if`. Throws `StepFailure`. */
  async call(
    method: DescMethod,
    message: Message,
    headers: ReadonlyMap<string, string | Uint8Array>,
    policy: MergedPolicy,
    limits: CallLimits,
  ): Promise<Answer> {
    const limit =
      policy.timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + durationMs(policy.timeout);
    const bounded = { ...limits, deadline: Math.min(limits.deadline, limit) };
    const fresh = () => this.#attempts(method, message, headers, policy, bounded);
    if (policy.cache?.ttl === undefined) return fresh();
    const key = this.keyOf(method, message, headers, limits.side);
    const found = this.#cached.get(key);
    if (found !== undefined && found.until > performance.now()) return found.answer;
    const answer = fresh();
    this.#cached.set(key, { answer, until: performance.now() + durationMs(policy.cache.ttl) });
    answer.catch(() => this.#cached.delete(key));
    return answer;
  }

  async #attempts(
    method: DescMethod,
    message: Message,
    headers: ReadonlyMap<string, string | Uint8Array>,
    policy: MergedPolicy,
    { deadline, signal, again, side, repeatable }: CallLimits,
  ): Promise<Answer> {
    const { retry = {}, hedge = {}, protocol, guarded, breaker: rule = {} } = policy;
    const breaker = this.#breakers.get(`${guarded} ${side}`) ?? new Breaker();
    this.#breakers.set(`${guarded} ${side}`, breaker);
    const { counted } = breaker;
    const kinds = (retry.on ?? ["UNAVAILABLE"]).map(codeNamed);
    const to = this.#to(protocol === "HTTP_JSON" ? protocol : side);
    const upstream = method.parent.typeName;
    const guard = async (attempt: () => Promise<Answer>): Promise<Answer> => {
      if (rule.off) return attempt();
      if (!breaker.enter()) throw new StepFailure("BREAKER_OPEN", Code.Unavailable, upstream, "open");
      const end = (error?: unknown): void =>
        breaker.leave(error instanceof StepFailure ? error.original : undefined, rule);
      try {
        const answer = await attempt();
        end();
        return answer;
      } catch (error) {
        end(error);
        throw error;
      }
    };
    const most = repeatable ? (retry.attempts ?? 3) : 1;
    for (let attempt = 1; ; attempt++) {
      try {
        const delay = repeatable && hedge.delay !== undefined ? durationMs(hedge.delay) : undefined;
        if (delay === undefined)
          return await guard(() =>
            this.#attempt(to, method, message, headers, { deadline, signal, previous: attempt - 1 }),
          );
        return await this.#hedged(
          (at) => this.#attempt(to, method, message, headers, { deadline, signal: at, previous: 0 }),
          delay,
          hedge.max ?? 1,
          signal,
        );
      } catch (error) {
        const retried =
          error instanceof StepFailure && kinds.includes(error.original) && !/INVALID|BREAKER_OPEN/.test(error.reason);
        if (!retried || attempt >= most || !(await again(error))) {
          if (error instanceof StepFailure) breaker.fail(error, counted, rule);
          throw error;
        }
        await sleep(1);
      }
    }
  }

  /** Sends further attempts beside the first one; the first good answer wins. */
  async #hedged(
    attempt: (signal: AbortSignal) => Promise<Answer>,
    delay: number,
    max: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const losing = new AbortController();
    const both = AbortSignal.any([signal, losing.signal]);
    const running = Array.from({ length: max + 1 }, async (_, at) => {
      if (at > 0) await sleep(delay * at, undefined, { signal: both });
      return attempt(both);
    });
    try {
      const [element] = running;
      const early = element?.catch((error) =>
        error.original === Code.Unavailable ? Promise.race(running.slice(1)) : Promise.reject(error),
      );
      return await Promise.race([...(early ? [early] : []), ...running.slice(1)]);
    } finally {
      for (const each of running) each.catch(() => undefined);
      losing.abort();
    }
  }

  async #attempt(
    to: Pick<Transport, "unary">,
    method: DescMethod,
    message: Message,
    metadata: ReadonlyMap<string, string | Uint8Array>,
    { deadline, signal, previous }: Pick<CallLimits, "deadline" | "signal"> & { readonly previous: number },
  ): Promise<Answer> {
    const upstream = method.parent.typeName;
    const left = Math.floor(deadline - performance.now());
    if (left < 1) throw new StepFailure("TIMEOUT", Code.DeadlineExceeded, upstream, "no time left");
    const headers = headersOf(metadata);
    if (previous > 0) headers.set("grpc-previous-rpc-attempts", String(previous));
    try {
      const response = await to.unary(method as DescMethodUnary, signal, left, headers, message);
      return { message: response.message, headers: response.header, trailers: response.trailer };
    } catch (error) {
      if (!(error instanceof Invalid)) throw failureOf(ConnectError.from(error), upstream);
      throw invalid(error.message, error.code, error.answered ? upstream : "");
    }
  }

  /** Opens a stream of an upstream. */
  async *stream(
    method: DescMethod,
    message: Message,
    metadata: ReadonlyMap<string, string | Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Message> {
    const inputs = (async function* () {
      yield message;
    })();
    try {
      const headers = headersOf(metadata);
      const response = await this.#to("").stream(
        method as DescMethodServerStreaming,
        signal,
        undefined,
        headers,
        inputs,
      );
      yield* response.message;
    } catch (error) {
      throw failureOf(ConnectError.from(error), method.parent.typeName);
    }
  }
}

function headersOf(metadata: ReadonlyMap<string, string | Uint8Array>): Headers {
  const headers = new Headers();
  for (const [name, value] of metadata)
    headers.set(name, typeof value === "string" ? value : Buffer.from(value).toString("base64").replace(/=+$/, ""));
  return headers;
}

/** Maps the end of a call to a reason and to the client's status. */
function failureOf(error: ConnectError, upstream: string): StepFailure {
  const reset =
    error.cause instanceof Error && "code" in error.cause && /^(ERR_HTTP2|ECONN)/.test(String(error.cause.code));
  const original = error.code;
  const failed = UNAVAILABLE.has(original) || original === Code.ResourceExhausted ? "UNAVAILABLE" : "REJECTED";
  const reason = original === Code.DeadlineExceeded ? "TIMEOUT" : failed;
  const kept = reset ? Code.Unavailable : original;
  const code = KEPT.has(kept) ? kept : Code.Internal;
  const details = error.details.flatMap((detail) =>
    "type" in detail ? [{ type: detail.type, value: detail.value }] : [],
  );
  return new StepFailure(reason, code, upstream, error.rawMessage, { original, details });
}
