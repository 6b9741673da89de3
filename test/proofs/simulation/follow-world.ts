// Streams in a random world: an upstream's run whose stream breaks and falls silent, a server that drains, clients that
// stall, vanish and return with their last token. The rule: a follower that reaches the end has received every expected
// item, once and in order.
import {
  create,
  type DescMethodServerStreaming,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Rpc, Upstream } from "../../../runtime/src/call/upstream.ts";
import type { Request } from "../../../runtime/src/compose/request.ts";
import { Code, type Failure } from "../../../runtime/src/failure.ts";
import { streamEndpoint } from "../../../runtime/src/stream/endpoint.ts";
import type { Follower, Following, StreamEndpoint } from "../../../runtime/src/stream/stream-endpoint.ts";
import {
  Front,
  GetRequestSchema,
  type Page,
  PageSchema,
  type ShowRequest,
  ShowRequestSchema,
  type Thing,
  ThingSchema,
  Upstream as UpstreamService,
} from "../../../runtime/src/testing/gen/test_pb.ts";
import type { OpenStream, StreamReceiver } from "../../../runtime/src/transport/stream-client.ts";
import type { InFlight, UnaryClient } from "../../../runtime/src/transport/unary-client.ts";
import { PREFIX_BYTES } from "../../../runtime/src/wire/frame.ts";
import { type Followable, type FollowKind, followable } from "./follow-topics.ts";
import { Random } from "./random.ts";
import { drained, SimClock } from "./sim-clock.ts";

type Streaming<M> = M extends { input: infer I; output: infer O } ? { input: I; output: O } : never;
const streaming = <M>(method: M): Streaming<M> & DescMethodServerStreaming =>
  ({ ...method, methodKind: "server_streaming" }) as never;
const WATCH = streaming(UpstreamService.method.get) as DescMethodServerStreaming<
  typeof GetRequestSchema,
  typeof ThingSchema
>;
const FOLLOW = streaming(Front.method.show) as DescMethodServerStreaming<typeof ShowRequestSchema, typeof PageSchema>;

/** Codes after which a client comes again. */
const RESUMABLE: ReadonlySet<number> = new Set([Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED, Code.DEADLINE_EXCEEDED]);
const FAR_MS = 3_600_000;

export interface World {
  readonly violations: readonly string[];
  readonly seen: Readonly<Record<string, number>>;
}

/** One run, which anybody may watch from any of its events on. */
class Run implements UnaryClient {
  readonly streams = new Set<RunStream>();
  readonly faults: Record<string, number> = {};
  /** True if its streams never fall silent for good, because no client would open them again. */
  lively = false;
  publish: (item: Thing) => void = () => {};
  published = 0;
  readonly last: number;
  readonly #random: Random;
  readonly #clock: SimClock;

  constructor(random: Random, clock: SimClock) {
    this.#random = random;
    this.#clock = clock;
    this.last = random.between(1, 30);
    let at = 0;
    for (let i = 0; i < this.last; i++) {
      if (random.chance(0.7)) at += random.between(0, 400);
      clock.after(at, () => {
        this.published++;
        this.publish(itemOf(this.published, this.last));
        for (const stream of this.streams) stream.flow();
      });
    }
  }
  /** Answers with the author of an item: sometimes late, sometimes not found. */
  send(
    _path: string,
    _frame: Uint8Array,
    _timeoutMs: number,
    _headers: unknown,
    _attempt: number,
    reply: Parameters<UnaryClient["send"]>[5],
  ): InFlight {
    let over = false;
    const good = this.#random.chance(0.9);
    const timer = this.#clock.setTimeout(
      () => {
        over = true;
        if (good) reply.replied(toBinary(ThingSchema, create(ThingSchema, { id: "ada" })));
        else reply.faulted({ kind: "status", code: Code.NOT_FOUND, message: "" });
      },
      this.#random.chance(0.1) ? 5_000 : this.#random.between(0, 30),
      undefined,
    );
    return {
      cancel: () => {
        if (!over) this.#clock.clearTimeout(timer);
      },
    };
  }
  open(_path: string, frame: Uint8Array, _ms: number, _headers: unknown, receiver: StreamReceiver): OpenStream {
    const after = Number(fromBinary(GetRequestSchema, frame.subarray(PREFIX_BYTES)).id || "0");
    const stream = new RunStream(this, after, receiver);
    this.streams.add(stream);
    const [random, clock] = [this.#random, this.#clock];
    clock.after(random.between(0, 5), () => stream.flow());
    if (random.chance(0.5)) {
      const fault = random.pick(["UNAVAILABLE", "lost", ...(this.lively ? [] : ["silent"])]);
      clock.after(random.between(0, 2_000), () => {
        if (!this.streams.has(stream)) return;
        this.faults[fault] = (this.faults[fault] ?? 0) + 1;
        stream.breaks(fault);
      });
    }
    return stream;
  }
}

