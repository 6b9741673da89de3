// The world of random streams: upstreams whose answers depend on the request alone, so that generated code and the
// oracle get the same. Their source breaks and continues.
import { create, type DescMessage, type Message, type Registry, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { pick } from "../../bffs/second/random-message.ts";
import { status } from "../oracle/faults.ts";
import { type CallOutcome, methodName, type Outcomes } from "../oracle/outcomes.ts";
import type { Play } from "../oracle/stream.ts";
import { type Random, seeded } from "./random-streams.ts";

const UP = "up.v1.UpService";
const UNAVAILABLE = 14;
const IDS = ["", "a", "b", "c", "d", "poison"];
const CODES = [5, 7, 13, UNAVAILABLE];

/** One opening: the number of requested items that it gives (default: all), then its end. */
interface Scene {
  readonly items: number | undefined;
  readonly code: number | undefined;
}
/** Handlers of an upstream's mock. */
export interface Handlers {
  get(request: Message): object;
  getAll(request: Message): object;
  watch(request: Message): Iterable<object>;
  begin(request: Message): Iterable<object>;
}

export class StreamWorld {
  /** Phases in which each request of `Get` was made, by its id, as in the oracle. */
  readonly phases = new Map<string, Set<string>>();
  /** Number of calls of `Get` that have reached the mock, by id. */
  readonly got = new Map<string, number>();
  /** Requests of streams that have reached the mock. */
  readonly opened: Message[] = [];
  readonly #registry: Registry;
  readonly #seed: string;
  readonly #events: readonly Readonly<Record<string, unknown>>[];
  readonly #scenes: readonly Scene[];
  readonly #allCode: number | undefined;
  #openings = 0;

  /** @param whole nothing breaks */
  constructor(registry: Registry, seed: string, whole = false) {
    this.#registry = registry;
    this.#seed = seed;
    const random = seeded("world", seed);
    this.#events = events(random);
    this.#allCode = random() < 0.2 ? pick(random, CODES) : undefined;
    const scenes = whole || random() < 0.5 ? 0 : 1 + Math.floor(random() * 2);
    this.#scenes = Array.from({ length: scenes }, () => ({
      items: random() < 0.3 ? 0 : Math.floor(random() * 4),
      code: random() < 0.75 ? UNAVAILABLE : pick(random, CODES),
    }));
  }

  // ---- what calls end with ----

  #thing(
    id: string,
  ): { readonly code: number } | { readonly code?: undefined; readonly thing: Readonly<Record<string, unknown>> } {
    const random = seeded("thing", this.#seed, id);
    if (random() < 0.25) return { code: pick(random, CODES) };
    const note = random() < 0.5 ? { note: pick(random, ["", "n"]) } : {};
    const ids = Array.from({ length: Math.floor(random() * 3) }, () => pick(random, IDS));
    const [name, next, flag] = [`N${id}`, pick(random, IDS), random() < 0.5];
    return { thing: { id, name, next, n: 3n, flag, ids, ...note } };
  }
  /** Reports whether `Get` of this id fails. */
  fails(id: string): boolean {
    return this.#thing(id).code !== undefined;
  }
  #things(ids: readonly string[]): Readonly<Record<string, unknown>> {
    const found = new Set(ids.filter((id) => seeded("there", this.#seed, id)() < 0.75));
    return {
      things: [...found].flatMap((id) => ({
        id,
        name: `A${id}`,
        next: "a",
        n: 1n,
        flag: true,
        ids: [],
        note: id,
      })),
    };
  }
  outcomes(phase: string): Outcomes {
    const ended = (_method: string, name: string, made: Readonly<Record<string, unknown>> | number): CallOutcome => {
      if (typeof made === "number") return { failed: { ...status(made, "no"), upstream: UP } };
      const desc = this.#message(name);
      return { ok: toBinary(desc, create(desc, made)) };
    };
    return {
      call: (method, request) => {
        const id = String((request as Message & { id: string }).id);
        this.phases.set(id, (this.phases.get(id) ?? new Set()).add(phase));
        const { code, ...rest } = this.#thing(id);
        return ended(methodName(method), "Thing", code ?? ("thing" in rest ? rest.thing : {}));
      },
      batch: (method, alone) =>
        ended(methodName(method), "Things", this.#allCode ?? this.#things((alone as Message & { ids: string[] }).ids)),
      unasked: () => [],
    };
  }

  // ---- what is followed ----

  #scene(nth: number): Scene {
    return this.#scenes[nth] ?? { items: undefined, code: undefined };
  }
  #behind(request: Message): readonly Readonly<Record<string, unknown>>[] {
    const { after = 0n, afterText = "" } = request as Message & { after?: bigint; afterText?: string };
    const at = this.#events.findIndex(({ seq, by, text }) => seq === after || `${by}:${text}` === afterText);
    return this.#events.slice(at + 1);
  }
  plays(request: Message, nth: number): Play {
    const { items, code } = this.#scene(nth);
    const desc = this.#message("Event");
    const all = this.#behind(request).slice(0, items);
    const bytes = all.map((event) => toBinary(desc, create(desc, event)));
    if (code === undefined) return { items: bytes, end: { kind: "ended" } };
    return { items: bytes, end: { kind: "failed", clientCode: status(code).clientCode, breaks: code === UNAVAILABLE } };
  }

  /** The same, as a mock gives it. */
  handlers(): Handlers {
    const watch = (request: Message): Iterable<object> => {
      this.opened.push(request);
      return this.#itemsOf(request, this.#openings++);
    };
    return {
      get: (request) => {
        const id = String((request as Message & { id: string }).id);
        this.got.set(id, (this.got.get(id) ?? 0) + 1);
        const made = this.#thing(id);
        if (made.code !== undefined) throw new ConnectError("no", made.code);
        return made.thing;
      },
      getAll: (request) => {
        if (this.#allCode !== undefined) throw new ConnectError("no", this.#allCode);
        return this.#things((request as Message & { ids: string[] }).ids);
      },
      watch,
      begin: watch,
    };
  }
  *#itemsOf(request: Message, nth: number): Iterable<object> {
    const { items, code } = this.#scene(nth);
    yield* this.#behind(request).slice(0, items);
    if (code !== undefined) throw new ConnectError("broken", code);
  }
  #message(name: string): DescMessage {
    const desc = this.#registry.getMessage(`up.v1.${name}`);
    if (desc === undefined) throw new Error(`no ${name}`);
    return reflect(desc).desc;
  }
}

function events(random: Random): readonly Readonly<Record<string, unknown>>[] {
  return Array.from({ length: Math.floor(random() * 8) }, (_, i) => {
    const thing = random() < 0.5 ? { thing: { id: pick(random, IDS), name: `T${i}` } } : {};
    const note = random() < 0.5 ? { note: pick(random, ["", "note"]) } : {};
    const ids = Array.from({ length: Math.floor(random() * 4) }, () => pick(random, IDS));
    // No two have the same.
    const by = `${pick(random, IDS)}${i}`;
    const text = pick(random, [...IDS, "end"]);
    return {
      seq: BigInt(i + 1),
      text,
      by: random() < 0.5 ? by : `x${i}`,
      hidden: random() < 0.25,
      final: random() < 0.15,
      ids,
      ...note,
      ...thing,
    };
  });
}
