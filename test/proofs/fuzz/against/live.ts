// One request to a build in this process, on a clock of its present: its upstreams answer by their requests alone, so two
// builds meet the same ones.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Declaration } from "../../../../packages/replay/src/world/collect.ts";
import { Capture } from "../../../../packages/server/src/capture/open-capture.ts";
import { readCapture } from "../../../../packages/server/src/config/config-capture.ts";
import { FakeClock } from "../../../../packages/testing/src/fake-clock.ts";
import { MockUpstream } from "../../../../packages/testing/src/mock-upstream.ts";
import { Cache } from "../../../../runtime/src/cache/cache.ts";
import { systemClock } from "../../../../runtime/src/clock.ts";
import type { Endpoint } from "../../../../runtime/src/endpoint/endpoint-options.ts";
import { EnvReader } from "../../../../runtime/src/environment/env-reader.ts";
import { codeName } from "../../../../runtime/src/failure.ts";
import { Breaker } from "../../../../runtime/src/guard/breaker.ts";
import { HedgeBudget, Throttle } from "../../../../runtime/src/guard/budgets.ts";
import { Limit, type UrgentWaiter } from "../../../../runtime/src/guard/limit.ts";
import { QueuedLimit } from "../../../../runtime/src/guard/queued-limit.ts";
import { NOWHERE } from "../../../../runtime/src/identity/incoming-request.ts";
import { Limits } from "../../../../runtime/src/limits/limits.ts";
import { KEY_BYTES, Sealer } from "../../../../runtime/src/sealing/sealer.ts";
import type { Follower, StreamEndpoint } from "../../../../runtime/src/stream/stream-endpoint.ts";
import { MemoryTopics } from "../../../../runtime/src/topic/memory-store.ts";
import { Topics } from "../../../../runtime/src/topic/topic.ts";
import type { Reply, UnaryClient } from "../../../../runtime/src/transport/unary-client.ts";
import { NO_USAGE } from "../../../../runtime/src/usage/usage-event.ts";
import { PREFIX_BYTES } from "../../../../runtime/src/wire/frame.ts";
import { readMessage } from "../../../../runtime/src/wire/reader.ts";
import { pick, seeded } from "../../../bffs/second/random-message.ts";
import { RichWorld, requestIn } from "../rich/rich-world.ts";

/** An attempt that an upstream has received. Times are milliseconds. */
export interface SeenCall {
  /** `package.Service/Method` */
  readonly rpc: string;
  /** Bytes of the message, in hexadecimal digits. */
  readonly message: string;
  readonly at: number;
  endedAt: number;
  /** `open`: it ran when the request ended. */
  end: "answer" | "cancel" | "open";
}
/** A request as its client and the upstreams see it. */
export interface Seen {
  /** `OK`, or the name of a code. */
  status: string;
  message: string;
  degraded: string;
  /** Messages, one after the other. */
  bytes: Uint8Array;
  messages: number;
  readonly calls: SeenCall[];
  tookMs: number;
  /** Headers that were read. */
  readonly headers: ReadonlySet<string>;
  /** Number of attempts that a budget, a breaker or a limit refused. */
  refusals: number;
}
export interface Sent {
  readonly method: DescMethod;
  /** Seed of the request and of the upstreams. */
  readonly seed: string;
  /** Pace and failures of the upstreams. Default: random ones. */
  readonly answers?: (rpc: string, attempt: number) => { readonly ms: number; readonly isFailure?: boolean };
  /** A build whose process has answered a request before, with its seed: its cache is that of this one. */
  readonly warmedBy?: { readonly declaration: Declaration; readonly seed: string } | undefined;
  /** True: its process is busy, so that timers are late and computing takes time. */
  readonly isBusy?: boolean;
}

/**
 * Sends a request to the endpoint of a new process.
 *
 * @param folder of its capture. Undefined: none
 */