function itemOf(seq: number, last: number): Thing {
  return create(ThingSchema, { count: BigInt(seq), tags: seq === last ? ["final"] : [] });
}

class RunStream implements OpenStream {
  readonly #run: Run;
  readonly #receiver: StreamReceiver;
  #at: number;
  #demand = 0;
  #silent = false;

  constructor(run: Run, after: number, receiver: StreamReceiver) {
    this.#run = run;
    this.#at = after;
    this.#receiver = receiver;
  }
  take(items: number): void {
    this.#demand += items;
    queueMicrotask(() => this.flow());
  }
  cancel(): void {
    this.#run.streams.delete(this);
  }
  flow(): void {
    while (this.#demand > 0 && this.#at < this.#run.published && !this.#silent && this.#run.streams.has(this)) {
      this.#demand--;
      const seq = ++this.#at;
      this.#receiver.item(toBinary(ThingSchema, itemOf(seq, this.#run.last)));
    }
  }
  breaks(how: string): void {
    if (how === "silent") {
      this.#silent = true;
      return;
    }
    this.#run.streams.delete(this);
    const code = Code.UNAVAILABLE;
    this.#receiver.faulted({ kind: how === "lost" ? "transport" : "status", code, message: how });
  }
}

/** Follows until the end, whatever comes between. */
class Client implements Follower {
  readonly got: number[] = [];
  /** Items of `got` that replace the earlier ones. */
  readonly resets = new Set<number>();
  readonly faults: string[] = [];
  done = false;
  openings = 0;
  stalls = 0;
  readonly #endpoint: StreamEndpoint;
  readonly #random: Random;
  readonly #clock: SimClock;
  #token: string | undefined;
  #following: Following | undefined;
  /** True while the current opening stalls; items of a former opening are ignored. */
  #stalled = false;

