// One run of a simulation: the generated BFF with the real runtime, on simulated time.
import type { Message } from "@bufbuild/protobuf";
import type { Code } from "@protobff/runtime/internal/failure";
import type { Handler, PlayedBff, PlayModule, PlayRequest } from "../play-module.ts";
import { Random, zipf } from "../world/random.ts";
import type { CallWorld, RpcWorld, World } from "../world/world.ts";
import { EventClock } from "./event-clock.ts";
import { Tally } from "./tally.ts";
import { listed, varied } from "./varied.ts";

/** Size and seed of one run. */
interface RunOptions {
  readonly seed: number;
  /** Number of counted requests, of all rpcs together; further ones before them warm up caches and breakers. */
  readonly requests: number;
}
/** Events of one run. */
export interface Run {
  readonly tally: Tally;
  /** Counted time. */
  readonly seconds: number;
}

/** Requests before the counted ones, as a share of these. */
const WARM_UP = 0.1;

/**
 * Plays clients that send requests at the rates of the world, whether or not earlier ones are answered.
 *
 * @param world with an entry for each rpc that is called and sent
 */
export async function play(module: PlayModule, world: World, { seed, requests }: RunOptions): Promise<Run> {
  const clock = new EventClock(new Random(seed, "runtime"));
  const total = [...world.rpcs.values()].reduce((sum, { rate }) => sum + rate, 0);
  const seconds = requests / total;
  const warmUpMs = WARM_UP * seconds * 1_000;
  const tally = new Tally(warmUpMs);
  const bff = module.make({ clock, observer: tally.observer, mocks: answersOf(module, world) });
  behave(bff, module, world, { clock, tally, seed });
  let underWay = 0;
  let arrivals = 0;
  const untilMs = warmUpMs + seconds * 1_000;
  for (const [rpc, of] of world.rpcs) {
    const sent = module.REQUESTS.filter((request) => request.rpc === rpc);
    if (sent.length === 0) continue;
    const next = requestsOf(sent, of, new Random(seed, `requests of ${rpc}`));
    const gaps = new Random(seed, `arrivals of ${rpc}`);
    const arrive = (): void => {
      arrivals--;
      if (clock.now() >= untilMs) return;
      const { request, message } = next();
      underWay++;
      const ended = (): void => {
        underWay--;
      };
      request.send(bff, message, {}).then(ended, ended);
      arrivals++;
      clock.setTimeout(arrive, gaps.gap(of.rate / 1_000), undefined);
    };
    arrivals++;
    clock.setTimeout(arrive, gaps.gap(of.rate / 1_000), undefined);
  }
  await clock.run(() => arrivals === 0 && underWay === 0);
  bff.close();
  return { tally, seconds };
}

/** Returns a function that chooses the next request. */
function requestsOf(all: readonly PlayRequest[], { keys, skew }: RpcWorld, random: Random) {
  const number = zipf(keys, skew);
  const messages = all.map((request) => request.request());
  return (): { readonly request: PlayRequest; readonly message: Message } => {
    const at = Math.floor(random.next() * all.length);
    const [request, message] = [all[at], messages[at]];
    if (request === undefined || message === undefined) throw new RangeError("there is no request");
    return { request, message: request.isSample ? varied(request.input, message, number(random)) : message };
  };
}

/** Returns handlers of the rpcs whose answers have longer lists than samples have. */
function answersOf({ UPSTREAMS }: PlayModule, { calls }: World) {
  const upstreams = Object.entries(UPSTREAMS).map(([name, service]) => {
    const handlers = service.methods.flatMap((method): (readonly [string, Handler])[] => {
      const items = calls.get(`${service.typeName}/${method.name}`)?.items;
      if (items === undefined) return [];
      return [[method.localName, (_, sample) => listed(method.output, sample, items)]];
    });
    return [name, Object.fromEntries(handlers)] as const;
  });
  return Object.fromEntries(upstreams);
}

interface Around {
  readonly clock: EventClock;
  readonly tally: Tally;
  readonly seed: number;
}

/** Makes the mocks answer as the world has it. */
function behave(bff: PlayedBff, { UPSTREAMS }: PlayModule, { calls }: World, around: Around): void {
  for (const [name, mock] of Object.entries(bff.mocks)) {
    const service = UPSTREAMS[name];
    for (const method of service?.methods ?? []) {
      const full = `${service?.typeName}/${method.name}`;
      const of = calls.get(full);
      if (of !== undefined) mock.setBehaviour(full, behaviourOf(full, of, around));
    }
  }
}

function behaviourOf(
  method: string,
  { latency, failures = latency, errors, code, concurrent }: CallWorld,
  { clock, tally, seed }: Around,
) {
  const random = new Random(seed, method);
  const queue = concurrent === undefined ? undefined : new Queue(concurrent);
  return () => {
    tally.sent(method);
    const fails = random.next() < errors;
    const ms = (fails ? failures : latency)(random.next());
    const afterMs = queue === undefined ? ms : queue.enter(clock.now(), ms);
    return fails
      ? { kind: "status" as const, code: code as Code, afterMs, message: "a simulated error" }
      : { kind: "answer" as const, afterMs };
  };
}

/** First come, first served, by a number of servers. Cancelled calls are worked on to their end. */
class Queue {
  /** Moments at which the servers are free. */
  readonly #free: Float64Array;

  constructor(servers: number) {
    this.#free = new Float64Array(servers);
  }
  /** Returns the time until the end of a call that arrives now. */
  enter(now: number, ms: number): number {
    let first = 0;
    for (let i = 1; i < this.#free.length; i++) if ((this.#free[i] ?? 0) < (this.#free[first] ?? 0)) first = i;
    const end = Math.max(now, this.#free[first] ?? 0) + ms;
    this.#free[first] = end;
    return end - now;
  }
}
