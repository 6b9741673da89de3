import type { Clock, Timer } from "@protobff/runtime/internal/clock";
import { Code, type Fault } from "@protobff/runtime/internal/failure";
import type { OpenStream, StreamReceiver } from "@protobff/runtime/internal/transport/stream-client";
import { ANSWERING, type Behaviour, GARBAGE } from "./behaviour.ts";
import type { MockCall, MockItems } from "./mock-rpc.ts";

/** Default interval between the items of an endless stream, in milliseconds. */
const ENDLESS_MS = 1_000;
/** Maximum number of items in one turn of the event loop, so that other work is not delayed. */
const IN_ONE_TURN = 16;

/** Parts of a mock's stream. */
interface Parts {
  readonly behaviour: Behaviour;
  /** Called once, and once more each time that a stream without end begins anew. */
  readonly items: () => Promise<MockItems<object>>;
  readonly encode: (item: object) => Uint8Array;
  readonly fault: (thrown: unknown) => Fault;
  readonly call: MockCall | undefined;
  readonly receiver: StreamReceiver;
  readonly clock: Clock;
}
type Items = Iterator<object> | AsyncIterator<object>;

/** One server stream that a mock has received. */
export class MockStream implements OpenStream {
  readonly #parts: Parts;
  #demand = 0;
  #sentItems = 0;
  #items: Items | undefined;
  #any = false; // since the items were last begun
  #busy = true; // opening, waiting, or getting an item
  #over = false;
  #timer: Timer | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { behaviour } = parts;
    const afterMs = "afterMs" in behaviour ? (behaviour.afterMs ?? 0) : 0;
    this.#after(afterMs, () => this.#open());
  }
  /** Returns a stream that fails when it is opened. */
  static failing(fault: Fault, receiver: StreamReceiver, clock: Clock): MockStream {
    const thrower = (): Promise<never> => Promise.reject(fault);
    const encode = (): Uint8Array => GARBAGE;
    return new MockStream({
      behaviour: ANSWERING,
      items: thrower,
      encode,
      fault: () => fault,
      call: undefined,
      receiver,
      clock,
    });
  }
  take(items: number): void {
    this.#demand += items;
    if (!this.#busy) void this.#give();
  }
  cancel(): void {
    if (!this.#over) this.#end();
  }

  #open(): void {
    const { behaviour, receiver, call } = this.#parts;
    if (behaviour.kind === "refused") {
      this.#fault({ kind: "transport", code: Code.UNAVAILABLE, message: "connect ECONNREFUSED (a mock)" });
      return;
    }
    const nothing =
      "afterItems" in behaviour && behaviour.afterItems !== undefined ? false : behaviour.kind !== "answer";
    if (!nothing && call !== undefined) receiver.opened?.(call.answer.headers);
    void this.#give();
  }
  /** Sends requested items until the stream ends. */
  async #give(): Promise<void> {
    this.#busy = true;
    while (!this.#over) {
      if (this.#misbehaves()) break;
      if (this.#demand === 0) break;
      const waitMs = this.#sentItems === 0 ? 0 : this.#everyMs;
      if (waitMs > 0) await new Promise<void>((resolve) => this.#after(waitMs, resolve));
      else if (this.#sentItems % IN_ONE_TURN === IN_ONE_TURN - 1) await new Promise((resolve) => setImmediate(resolve));
      if (!this.#over) await this.#next();
    }
    this.#busy = false;
  }
  get #everyMs(): number {
    const { behaviour } = this.#parts;
    if (behaviour.kind !== "answer") return 0;
    return behaviour.everyMs ?? (behaviour.endless === true ? ENDLESS_MS : 0);
  }
  async #next(): Promise<void> {
    const { behaviour, items, encode, fault, receiver, call } = this.#parts;
    let message: Uint8Array;
    try {
      this.#items ??= begun(await items());
      const { done, value } = await this.#items.next();
      if (this.#over) return;
      if (done === true) {
        this.#items = undefined;
        const any = this.#any;
        this.#any = false;
        if (behaviour.kind !== "answer") this.#sentItems = Number.POSITIVE_INFINITY; // then it does what it was to do later
        if (behaviour.kind !== "answer" || (any && behaviour.endless === true)) return;
        this.#end();
        receiver.ended(call?.answer.trailers ?? {});
        return;
      }
      message = encode(value);
    } catch (thrown) {
      this.#fault(fault(thrown));
      return;
    }
    this.#any = true;
    this.#sentItems++;
    this.#demand--;
    receiver.item(message);
  }
  /** Returns true if its behaviour replaces the next item. */
  #misbehaves(): boolean {
    const { behaviour, receiver } = this.#parts;
    if (behaviour.kind === "answer" || behaviour.kind === "refused") return false;
    if (this.#sentItems < (behaviour.afterItems ?? 0)) return false;
    switch (behaviour.kind) {
      case "status": {
        const { code, message = "" } = behaviour;
        this.#fault({ kind: "status", code, message, upstreamText: message });
        return true;
      }
      case "broken":
        this.#fault({ kind: "transport", code: Code.UNAVAILABLE, message: "the connection is lost (a mock)" });
        return true;
      case "oversize":
        this.#fault({ kind: "invalid", code: Code.INTERNAL, message: "an item that is too large (a mock)" });
        return true;
      case "garbage":
        if (this.#demand === 0) return true;
        this.#demand--;
        this.#sentItems = Number.NEGATIVE_INFINITY; // once
        receiver.item(GARBAGE);
        return true;
      case "hang":
        return true;
    }
  }
  #fault(fault: Fault): void {
    if (this.#over) return;
    this.#end();
    this.#parts.receiver.faulted(fault);
  }
  #end(): void {
    this.#over = true;
    if (this.#timer !== undefined) this.#parts.clock.clearTimeout(this.#timer);
    const items = this.#items;
    this.#items = undefined;
    void Promise.resolve(items?.return?.()).catch(() => {}); // nobody hears any more what a handler says
  }
  /** Runs after the time, and never before the code that opened the stream continues. */
  #after(ms: number, run: () => void): void {
    if (ms > 0) this.#timer = this.#parts.clock.setTimeout(run, ms, undefined);
    else
      queueMicrotask(() => {
        if (!this.#over) run();
      });
  }
}

function begun(items: MockItems<object>): Items {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}