export async function sendTo(declaration: Declaration, sent: Sent, folder?: string): Promise<Seen> {
  const clock = new FakeClock();
  const real = { ...systemClock };
  const random = seeded("busy", sent.seed);
  const upTo = (ms: number): number => (sent.isBusy === true ? Math.round(random() * ms * 1_000) / 1_000 : 0);
  Object.assign(systemClock, {
    now: () => {
      clock.skip(upTo(0.1));
      return clock.now();
    },
    date: () => clock.date(),
    random: () => clock.random(),
    setTimeout: <T>(run: (argument: T) => void, ms: number, argument: T) => {
      const due = clock.now() + Math.max(0, ms);
      return clock.setTimeout(run, (sent.isBusy === true ? firedAt(sent.seed, due) : due) - clock.now(), argument);
    },
    clearTimeout: clock.clearTimeout.bind(clock),
  });
  const noted = notingRefusals();
  try {
    const seen = await onClock(clock, declaration, sent, folder);
    return { ...seen, refusals: noted.refusals() };
  } finally {
    noted.restore();
    Object.assign(systemClock, real);
  }
}
/** A busy process fires its timers at the end of its work: all that are due, in their order. */
function firedAt(seed: string, due: number): number {
  const begin = Math.floor(due / BUSY_MS) * BUSY_MS;
  const random = seeded("busy", seed, begin);
  const [from, to] = [random() * BUSY_MS, random() * BUSY_MS].sort((a, b) => a - b).map((ms) => begin + ms);
  if (from === undefined || to === undefined || due < from || due >= to) return due;
  return Math.round(to * 1_000) / 1_000 + (due - from) / 1_000;
}
const BUSY_MS = 8;

/** Counts refusals of budgets, breakers and limits, which depend on the traffic of a process. */
function notingRefusals() {
  let refusals = 0;
  const { take } = HedgeBudget.prototype;
  const { admit } = Breaker.prototype;
  const enters = [Limit.prototype, QueuedLimit.prototype].map((of) => [of, of.enter] as const);
  const refuses = Object.getOwnPropertyDescriptor(Breaker.prototype, "refuses");
  const throttle = Object.getOwnPropertyDescriptor(Throttle.prototype, "allows");
  const noted = <T>(result: T): T => {
    if (result === false || result === undefined) refusals++;
    return result;
  };
  HedgeBudget.prototype.take = function () {
    return noted(take.call(this));
  };
  Breaker.prototype.admit = function () {
    return noted(admit.call(this));
  };
  for (const [of, enter] of enters)
    of.enter = function (waiter: UrgentWaiter) {
      const entry = enter.call(this as never, waiter);
      if (entry === "full") refusals++;
      return entry;
    };
  Object.defineProperty(Throttle.prototype, "allows", {
    ...throttle,
    get() {
      return noted(throttle?.get?.call(this));
    },
  });
  Object.defineProperty(Breaker.prototype, "refuses", {
    ...refuses,
    get() {
      const isOpen: boolean = refuses?.get?.call(this);
      if (isOpen) refusals++;
      return isOpen;
    },
  });
  const restore = (): void => {
    if (refuses !== undefined) Object.defineProperty(Breaker.prototype, "refuses", refuses);
    Object.assign(HedgeBudget.prototype, { take });
    Object.assign(Breaker.prototype, { admit });
    for (const [of, enter] of enters) Object.assign(of, { enter });
    if (throttle !== undefined) Object.defineProperty(Throttle.prototype, "allows", throttle);
  };
  return { refusals: () => refusals, restore };
}

