// The recording of one request: everything that enters it, in order. Its work runs in an AsyncLocalStorage, which
// attributes readings of the clock, timers, draws and answers to it. The recording keeps references. Masks, checksums
// and texts are made when it is written, because few are.
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { type Clock, systemClock } from "@protobff/runtime/internal/clock";
import { type Transitions, transition } from "@protobff/runtime/internal/states";
import type { CapturedDecision, CapturedEntry } from "./format.ts";

/** Context of a request, or of none. `AsyncLocalStorage.snapshot` would cost ten times as much. */
const newContext = (): AsyncResource => new AsyncResource("BFF_CAPTURE", { requireManualDestroy: true });

/** Event of a tape before it is written. Bytes are not encoded, and a `send` has its frame in place of a checksum. */
type RecordedEvent = readonly [kind: string, ...values: unknown[]];
/** An arrival. Its time, the number of readings before it, and its turn are filled in. */
type RecordedArrival = [kind: string, at: number, readings: number, joined: number, ...values: unknown[]];

/** Values that have entered one request, each kind in the order of its reading. */
class RecordedValues {
  readonly tape: RecordedEvent[] = [];
  readonly readings: number[] = [];
  readonly dates: number[] = [];
  readonly random: number[] = [];
  readonly decisions: CapturedDecision[] = [];
  readonly entries: (readonly [look: number, ...CapturedEntry<Uint8Array>])[] = [];
  readonly joins: number[] = [];
  readonly queries: number[] = [];
  readonly unkept: number[] = [];
  readonly headers = new Map<string, string | null>();
}

/** The next number of each kind of thing that one request numbers. */
class NextNumbers {
  timer = 0;
  attempt = 0;
  stream = 0;
  fetch = 0;
  sharer = 0;
  join = 0;
  waiter = 0;
  look = 0;
  second = 0;
  run = 0;
  kept = 0;
}

/** States of a recording: `tooLarge` if the request, or all that run, have exceeded their bound. */
export const RECORDING_TRANSITIONS: Transitions<"running" | "ended" | "tooLarge"> = {
  running: ["ended", "tooLarge"],
  ended: [],
  tooLarge: [],
};

