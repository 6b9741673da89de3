import { crc32 } from "node:zlib";
import type { UrgentWaiter } from "@protobff/runtime/internal/guard/limit";
import type { CallTap, InFlight, Reply, UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import {
  type ArrivalEvent,
  type CapturedRequest,
  type Decider,
  type EffectEvent,
  tapOf,
} from "@protobff/server/capture";
import { faultOf, type LoggedEvent } from "./logged-event.ts";
import type { ReplayClock } from "./replay-clock.ts";
import { StageCache } from "./stage-cache.ts";
import { type OpenedStream, openerOn } from "./upstream-streams.ts";

/** An attempt that the replayed server has sent. */
export interface SentAttempt {
  readonly client: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly checksum: number;
  readonly number: number;
  readonly message: Uint8Array;
  /** When it was sent, in microseconds of the replay's clock. */
  readonly at: number;
  readonly reply: Reply;
  isOver: boolean;
}

/** Outside of one replayed request: its upstreams and its guards. */
export class Stage {
  readonly clock: ReplayClock;
  readonly attempts: SentAttempt[] = [];
  readonly waiters: UrgentWaiter[] = [];
  readonly log: LoggedEvent[] = [];
  readonly cache: StageCache;
  /** Messages of the client's stream. */
  readonly messages: Uint8Array[] = [];
  /** For each message: whether the client takes more at once. Others are taken at once. */
  readonly reads: boolean[] = [];
  /** Streams of upstreams. */
  readonly streams: OpenedStream[] = [];
  /** Receives each stream when it is opened, and each time that it may deliver more items. */
  opens: (opened: OpenedStream, index: number) => void = () => {};
  takes: (index: number) => void = () => {};
  /** Receives each attempt when it is sent. */
  sends: (sent: SentAttempt, index: number) => void = () => {};
  /** True if a limit had no place after a call was cancelled. Such a call keeps its place by the clock of the process. */
  isHeld = false;
  /** Effects that are not taken yet, oldest first. */
  readonly effects: EffectEvent[] = [];
  readonly #decisions: CapturedRequest["decisions"];
  readonly #byIndex: boolean;
  #decided = 0;
  #isDeciding = false;
  /** Captured results by guard and number of its decision. */
  readonly #ofGuards = new Map<string, CapturedRequest["decisions"][number][2]>();
  /** Number of decisions that each guard has made. */
  readonly #made = new Map<string, number>();

  /**
   * @param exact true: decisions are those of the capture by their place in the request; false: by their place among
   *   those of their guard, because changes may lead to other ones
   */
  constructor(clock: ReplayClock, decisions: CapturedRequest["decisions"], exact: boolean) {
    this.clock = clock;
    this.cache = new StageCache(clock, exact);
    this.#decisions = decisions;
    this.#byIndex = exact;
    const refused = new Map<string, number>();
    for (const [, guard, result, nth = refused.get(guard) ?? 0] of decisions) {
      refused.set(guard, nth + 1);
      this.#ofGuards.set(`${guard} ${nth}`, result);
    }
  }
  readonly #decider: Decider = {
    allows: (guard, real) => (this.#isDeciding ? real() : this.#decide(guard) === "go"),
    enters: (guard, waiter, real) => {
      const result = this.#decide(guard);
      if (result === "wait") this.waiters.push(waiter);
      if (result === "wait" || result === "full") return result;
      const entry = this.#entered(() => real(waiter));
      this.isHeld ||= entry !== "go" && this.log.some(({ kind }) => kind === "cancel");
      return entry;
    },
  };
  #entered<T>(real: () => T): T {
    this.#isDeciding = true;
    try {
      return real();
    } finally {
      this.#isDeciding = false;
    }
  }
  #decide(guard: string): "go" | "no" | "wait" | "full" {
    const index = this.#decided++;
    if (this.#byIndex) {
      const found = this.#decisions.find(([decision]) => decision === index);
      return found?.[2] ?? "go";
    }
    const nth = this.#made.get(guard) ?? 0;
    this.#made.set(guard, nth + 1);
    const result = this.#ofGuards.get(`${guard} ${nth}`) ?? "go";
    return result === "wait" ? "go" : result;
  }

  /** Adds an effect on the client's stream. */
  affects(effect: Extract<EffectEvent, readonly ["opened" | "message" | "beat", ...unknown[]]>, bytes?: Uint8Array) {
    this.effects.push(effect);
    this.log.push({ at: this.clock.at, kind: effect[0], ...(bytes !== undefined && { bytes }) });
  }
  /** Returns the client of one upstream. */
  client(name: string, shards?: ReadonlyMap<string, UnaryClient>): UnaryClient {
    // A capture does not contain the copies for mirrors.
    const tap: CallTap = { ...tapOf(name, this.clock, this.#decider), apart: () => {} };
    return {
      tap,
      shards,
      open: openerOn(this, name, () => this.#decide("unsent") === "go"),
      send: (path, frame, _timeoutMs, _headers, attempt, reply): InFlight => {
        const message = Uint8Array.from(frame.subarray(PREFIX_BYTES));
        const checksum = crc32(message);
        const index = this.attempts.length;
        const { at } = this.clock;
        const sent = { client: name, path, checksum, number: attempt, message, at, reply, isOver: false };
        this.attempts.push(sent);
        this.effects.push(["send", name, path, checksum, attempt]);
        this.log.push({ at, kind: "send", attempt: index });
        this.sends(sent, index);
        return {
          cancel: () => {
            sent.isOver = true;
            this.log.push({ at: this.clock.at, kind: "cancel", attempt: index });
            this.effects.push(["cancel", index]);
          },
        };
      },
    };
  }
}

/** Delivers the captured end of an attempt. */
export function answer(stage: Stage, index: number, event: AnswerEvent, isAssumed = false): void {
  const sent = stage.attempts[index];
  if (sent === undefined || sent.isOver) return;
  sent.isOver = true;
  const metadata = event[0] === "reply" ? event[7] : event[6];
  if (metadata !== undefined) sent.reply.metadata?.(...(metadata as Parameters<NonNullable<Reply["metadata"]>>));
  const logged = { at: stage.clock.at, attempt: index, ...(isAssumed && { isAssumed }) };
  if (event[0] === "reply") {
    const bytes = Buffer.from(event[5], "base64");
    stage.log.push({ ...logged, kind: "reply", bytes });
    sent.reply.replied(bytes, event[6]);
  } else {
    stage.log.push({ ...logged, kind: "fault", fault: event[5] });
    sent.reply.faulted(faultOf(event[5]));
  }
}
/** End of an attempt. */
export type AnswerEvent = Extract<ArrivalEvent, readonly ["reply" | "fault", ...unknown[]]>;