async function onClock(clock: FakeClock, declaration: Declaration, sent: Sent, folder?: string): Promise<Seen> {
  const calls: SeenCall[] = [];
  const cache = new Cache({ clock });
  const parts = { ...partsOf(clock, declaration, sent, calls), cache };
  const create = declaration.create as unknown as (of: object) => Made | Promise<Made>;
  const config = folder && readCapture(new EnvReader({ BFF_CAPTURE: `all;dir=${folder}` }, []), []);
  const { name, services, upstreams } = declaration;
  const capture = config && new Capture({ name, services, upstreams }, config, () => {});
  const made = await (capture === undefined || capture === "" ? create(parts) : capture.around(create)(parts as never));
  const { parent, name: rpc } = sent.method;
  const endpoint = made.find(({ method }) => method.name === rpc && method.parent.typeName === parent.typeName);
  if (endpoint === undefined) throw new Error(`nothing serves ${rpc}`);
  const before = await warming(clock, cache, sent);
  // Time does not pass while files are opened: a timer would fire in the turn in which the request begins.
  const seen = await clock.until(before().then(() => answered(clock, endpoint, sent, calls)));
  if (capture) await capture.close();
  return seen;
}
/** Returns what fills the cache. */
async function warming(clock: FakeClock, cache: Cache, sent: Sent): Promise<() => Promise<void>> {
  const { method, warmedBy } = sent;
  if (warmedBy === undefined) return async () => {};
  const { declaration, seed } = warmedBy;
  const create = declaration.create as unknown as (of: object) => Made | Promise<Made>;
  const made = await create({ ...partsOf(clock, declaration, sent, []), cache });
  const endpoint = made.find((other) => other.method.name === method.name);
  return async () => {
    if (endpoint !== undefined) await answered(clock, endpoint, { method: endpoint.method, seed }, []);
    await after(clock, IDLE_MS);
  };
}
/** Until then all calls have ended, and entries are fresh. */
const IDLE_MS = 2_000;

type Made = readonly (Endpoint | StreamEndpoint)[];

/** Path of the one capture in a folder. */
export const captureIn = (folder: string): string =>
  join(folder, readdirSync(folder).find((name) => name.endsWith(".capture")) ?? "");

function partsOf(clock: FakeClock, declaration: Declaration, { seed, answers }: Sent, calls: SeenCall[]): object {
  const world = new RichWorld(seed);
  world.clock = clock;
  const mocks = world.mocks() as Readonly<Record<string, Readonly<Record<string, Handler>>>>;
  const clients = Object.entries(declaration.upstreams).map(([name, service]) => {
    const handlers = Object.fromEntries(
      Object.entries(mocks[name] ?? {}).map(([method, handler]) => [
        method,
        answers === undefined ? paced(clock, `${seed} ${method}`, handler) : scripted(clock, method, answers),
      ]),
    );
    return [name, noting(clock, new MockUpstream(service, handlers as never, { clock }), calls)] as const;
  });
  const fault = (what: string, cause: unknown): void => {
    throw new Error(what, { cause });
  };
  return {
    clients: Object.fromEntries(clients),
    env: declaration.env(new EnvReader({}, [])),
    supplied: { resolvers: undefined, functions: undefined },
    identity: undefined,
    limits: new Limits({ clock, fault }),
    topics: new Topics({ clock, lone: new MemoryTopics() }),
    usage: NO_USAGE,
    pages: new Sealer([Buffer.alloc(KEY_BYTES)]),
    observer: {},
  };
}

type Handler = (request: object) => Promise<object>;
/** Whole microseconds, which captures have, and hardly ever two alike: what comes first is certain. */
const DELAYS = [0, 0, 0, 3, 15, 45, 150, 400];
const UNAVAILABLE = new ConnectError("not now", Code.Unavailable);

/** An upstream that takes its time. Some fail once, and answer the second attempt. */
function paced(clock: FakeClock, seed: string, handler: Handler) {
  return async (request: object, _sample: object, { attempt }: { attempt: number }): Promise<object> => {
    const random = seeded("pace", seed, attempt, JSON.stringify(request, plain));
    await after(clock, pick(random, DELAYS) + Math.round(random() * 900 + 50) / 1_000);
    if (attempt === 1 && seeded("once", seed, JSON.stringify(request, plain))() < 0.1) throw UNAVAILABLE;
    return handler(request);
  };
}
/** An upstream whose answers are samples, named by their ids. */
function scripted(clock: FakeClock, rpc: string, answers: NonNullable<Sent["answers"]>) {
  return async (request: object, sample: object, { attempt }: { attempt: number }): Promise<object> => {
    const { ms, isFailure } = answers(rpc, attempt);
    await after(clock, ms);
    if (isFailure) throw UNAVAILABLE;
    return "id" in request ? { ...sample, name: request.id } : sample;
  };
}
const after = (clock: FakeClock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms, undefined));
const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);

