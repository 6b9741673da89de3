// For tests only: an rpc with deferred parts, unary and as a stream, over one upstream on a clock that stands still.
import {
  create,
  type DescMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { CallPolicy, UpstreamPolicy } from "../call/policy.ts";
import { Upstream } from "../call/upstream.ts";
import type { Request } from "../compose/request.ts";
import { endpoint } from "../endpoint/endpoint.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { Failure } from "../failure.ts";
import type { Observer } from "../observer.ts";
import { partsEndpoint } from "../stream/parts-endpoint.ts";
import type { PartsOptions } from "../stream/parts-options.ts";
import type { Follower, Following } from "../stream/stream-endpoint.ts";
import { FakeClient } from "./fake-client.ts";
import { FakeClock } from "./fake-clock.ts";
import { type Inner, InnerSchema, Parts, type Whole, type WholeRequestSchema, WholeSchema } from "./gen/parts_pb.ts";
import { type BatchGetResponse, type Thing, Upstream as UpstreamService } from "./gen/test_pb.ts";

type I = typeof WholeRequestSchema;
type O = typeof WholeSchema;
export type App = ReturnType<typeof appOf>;
export type Cx = Request<App>;
type More = Partial<PartsOptions<App, I, O, DescMessage>>;

export const whole = (init: MessageInitShape<O> = {}): Whole => create(WholeSchema, init);
export const inner = (init: MessageInitShape<typeof InnerSchema> = {}): Inner => create(InnerSchema, init);

/** Messages of a follower: each as it was when it was received. */
export class PartsFollower implements Follower {
  readonly messages: Whole[] = [];
  readonly bytes: Uint8Array[] = [];
  /** `opened`, `item`, `ended`, `failed` and its code. */
  readonly events: string[] = [];
  failure: Failure | undefined;
  /** True if it accepts more after a message. */
  reads = true;
  #full = false;
  readonly over: Promise<void>;
  readonly #over: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.over = promise;
    this.#over = resolve;
  }
  opened(): void {
    this.events.push("opened");
  }
  item(message: Message, token: string | undefined): boolean {
    if (token !== undefined) throw new Error("nobody can go on in the middle of an answer");
    if (this.#full) throw new Error("a message for one that does not read");
    this.#full = !this.reads;
    this.events.push("item");
    this.messages.push(message as Whole);
    this.bytes.push(toBinary(WholeSchema, message as Whole));
    return this.reads;
  }
  /** Takes more again. */
  read(following: Following): void {
    this.reads = true;
    this.#full = false;
    following.ready();
  }
  beat(): void {
    throw new Error("a beat");
  }
  ended(): void {
    this.events.push("ended");
    this.#over();
  }
  failed(failure: Failure): void {
    this.events.push(`failed ${failure.clientCode}`);
    this.failure = failure;
    this.#over();
  }
  /** The names of the parts in each message. */
  get names(): string[][] {
    return this.messages.map(({ parts }) => parts.map(({ name }) => name).toSorted());
  }
}

function appOf(upstream: Upstream, call: CallPolicy) {
  return {
    get: upstream.unary(UpstreamService.method.get, call),
    byId: {
      rpc: upstream.unary(UpstreamService.method.batchGet, call),
      request: (ids: string[]) => ({ ids }),
      items: (response: BatchGetResponse) => response.things,
      key: (item: Thing) => item.id,
      max: 3,
    },
  };
}

/** @param call the policy of its calls */
export function partsRig(call: CallPolicy = {}, policy: UpstreamPolicy = {}, observer?: Observer) {
  const clock = new FakeClock();
  const client = new FakeClient();
  const upstream = new Upstream("test.v1.Upstream", client, policy, { clock, observer });
  const app = appOf(upstream, call);
  const common = {
    timeoutMs: 2_000,
    clock,
    observer,
    parts: (response: Whole, arrived: Whole["parts"]) => {
      response.parts = arrived;
    },
    degraded: (response: Whole, entries: Whole["degraded"]) => {
      response.degraded = entries;
    },
  };
  const stream = (compose: (cx: Cx) => Promise<Whole>, more: More = {}) =>
    partsEndpoint<App, I, O, DescMessage>(Parts.method.watch, app, { ...common, compose, ...more });
  const follow = (
    compose: (cx: Cx) => Promise<Whole>,
    more: More & { clientMs?: number; follower?: PartsFollower } = {},
  ) => {
    const { clientMs, follower = new PartsFollower(), ...options } = more;
    const args = create(Parts.method.watch.input);
    const following: Following = stream(compose, options).follow(args, new Headers(), clientMs, undefined, follower);
    return { follower, following };
  };
  const send = (compose: (cx: Cx) => Promise<Whole>, more: Partial<EndpointOptions<App, I, O, DescMessage>> = {}) => {
    const { promise, resolve } = Promise.withResolvers<{ answer?: MessageShape<O>; failure?: Failure }>();
    endpoint<App, I, O, DescMessage>(Parts.method.get, app, { ...common, compose, ...more }).run(
      create(Parts.method.get.input),
      new Headers(),
      undefined,
      (answer) => resolve({ answer: answer as Whole }),
      (failure) => resolve({ failure }),
    );
    return promise;
  };
  return { clock, client, app, upstream, follow, send, stream };
}

/** `facts` of the message, by a deferred call. */
export function facts(cx: Cx, owner: Whole, id = "facts"): void {
  const step = cx.late.tryCall(cx.app.get, { id });
  cx.part(owner, ["facts"], async () => {
    const thing = await step;
    if (cx.degraded) cx.touched(owner, "facts", thing !== undefined, step);
    return { facts: thing === undefined ? [] : [thing.id] };
  });
}
/** `cents` of the message, by another one. */
export function cents(cx: Cx, owner: Whole, id = "cents"): void {
  const step = cx.late.tryCall(cx.app.get, { id });
  cx.part(owner, ["cents"], async () => {
    const thing = await step;
    if (cx.degraded) cx.touched(owner, "cents", thing !== undefined, step);
    return thing === undefined ? {} : { cents: 7 };
  });
}
/** A title by a call that is not deferred, and both. */
export async function compose(cx: Cx): Promise<Whole> {
  const title = cx.call(cx.app.get, { id: "title" });
  const page = whole();
  facts(cx, page);
  cents(cx, page);
  page.title = (await title).id;
  return page;
}