/** The recording of one request. */
export class Recording {
  readonly values = new RecordedValues();
  readonly next = new NextNumbers();
  readonly startedAt = microseconds();
  /** Time of the last arrival. */
  arrivedAt = this.startedAt;
  /** Decision from outside that is not recorded. Its replay may differ. */
  incomparable: string | undefined;
  /** True while a guard decides: its own readings are no values that enter the request. */
  isMuted = false;
  readonly #maxBytes: number;
  readonly #cut: (() => void) | undefined;
  readonly #pool: Pool;
  #state: keyof typeof RECORDING_TRANSITIONS = "running";
  #bytes = 0;
  /** The guard of each decision. */
  readonly #guards: string[] = [];
  #isTurnOpen = false;
  #context = OUTSIDE;
  readonly #closeTurn = (): void => {
    this.#isTurnOpen = false;
  };

  /**
   * @param maxBytes bound of the recorded bytes, roughly
   * @param cut of a stream: called when it has exceeded a bound, after its end. Its events are kept
   */
  constructor(maxBytes: number, cut?: () => void) {
    this.#maxBytes = maxBytes;
    this.#cut = cut;
    this.#pool = cut === undefined ? REQUESTS : STREAMS;
  }

  /** True if the request has ended, or has exceeded its bound. Nothing is recorded any more. */
  get done(): boolean {
    return this.#state !== "running";
  }
  get isTooLarge(): boolean {
    return this.#state === "tooLarge";
  }

  /** Records a value that arrives from outside, then continues the request with it. */
  arrives<T>(event: RecordedArrival, run: (argument: T) => void, argument: T): void {
    if (this.done) {
      run(argument);
      return;
    }
    event[1] = microseconds();
    this.arrivedAt = event[1];
    event[2] = this.values.readings.length;
    event[3] = this.#isTurnOpen ? 1 : 0;
    this.values.tape.push(event);
    this.spend(EVENT_BYTES);
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true;
      void AT_ONCE.then(this.#closeTurn);
    }
    within(this, this.#context, run, argument);
  }
  /** Continues the request with a value that its replay makes again. */
  continues(run: () => void): void {
    within(this, this.#context, run, undefined);
  }
  /** Begins the request. */
  begin(run: () => void): void {
    active++;
    within(this, newContext(), this.#begin, run);
  }
  readonly #begin = (run: () => void): void => {
    running.enterWith(this);
    this.#context = newContext();
    run();
  };
  /** Ends the recording. */
  end(how: "ended" | "tooLarge" = "ended"): void {
    if (this.done) return;
    this.#state = transition(RECORDING_TRANSITIONS, this.#state, how);
    active--;
    this.#pool.bytes -= this.#bytes;
  }
  /** Records what the request does to the outside. */
  affects(event: RecordedEvent): void {
    if (this.done) return;
    this.values.tape.push(event);
    this.spend(EVENT_BYTES);
  }
  /** Takes bytes from the bounds of the request and of the process. */
  spend(bytes: number): void {
    if (this.done) return;
    this.#bytes += bytes;
    this.#pool.bytes += bytes;
    if (this.#bytes <= this.#maxBytes && this.#pool.bytes <= this.#pool.most) return;
    this.end(this.#cut === undefined ? "tooLarge" : "ended");
    if (this.#cut === undefined) this.forget();
    else this.#cut();
  }
  /** Frees the recorded values, because contexts of an open stream refer to its recording. */
  forget(): void {
    const { tape, readings, dates, random, headers, entries } = this.values;
    for (const values of [tape, readings, dates, random, entries]) values.length = 0;
    headers.clear();
  }
  /** Runs a function that records nothing. */
  muted<T>(run: () => T): T {
    this.isMuted = true;
    try {
      return run();
    } finally {
      this.isMuted = false;
    }
  }
  /** Records a header that is read. */
  keepsHeader(name: string, value: string | null): void {
    if (this.done || this.values.headers.has(name)) return;
    this.values.headers.set(name, value);
    this.spend(name.length + (value?.length ?? 0));
  }
  /** Records an entry of the cache. */
  keepsEntry(look: number, entry: CapturedEntry<Uint8Array>): void {
    this.values.entries.push([look, ...entry]);
    this.spend(entry[0].length);
  }
  /** Records a decision of a guard, if it is not `go`. */
  decides<A, T extends "go" | CapturedDecision[2]>(guard: string, decide: (argument: A) => T, argument: A): T {
    const decision = this.#guards.push(guard) - 1;
    this.isMuted = true;
    try {
      const result = decide(argument);
      if (result === "go") return result;
      const nth = this.#guards.filter((other) => other === guard).length - 1;
      this.values.decisions.push([decision, guard, result as CapturedDecision[2], nth]);
      return result;
    } finally {
      this.isMuted = false;
    }
  }
}

/** Maximum size of all recordings of unary requests at a time, in bytes. One that would exceed it is not captured. */
export const MAX_RECORDED_BYTES = 256 << 20;
/** Maximum size of all recordings of streams at a time, in bytes: they are long, and must leave room for requests. */
const MAX_STREAM_BYTES = 64 << 20;

/** Estimate of the size of an event in the file, in bytes. */
const EVENT_BYTES = 40;

const running = new AsyncLocalStorage<Recording | undefined>();
const OUTSIDE = newContext();
/** Continues in the next microtask. `queueMicrotask` would make a context for it. */
const AT_ONCE = Promise.resolve();
/** Number of requests that are recorded now. */
let active = 0;
/** Bytes that running recordings have taken, roughly, and their bound. */
interface Pool {
  bytes: number;
  readonly most: number;
}
const REQUESTS: Pool = { bytes: 0, most: MAX_RECORDED_BYTES };
const STREAMS: Pool = { bytes: 0, most: MAX_STREAM_BYTES };
/** Recording of the call that runs now. Undefined in continuations of promises: only the storage has it then. */
let current: Recording | undefined;
const NOBODY = new Recording(0);
active++;
NOBODY.end();

function within<T>(of: Recording, context: AsyncResource, run: (argument: T) => void, argument: T): void {
  const before = current;
  current = of;
  try {
    context.runInAsyncScope(run, undefined, argument);
  } finally {
    current = before;
  }
}

/** Runs a function in the context of a request, if it is recorded. */
export function continues(of: Recording | undefined, run: () => void): void {
  if (of === undefined || of.done) outside(run, undefined);
  else of.continues(run);
}

/** Runs a function in the context of no request: connections outlive the requests that open them. */
export function outside<T>(run: (argument: T) => void, argument: T): void {
  within(NOBODY, OUTSIDE, run, argument);
}

/** Returns the recording of the request that runs now; undefined: none, or it records nothing now. */
export function recording(): Recording | undefined {
  if (active === 0) return undefined;
  const found = current ?? running.getStore();
  return found === undefined || found.done || found.isMuted ? undefined : found;
}

/** The time of the process in whole microseconds, so that a file has the same number as the request has read. */
export function microseconds(): number {
  return Math.round(systemClock.now() * 1_000);
}

interface Started<T> {
  readonly of: Recording;
  readonly index: number;
  /** Time of the last arrival before it, and its own, in microseconds since the begin of the request and of itself. */
  readonly afterUs: number;
  readonly us: number;
  readonly run: (argument: T) => void;
  readonly argument: T;
}
/** Fires a timer, or continues in the next turn. */
const fire = <T>({ of, index, afterUs, us, run, argument }: Started<T>): void =>
  of.arrives(["timer", 0, 0, 0, index, afterUs, us], run, argument);
const started = <T>(of: Recording, ms: number, run: (argument: T) => void, argument: T): Started<T> => ({
  of,
  index: of.next.timer++,
  afterUs: of.arrivedAt - of.startedAt,
  us: Math.ceil(ms * 1_000),
  run,
  argument,
});

/** The clock of the process, whose values are recorded for the request that reads them. */
export const recordingClock: Clock = {
  now() {
    const of = recording();
    if (of === undefined) return systemClock.now();
    const now = microseconds();
    of.values.readings.push(now);
    return now / 1_000;
  },
  date() {
    const date = systemClock.date();
    recording()?.values.dates.push(date.getTime());
    return date;
  },
  random() {
    const drawn = systemClock.random();
    recording()?.values.random.push(drawn);
    return drawn;
  },
  setTimeout(run, ms, argument) {
    const of = recording();
    if (of === undefined) return systemClock.setTimeout(run, ms, argument);
    return systemClock.setTimeout(fire<typeof argument>, ms, started(of, ms, run, argument));
  },
  clearTimeout: (timer) => systemClock.clearTimeout(timer),
  // A timer for a replay.
  setImmediate(run, argument) {
    const of = recording();
    if (of === undefined) setImmediate(run, argument);
    else setImmediate(fire<typeof argument>, started(of, 0, run, argument));
  },
};
