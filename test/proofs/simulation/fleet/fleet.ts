// Many processes of a BFF on one clock, over one upstream and one store. Each process has its own guards and memory.
import { create, type Message } from "@bufbuild/protobuf";
import { Cache } from "../../../../runtime/src/cache/cache.ts";
import { LeasedLevel } from "../../../../runtime/src/cache/lease/leased-level.ts";
import type { CallPolicy, UpstreamPolicy } from "../../../../runtime/src/call/policy.ts";
import { Upstream } from "../../../../runtime/src/call/upstream.ts";
import { endpoint } from "../../../../runtime/src/endpoint/endpoint.ts";
import { type Code, Failure } from "../../../../runtime/src/failure.ts";
import { FakeClient, type Sent } from "../../../../runtime/src/testing/fake-client.ts";
import { page } from "../../../../runtime/src/testing/front.ts";
import { Front, ShowRequestSchema, Upstream as UpstreamService } from "../../../../runtime/src/testing/gen/test_pb.ts";
import { LeasedStore } from "../../../../runtime/src/testing/leased-store.ts";
import { Random } from "../random.ts";
import { FleetClock } from "./fleet-clock.ts";

export interface FleetOptions {
  readonly processes: number;
  readonly seed: number;
  /** Default: those of generated code. */
  readonly policy?: UpstreamPolicy;
  readonly call?: CallPolicy;
  /** Receives each attempt, and answers it. */
  readonly upstream: (sent: Sent, fleet: Fleet) => void;
}
/** Outcome of a request: an answer, or a code. */
type Ends = (failure: Failure | undefined, tookMs: number) => void;

/** Policy that generated code has without options. */
const DEFAULT: UpstreamPolicy = {
  breaker: { errorRate: 0.5, windowMs: 10_000, minimum: 20, openMs: 5_000, probes: 1 },
};
const REQUEST_MS = 1_000;

export class Fleet {
  readonly clock: FleetClock;
  readonly random: Random;
  /** Attempts that the upstream has received. */
  attempts = 0;
  /** The cache that all processes share. */
  readonly store = new LeasedStore();
  readonly #runs: ((id: string, ends: Ends) => void)[];

  constructor({ processes, seed, policy = DEFAULT, call = {}, upstream }: FleetOptions) {
    this.random = new Random(seed);
    this.clock = new FleetClock(this.random);
    const { clock } = this;
    const { store } = this;
    store.now = () => clock.now();
    this.#runs = Array.from({ length: processes }, () => {
      const client = new FakeClient((sent) => {
        this.attempts++;
        upstream(sent, this);
      });
      const cache =
        call.cache === undefined
          ? undefined
          : new Cache({ clock, second: store, guard: (level) => new LeasedLevel(level, clock) });
      const get = new Upstream("test.v1.Upstream", client, policy, { clock, cache }).unary(
        UpstreamService.method.get,
        call,
      );
      const { run } = endpoint(
        Front.method.show,
        { get },
        {
          timeoutMs: REQUEST_MS,
          clock,
          compose: async (cx, { id }) => page({ title: (await cx.call(cx.app.get, { id })).id }),
        },
      );
      return (id, ends) => {
        const began = clock.now();
        const done = (found: Message | Failure): void =>
          ends(found instanceof Failure ? found : undefined, clock.now() - began);
        run(create(ShowRequestSchema, { id }), new Headers(), undefined, done, done);
      };
    });
  }
  /** Sends requests at this rate, to a process at random, for this time in milliseconds. */
  async load(perSecond: number, forMs: number, idOf: () => string, ends: Ends): Promise<void> {
    const end = this.clock.now() + forMs;
    const gap = (): number => (-Math.log(1 - this.random.next()) * 1_000) / perSecond;
    const send = (): void => {
      if (this.clock.now() >= end) return;
      this.#runs[Math.floor(this.random.next() * this.#runs.length)]?.(idOf(), ends);
      this.clock.setTimeout(send, gap(), undefined);
    };
    this.clock.setTimeout(send, gap(), undefined);
    await this.clock.runTo(end);
  }
  /** Lets running requests end. */
  async settle(): Promise<void> {
    await this.clock.runTo(this.clock.now() + 2 * REQUEST_MS);
  }
  /** Answers after a time, unless the attempt has been cancelled. */
  answer(sent: Sent, afterMs: number, code?: Code): void {
    const end = (): void => {
      if (sent.cancelled) return;
      if (code === undefined) sent.thing({});
      else sent.fault(code);
    };
    this.clock.setTimeout(end, afterMs, undefined);
  }
}