function noting(clock: FakeClock, inner: MockUpstream, calls: SeenCall[]): UnaryClient {
  return {
    open: inner.open.bind(inner),
    send(path, frame, timeoutMs, headers, attempt, reply) {
      const message = Buffer.from(frame.subarray(PREFIX_BYTES)).toString("hex");
      const call: SeenCall = { rpc: path.slice(1), message, at: clock.now(), endedAt: Number.NaN, end: "open" };
      calls.push(call);
      const ends = (end: SeenCall["end"]): void => {
        if (call.end !== "open") return;
        call.end = end;
        call.endedAt = clock.now();
      };
      const noted: Reply = {
        ...(reply.metadata !== undefined && { metadata: reply.metadata.bind(reply) }),
        replied(bytes, receivedBytes) {
          ends("answer");
          reply.replied(bytes, receivedBytes);
        },
        faulted(fault) {
          ends("answer");
          reply.faulted(fault);
        },
      };
      const inFlight = inner.send(path, frame, timeoutMs, headers, attempt, noted);
      return {
        cancel() {
          ends("cancel");
          inFlight.cancel();
        },
      };
    },
  };
}

function answered(clock: FakeClock, endpoint: Endpoint | StreamEndpoint, sent: Sent, calls: SeenCall[]): Promise<Seen> {
  const { method, codec } = endpoint;
  const { message, headers } = requestIn(sent.method.input, sent.seed);
  const bytes = toBinary(method.input, create(sent.method.input, message) as never);
  const args = codec === undefined ? readMessage(method.input, bytes) : codec.decode(bytes);
  const read = new Set<string>();
  const get = (name: string): string | null => {
    read.add(name);
    return headers[name] ?? null;
  };
  const incoming = { get, all: (name: string) => [get(name) ?? []].flat(), peer: NOWHERE };
  const encode = (answer: Parameters<NonNullable<typeof codec>["encode"]>[0]): Uint8Array =>
    Uint8Array.from(
      codec === undefined ? toBinary(method.output, answer) : codec.encode(answer).subarray(PREFIX_BYTES),
    );
  const startedAt = clock.now();
  const { promise, resolve } = Promise.withResolvers<Seen>();
  const messages: Uint8Array[] = [];
  const ends = (status: string, text: string, degraded: string): void =>
    resolve({
      status,
      message: text,
      degraded,
      bytes: Buffer.concat(messages),
      messages: messages.length,
      calls: calls.map((call) => ({ ...call })),
      tookMs: clock.now() - startedAt,
      headers: new Set(read),
      refusals: 0,
    });
  const failed: Follower["failed"] = ({ clientCode, clientMessage }) =>
    ends(codeName(clientCode), clientMessage ?? "", "");
  const deadline = pick(seeded("deadline", sent.seed), [0, 0, 0, 60, 1_000]);
  const clientMs = deadline === 0 ? undefined : deadline;
  if ("run" in endpoint)
    endpoint.run(
      args,
      incoming,
      clientMs,
      (response, degraded) => {
        messages.push(encode(response));
        ends("OK", "", degraded);
      },
      (failure) => failed(failure, undefined, undefined),
    );
  else
    endpoint.follow(args, incoming, clientMs, undefined, {
      opened: () => {},
      item(item) {
        messages.push(encode(item));
        return true;
      },
      beat: () => {},
      ended: () => ends("ended", "", ""),
      failed,
    });
  return promise;
}
