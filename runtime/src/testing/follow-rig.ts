// For tests only: a server-streaming RPC over a source that tests fill, and a follower that records what it receives.
import { create, type DescMethodServerStreaming, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { type Rpc, Upstream } from "../call/upstream.ts";
import type { Failure } from "../failure.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import type { Observer } from "../observer.ts";
import type { AuditEvent, ResponseEvent, StreamDegradedEvent, StreamOpenEvent } from "../observer-requests.ts";
import type { At, ItemSource, Items } from "../source/source.ts";
import { streamEndpoint } from "../stream/endpoint.ts";
import type { Follower, Following, StreamEndpoint } from "../stream/stream-endpoint.ts";
import type { StreamOptions } from "../stream/stream-options.ts";
import { FakeClient } from "./fake-client.ts";
import { FakeClock } from "./fake-clock.ts";
import { page } from "./front.ts";
import {
  Front,
  type GetRequestSchema,
  type Page,
  type PageSchema,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "./gen/test_pb.ts";

/** `Show` as a server stream. */
export const SHOW = { ...Front.method.show, methodKind: "server_streaming" } as unknown as DescMethodServerStreaming<
  typeof ShowRequestSchema,
  typeof PageSchema
>;

/** Items that a test provides. Their tokens are their numbers. */
export class TestSource implements ItemSource {
  readonly items: Items<number>;
  readonly resume: string | undefined;
  demand = 0;
  cancelled = false;
  #delivered = 0;
  silent?: () => boolean;

  constructor(items: Items<number>, resume: string | undefined) {
    this.items = items;
    this.resume = resume;
  }
  next(): void {
    if (this.cancelled) throw new Error("asked after it was cancelled");
    this.demand++;
  }
  cancel(): void {
    this.cancelled = true;
  }
  /** Number of items that may still be sent. */
  get credit(): number {
    return this.demand - this.#delivered;
  }
  give(item: number, at: Partial<At> = {}): void {
    if (this.credit === 0) throw new Error(`${item} was not asked for`);
    this.#delivered++;
    this.items.item(item, { token: String(item), reset: false, ...at });
  }
}

/** Events of a follower, as texts: `opened`, `item 1 @1`, `beat @1`, `ended`, `failed UNAVAILABLE … @1`. */
export class TestFollower implements Follower {
  readonly events: string[] = [];
  failure: Failure | undefined;
  /** True if it accepts more after an item. */
  reads = true;
  over = false;

  #record(what: string): void {
    if (this.over) throw new Error(`${what} after the end`);
    this.events.push(what);
  }
  opened(): void {
    this.#record("opened");
  }
  item(message: Message, token: string | undefined): boolean {
    this.#record(`item ${(message as Page).title}${token === undefined ? "" : ` @${token}`}`);
    return this.reads;
  }
  beat(message: Message, token: string | undefined): void {
    this.#record(`beat${token === undefined ? "" : ` @${token}`} ${(message as Page).title}`);
  }
  ended(): void {
    this.#record("ended");
    this.over = true;
  }
  failed(failure: Failure, token: string | undefined): void {
    this.#record(`failed ${failure.clientCode} ${failure.message}${token === undefined ? "" : ` @${token}`}`);
    this.failure = failure;
    this.over = true;
  }
}

interface App {
  readonly get: Rpc<MessageInitShape<typeof GetRequestSchema>, Thing>;
}
type Options = StreamOptions<App, typeof ShowRequestSchema, typeof PageSchema, unknown, number>;

/** A BFF of one streaming rpc over one upstream, on a clock that stands still. */
export function streamRig(instead?: (clock: FakeClock) => Observer) {
  const clock = new FakeClock();
  const client = new FakeClient();
  const responses: ResponseEvent[] = [];
  const opens: StreamOpenEvent[] = [];
  const lacking: StreamDegradedEvent[] = [];
  const audited: AuditEvent[] = [];
  const observer: Observer = instead?.(clock) ?? {
    response: (event) => void responses.push(event),
    streamOpen: (event) => void opens.push(event),
    streamDegraded: (event) => void lacking.push(event),
    audit: (event) => void audited.push(event),
  };
  const upstream = new Upstream("test.v1.Upstream", client, {}, { clock, observer });
  const app: App = { get: upstream.unary(UpstreamService.method.get, {}) };
  const sources: TestSource[] = [];
  type More = { clientMs?: number; resume?: string; headers?: IncomingHeaders; follower?: TestFollower };
  const endpoint = (options: Partial<Options> = {}): StreamEndpoint =>
    streamEndpoint(SHOW, app, {
      timeoutMs: 2_000,
      source: (_cx, _args, _opened, resume, items) => {
        const source = new TestSource(items, resume);
        sources.push(source);
        return source;
      },
      compose: async (_cx, _args, item) => page({ title: String(item) }),
      stamp: (response, { beat, reset }) => {
        if (beat) response.title = "(beat)";
        if (reset) response.title += " reset";
      },
      clock,
      observer,
      ...options,
    });
  const follow = (options: Partial<Options> = {}, more: More = {}) => {
    const { clientMs, resume, headers = new Headers(), follower = new TestFollower() } = more;
    const { follow } = endpoint(options);
    const following: Following = follow(create(ShowRequestSchema), headers, clientMs, resume, follower);
    return { following, follower, events: follower.events };
  };
  /** The source of the only follower. */
  const source = (): TestSource => {
    const [only, ...others] = sources;
    if (only === undefined || others.length > 0) throw new Error(`${sources.length} sources`);
    return only;
  };
  return { clock, client, app, endpoint, follow, source, sources, responses, opens, lacking, audited };
}
