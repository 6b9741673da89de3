// For tests only: a live answer over one upstream, with tags, purges and a clock that stands still.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Cache } from "../cache/cache.ts";
import { Purges } from "../cache/purges.ts";
import type { Batch } from "../call/batch.ts";
import { type Rpc, Upstream } from "../call/upstream.ts";
import type { IncomingHeaders } from "../identity/incoming-request.ts";
import { liveEndpoint } from "../live/live-endpoint.ts";
import type { LiveOptions } from "../live/live-options.ts";
import type { Observer } from "../observer.ts";
import type { AuditEvent, ResponseEvent } from "../observer-requests.ts";
import type { StreamEndpoint } from "../stream/stream-endpoint.ts";
import { FakeClient, type Sent } from "./fake-client.ts";
import { FakeClock } from "./fake-clock.ts";
import { SHOW, TestFollower } from "./follow-rig.ts";
import { page } from "./front.ts";
import {
  type BatchGetRequestSchema,
  type BatchGetResponse,
  type GetRequestSchema,
  type PageSchema,
  ShowRequestSchema,
  type Thing,
  Upstream as UpstreamService,
} from "./gen/test_pb.ts";

export interface LiveApp {
  /** Its tags are `thing:<id>`. */
  readonly get: Rpc<MessageInitShape<typeof GetRequestSchema>, Thing>;
  /** It has no tags. */
  readonly plain: Rpc<MessageInitShape<typeof GetRequestSchema>, Thing>;
  /** Its answers have the tag `all`. */
  readonly byId: Batch<MessageInitShape<typeof BatchGetRequestSchema>, BatchGetResponse, string, Thing>;
}
type Options = LiveOptions<LiveApp, typeof ShowRequestSchema, typeof PageSchema, typeof PageSchema, never>;

/** Answers each request with the version of its id: `a 2`. Batches answer with each id. */
export class VersionedClient extends FakeClient {
  readonly versions = new Map<string, number>();
  constructor() {
    super((sent) => this.reply(sent));
  }
  reply(sent: Sent): void {
    const of = (id: string) => ({ id, tags: [`${id} ${this.versions.get(id) ?? 0}`] });
    if (sent.path.endsWith("/BatchGet")) sent.things({ things: sent.ids.map(of) });
    else sent.thing(of(sent.id));
  }
  change(id: string): void {
    this.versions.set(id, (this.versions.get(id) ?? 0) + 1);
  }
  /** The ids of all calls since the last reading. */
  calls(): string[] {
    return this.sent
      .splice(0)
      .flatMap((sent) => (sent.path.endsWith("/BatchGet") ? [`batch ${sent.ids.join(" ")}`] : [sent.id]));
  }
}

export function liveRig(clock: FakeClock = new FakeClock()) {
  const client = new VersionedClient();
  const purges = new Purges();
  const responses: ResponseEvent[] = [];
  const audited: AuditEvent[] = [];
  const lacking: string[] = [];
  const observer: Observer = {
    response: (event) => void responses.push(event),
    audit: (event) => void audited.push(event),
    streamDegraded: ({ degraded }) => void lacking.push(...degraded.map(({ path, upstream }) => `${path} ${upstream}`)),
  };
  const upstream = new Upstream(
    "test.v1.Upstream",
    client,
    {},
    { clock, observer, cache: new Cache({ clock, purges }) },
  );
  const tagged = { ttlMs: 3_600_000, tag: ["thing:{answer.id}"], tags: (answer: Thing) => [["thing:", answer.id]] };
  const app: LiveApp = {
    get: upstream.unary(UpstreamService.method.get, { cache: tagged }),
    plain: upstream.unary(UpstreamService.method.get, { coalesce: true }),
    byId: {
      rpc: upstream.unary(UpstreamService.method.batchGet, { cache: { ttlMs: 3_600_000, tags: () => [["all"]] } }),
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetResponse) => response.things,
      key: (item: Thing) => item.id,
      max: 100,
    },
  };
  const text = (thing: Thing | undefined): string => thing?.tags[0] ?? "none";
  const options = (more: Partial<Options> = {}): Options => ({
    timeoutMs: 2_000,
    compose: async (cx, { id }) => {
      const [own, other] = [cx.call(cx.app.get, { id }), cx.call(cx.app.plain, { id: "plain" })];
      return page({ title: `${text(await own)}, ${text(await other)}` });
    },
    live: {
      calls: [app.get, app.plain, app.byId.rpc],
      on: [{ tag: (_cx, { id }) => ["thing:", id], runs: [app.get] }],
      minIntervalMs: 1_000,
      jitter: 0.1,
      ...more.live,
    },
    stamp: (response, { beat, reset }) => {
      if (beat) response.title = "(beat)";
      if (reset) response.title += " reset";
    },
    clock,
    observer,
    ...(({ live: _, ...others }) => others)(more),
  });
  type More = {
    id?: string;
    clientMs?: number;
    resume?: string | undefined;
    headers?: IncomingHeaders;
    follower?: TestFollower;
    /** That of an earlier follower. */
    endpoint?: StreamEndpoint;
  };
  const follow = (more: Partial<Options> = {}, how: More = {}) => {
    const { id = "a", clientMs, resume, headers = new Headers(), follower = new TestFollower() } = how;
    const { endpoint = liveEndpoint(SHOW, app, options(more)) } = how;
    const following = endpoint.follow(create(ShowRequestSchema, { id }), headers, clientMs, resume, follower);
    /** Titles of the messages since the last reading, and other events. */
    const news = (): string[] => follower.events.splice(0).map((event) => event.replace(/ @[\w-]{43}/, ""));
    return { endpoint, following, follower, news };
  };
  return { clock, client, purges, app, follow, options, text, responses, audited, lacking };
}