  constructor(endpoint: StreamEndpoint, random: Random, clock: SimClock) {
    this.#endpoint = endpoint;
    this.#random = random;
    this.#clock = clock;
  }
  follow(): void {
    this.openings++;
    this.#stalled = false;
    const args = create(ShowRequestSchema);
    const clientMs = this.#random.maybe(0.2, () => this.#random.between(500, 5_000));
    const following = this.#endpoint.follow(args, new Headers(), clientMs, this.#token, this);
    this.#following = following;
    if (!this.#random.chance(0.3)) return;
    const leaves = this.#random.chance(0.5);
    this.#clock.after(this.#random.between(0, 2_000), () => {
      if (this.#following !== following) return;
      if (leaves) {
        this.#following = undefined;
        following.cancel();
        this.#again();
      } else following.drain();
    });
  }
  #again(): void {
    this.#clock.after(this.#random.between(1, 500), () => this.follow());
  }
  opened(): void {}
  item(message: Page, token: string | undefined): boolean {
    if (this.#stalled) this.faults.push("an item while it does not read");
    const seq = Number(message.spentCents);
    if (message.title.includes("reset")) this.resets.add(this.got.length);
    this.got.push(seq);
    this.#token = token;
    if (!this.#random.chance(0.2)) return true;
    this.#stalled = true;
    this.stalls++;
    const following = this.#following;
    this.#clock.after(this.#random.between(1, 1_000), () => {
      if (this.#following !== following) return;
      this.#stalled = false;
      following?.ready();
    });
    return false;
  }
  beat(_message: Page, token: string | undefined): void {
    if (this.#stalled) this.faults.push("a beat while it does not read");
    if (token !== undefined) this.#token = token;
  }
  ended(): void {
    this.done = true;
    this.#following = undefined;
  }
  failed(failure: Failure, token: string | undefined): void {
    this.#following = undefined;
    if (token !== undefined) this.#token = token;
    if (RESUMABLE.has(failure.clientCode)) this.#again();
    else this.faults.push(`failed for good: ${failure.message}`);
  }
}

export async function followWorld(seed: number, lose = false): Promise<World> {
  const random = new Random(seed);
  const clock = new SimClock(random, random.chance(0.2) ? 30 : 0);
  const run = new Run(random, clock);
  const upstream = new Upstream("test.v1.Upstream", run, {}, { clock });
  const latest = random.chance(0.3);
  const every = random.between(1, 3);
  const followed: Followable<Cx, ShowRequest> = followable(upstream, WATCH, latest, random, clock);
  // A topic announces omitted items with the next item, so that a last item must remain.
  const passes = (seq: number): boolean => seq % every === 0 || (followed.kind !== "call" && seq === run.last);
  run.publish = (item) => followed.publish(item);
  run.lively = followed.kind !== "call";
  const endpoint = endpointOf(upstream, followed, { latest, passes, lose }, random, clock);
  const clients = random.list(1, 3, () => new Client(endpoint, random, clock));
  for (const client of clients) clock.after(random.between(0, 1_000), () => client.follow());
  await clock.run();
  await followed.close();
  await drained();
  const all = Array.from({ length: run.last }, (_, i) => i + 1).filter(passes);
  const violations = clients.flatMap((client) => held(client, all, latest, followed.kind));
  if (run.streams.size > 0) violations.push(`${run.streams.size} streams of the upstream are open`);
  const total = (of: (client: Client) => number): number => clients.reduce((sum, client) => sum + of(client), 0);
  const [items, resumed] = [total(({ got }) => got.length), total(({ openings }) => openings - 1)];
  const seen = { items, resumed, stalled: total(({ stalls }) => stalls), ...run.faults };
  const [topic, reset] = [followed.kind === "call" ? 0 : items, total(({ resets }) => resets.size)];
  return { violations, seen: { ...seen, topic, reset } };
}

type Cx = Request<{ readonly by: Rpc<MessageInitShape<typeof GetRequestSchema>, Thing> }, undefined>;

function endpointOf(
  upstream: Upstream,
  { kind, source }: Followable<Cx, ShowRequest>,
  { latest, passes, lose }: { latest: boolean; passes: (seq: number) => boolean; lose: boolean },
  random: Random,
  clock: SimClock,
): StreamEndpoint {
  const app = { by: upstream.unary(UpstreamService.method.get, {}) };
  const callOptions = {
    until: (_cx: Cx, _args: ShowRequest, { tags }: Thing) => tags.length > 0,
    idleMs: random.maybe(0.8, () => 700) ?? FAR_MS,
  };
  return streamEndpoint(FOLLOW, app, {
    timeoutMs: 1_000,
    source,
    if: (_cx, _args, { count }: Thing) => passes(Number(count)),
    ...(kind === "call" && callOptions),
    compose: async (cx, _args, { count }: Thing) => {
      const by = await cx.tryCall(cx.app.by, { id: "by" });
      return create(PageSchema, { title: by?.id ?? "", spentCents: lose && count === 7n ? 8n : count });
    },
    stamp: (page, { reset }) => {
      if (reset) page.title += " reset";
    },
    heartbeatMs: 300,
    maxAgeMs: random.pick([3_000, FAR_MS]),
    ahead: random.between(1, 4),
    overflow: latest ? "latest" : random.pick(["wait", "fail"]),
    minIntervalMs: random.pick([0, 50]),
    clock,
  });
}

function held(
  { got, resets, faults, done }: Client,
  all: readonly number[],
  latest: boolean,
  kind: FollowKind,
): string[] {
  const found = [...faults];
  if (!done) found.push("has no end");
  if (kind === "forgetting" || latest) found.push(...heldOrReset(got, resets, all));
  if (kind === "forgetting") return found;
  if (!latest && String(got) !== String(all)) found.push(`got ${got}, and was to have ${all}`);
  if (!latest && resets.size > 0) found.push(`reset at ${[...resets]} of ${got}`);
  if (latest && String(got) !== String(all.filter((seq) => got.includes(seq)))) found.push(`got ${got} of ${all}`);
  return found;
}

/** Returns the gaps: each item must follow the one before, or replace it. */
function heldOrReset(got: readonly number[], resets: ReadonlySet<number>, all: readonly number[]): string[] {
  const gaps = got.filter((seq, i) => i > 0 && !resets.has(i) && all.indexOf(seq) !== all.indexOf(got[i - 1] ?? 0) + 1);
  const found = gaps.map((seq) => `got ${got}: nothing was said of what is missing before ${seq}`);
  return got.at(-1) === all.at(-1) ? found : [...found, `got ${got}, and not the last of ${all}`];
}
