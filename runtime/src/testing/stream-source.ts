import { create, type DescMethodServerStreaming, toBinary } from "@bufbuild/protobuf";
import type { CallContext } from "../call/context.ts";
import type { UpstreamPolicy } from "../call/policy.ts";
import { Upstream } from "../call/upstream.ts";
import { Exchange } from "../compose/exchange.ts";
import type { Failure } from "../failure.ts";
import type { CallEvent, CallStartEvent } from "../observer-calls.ts";
import type { At, Items } from "../source/source.ts";
import { FakeClient } from "./fake-client.ts";
import { FakeClock } from "./fake-clock.ts";
import { type GetRequestSchema, type Thing, ThingSchema, Upstream as UpstreamService } from "./gen/test_pb.ts";

/** Event of a source. */
type SourceEvent = { item: string; at: At } | { opened: true } | { ended: true; reset?: true } | { failed: Failure };

/** An upstream with one stream, `Get` of the tests' service, on a clock that stands still. */
export function streamRig(policy: UpstreamPolicy = {}, headers: Record<string, string> = {}) {
  const clock = new FakeClock();
  const client = new FakeClient();
  const calls: CallEvent[] = [];
  const starts: CallStartEvent[] = [];
  const states: string[] = [];
  const upstream = new Upstream("test.v1.Upstream", client, policy, {
    clock,
    observer: {
      call: (event) => void calls.push(event),
      callStart: (event) => void starts.push(event),
      breaker: ({ to }) => void states.push(to),
    },
  });
  const exchange = new Exchange({
    clock,
    headers: new Headers(headers),
    methodMs: 2_000,
    clientMs: undefined,
    concurrent: 10,
    failed: () => {},
  });
  const root = { name: "the request" };
  const cx = { exchange, root, scope: exchange.scope } as unknown as CallContext;
  return { clock, client, calls, starts, states, upstream, cx, root };
}

/** `Get` as a server stream. */
export const GET = {
  ...UpstreamService.method.get,
  methodKind: "server_streaming",
} as unknown as DescMethodServerStreaming<typeof GetRequestSchema, typeof ThingSchema>;

export const thing = (id: string, count = 0): Uint8Array =>
  toBinary(ThingSchema, create(ThingSchema, { id, count: BigInt(count) }));

/** Records its events. */
export function recorder() {
  const events: SourceEvent[] = [];
  const items: Items<Thing> = {
    opened: () => void events.push({ opened: true }),
    item: ({ id }, at) => void events.push({ item: id, at }),
    ended: (reset) => void events.push(reset ? { ended: true, reset } : { ended: true }),
    failed: (failed) => void events.push({ failed }),
  };
  return { events, items };
}
