import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, type Fault } from "../../../runtime/src/failure.ts";
import {
  BatchGetRequestSchema,
  BatchGetResponseSchema,
  GetRequestSchema,
  ThingSchema,
} from "../../../runtime/src/testing/gen/test_pb.ts";
import type { OutgoingHeaders } from "../../../runtime/src/transport/call-headers.ts";
import type { InFlight, Reply, UnaryClient } from "../../../runtime/src/transport/unary-client.ts";
import { PREFIX_BYTES } from "../../../runtime/src/wire/frame.ts";
import type { Random } from "./random.ts";
import type { SimClock } from "./sim-clock.ts";

/** An attempt on the simulated wire. */
export interface Sent {
  readonly frame: Uint8Array;
  readonly batch: boolean;
  readonly ids: readonly string[];
  readonly user: string;
  readonly tenant: string;
  /** The request that it was sent for, or the first of those. */
  readonly requestId: string;
  readonly at: number;
  readonly timeoutMs: number;
  readonly number: number;
  end: "open" | "cancelled" | "good" | "bad" | "unprocessed";
  endedAt: number;
  /** Cancelled, the upstream may be at it until then: it counts in the limits. */
  lingersUntil: number;
  fault: Fault | undefined;
}

type Mood = "well" | "flaky" | "down" | "hanging" | "slow";
const MOODS = ["well", "well", "flaky", "down", "hanging", "slow"] as const;
const CODES = [
  Code.UNAVAILABLE,
  Code.UNAVAILABLE,
  Code.INTERNAL,
  Code.NOT_FOUND,
  Code.RESOURCE_EXHAUSTED,
  Code.DEADLINE_EXCEEDED,
  Code.ABORTED,
] as const;

/** An upstream with changing behaviour; its answers contain the caller and the request. */
export class SimUpstream implements UnaryClient {
  readonly sent: Sent[] = [];
  /** Receives each attempt as it is sent. */
  watch: (sent: Sent) => void = () => {};
  /** Receives each end, before the runtime does. */
  ends: (sent: Sent) => void = () => {};
  /** When each answer went out, by its count. */
  readonly answeredAt = new Map<bigint, number>();
  /** Answers everything at once and well. */
  healed = false;
  readonly #random: Random;
  readonly #clock: SimClock;
  #mood: Mood;
  #nonce = 0;

  constructor(random: Random, clock: SimClock) {
    this.#random = random;
    this.#clock = clock;
    this.#mood = random.pick(MOODS);
    for (let i = random.between(0, 3); i > 0; i--) {
      clock.after(random.between(0, 1_500), () => {
        this.#mood = random.pick(MOODS);
      });
    }
  }
  get underWay(): Sent[] {
    return this.sent.filter(({ end }) => end === "open");
  }
  send(
    path: string,
    frame: Uint8Array,
    timeoutMs: number,
    headers: OutgoingHeaders | undefined,
    number: number,
    reply: Reply,
  ): InFlight {
    const batch = path.endsWith("BatchGet");
    const message = frame.subarray(PREFIX_BYTES);
    const sent: Sent = {
      frame,
      batch,
      ids: batch ? fromBinary(BatchGetRequestSchema, message).ids : [fromBinary(GetRequestSchema, message).id],
      user: headers?.["x-user"] ?? "",
      tenant: headers?.["x-tenant"] ?? "",
      requestId: headers?.["x-request-id"] ?? "",
      at: this.#clock.now(),
      timeoutMs,
      number,
      end: "open",
      endedAt: Number.POSITIVE_INFINITY,
      lingersUntil: 0,
      fault: undefined,
    };
    this.sent.push(sent);
    this.watch(sent);
    this.#plan(sent, reply);
    return {
      cancel: () => {
        if (sent.end === "open") this.#end(sent, "cancelled");
      },
    };
  }
  #plan(sent: Sent, reply: Reply): void {
    const random = this.#random;
    const good = (ms: number): void => {
      if (random.chance(0.02)) this.#later(sent, ms, INVALID, () => reply.replied(GARBAGE));
      else this.#later(sent, ms, undefined, () => reply.replied(this.#answer(sent)));
    };
    const bad = (ms: number, fault: Fault): void => this.#later(sent, ms, fault, () => reply.faulted(fault));
    const status = (): Fault => ({
      kind: "status",
      code: random.pick(CODES),
      message: "",
      pushbackMs: random.maybe(0.15, () => random.pick([-1, 0, 30, 500])),
    });
    if (this.healed) {
      this.#later(sent, 0, undefined, () => reply.replied(this.#answer(sent)));
      return;
    }
    if (random.chance(0.5)) bad(sent.timeoutMs, { kind: "status", code: Code.DEADLINE_EXCEEDED, message: "" });
    const roll = random.next();
    switch (this.#mood) {
      case "well":
        if (roll < 0.95) good(random.between(0, 40));
        else bad(random.between(0, 40), status());
        return;
      case "flaky":
        if (roll < 0.4) good(random.between(0, 80));
        else if (roll < 0.8) bad(random.between(0, 30), status());
        else if (roll < 0.9) bad(0, { kind: "unprocessed", code: Code.UNAVAILABLE, message: "" });
        else bad(random.between(0, 90), { kind: "transport", code: Code.CANCELLED, message: "" });
        return;
      case "down":
        bad(random.between(0, 3), { kind: "transport", code: Code.UNAVAILABLE, message: "" });
        return;
      case "slow":
        good(random.between(80, 600));
        return;
      default:
        if (roll < 0.1) good(random.between(0, 2_000));
    }
  }
  #later(sent: Sent, ms: number, fault: Fault | undefined, deliver: () => void): void {
    this.#clock.after(ms, () => {
      if (sent.end !== "open") return;
      sent.fault = fault;
      this.#end(sent, fault === undefined ? "good" : fault.kind === "unprocessed" ? "unprocessed" : "bad");
      deliver();
    });
  }
  #end(sent: Sent, end: Sent["end"]): void {
    sent.end = end;
    sent.endedAt = this.#clock.now();
    this.ends(sent);
  }
  #answer({ batch, ids, user, tenant }: Sent): Uint8Array {
    const things = ids.map((id) => ({ id, count: BigInt(++this.#nonce), tags: [user, tenant] }));
    for (const { count } of things) this.answeredAt.set(count, this.#clock.now());
    const [first] = things;
    if (!batch) return toBinary(ThingSchema, create(ThingSchema, first));
    const some = things.filter(({ id }) => !id.endsWith("missing"));
    return toBinary(BatchGetResponseSchema, create(BatchGetResponseSchema, { things: some }));
  }
}
const INVALID: Fault = { kind: "invalid", code: Code.INTERNAL, message: "" };
const GARBAGE = new Uint8Array([255, 255]);
