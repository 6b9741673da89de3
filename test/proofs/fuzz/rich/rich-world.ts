// The world of random BFFs: an upstream whose answers, failures and pace depend on the request alone.
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { Clock } from "../../../../runtime/src/clock.ts";
import { pick, seeded } from "../../../bffs/second/random-message.ts";

const WORDS = ["", "a", "b", "k", "x"];
const CODES = [5, 7, 14];
const DELAYS = [0, 0, 1, 20];

type Random = () => number;

export class RichWorld {
  /** Clock of the BFF, once it exists. */
  clock: Clock | undefined;
  /** Description of two writes that overlapped. */
  overlapping: string | undefined;
  #writing: string | undefined;
  readonly #seed: string;
  /** The share of calls that fail. */
  readonly #failing: number;
  readonly #alike: boolean;

  /** @param alike all batches end alike, whatever is in them: they are compared with batches of other items */
  constructor(seed: string, alike = false) {
    this.#seed = seed;
    this.#alike = alike;
    this.#failing = pick(seeded("world", seed), [0, 0, 0.2, 0.5]);
  }
  /** @param more of the items' upstream */
  mocks(more: object = {}): object {
    const answers: Readonly<Record<string, Readonly<Record<string, (request: never) => object>>>> = {
      item: {
        getItem: ({ id }: { id: string }) => this.#item(id),
        findItems: ({ text }: { text: string }) => this.#found(text),
        batchGetItems: ({ ids }: { ids: readonly string[] }) => ({
          items: this.#there(ids).map((id) => this.#item(id)),
        }),
        mapItems: ({ ids }: { ids: readonly string[] }) => ({
          items: Object.fromEntries(this.#there(ids).map((id) => [id, this.#item(id)])),
        }),
      },
      order: Object.fromEntries(
        ["getOrder", "placeOrder", "payOrder", "cancelOrder"].map((name) => [
          name,
          (request: { id?: string; itemId?: string }) => this.#order(`${name} ${request.id ?? request.itemId}`),
        ]),
      ),
    };
    return Object.fromEntries(
      Object.entries(answers).map(([service, methods]) => [
        service,
        {
          ...Object.fromEntries(Object.entries(methods).map(([name, answer]) => [name, this.#paced(name, answer)])),
          ...(service === "item" && more),
        },
      ]),
    );
  }

  #paced(name: string, answer: (request: never) => object) {
    const ended = this.#answering(name, answer);
    if (!/^(place|pay|cancel)/.test(name)) return ended;
    return async (request: Message): Promise<object> => {
      const call = `${name} ${JSON.stringify(request, plain)}`;
      // A hedge is beside what it is for.
      if (this.#writing !== undefined && this.#writing !== call)
        this.overlapping ??= `${call} begins before ${this.#writing} has ended`;
      this.#writing = call;
      try {
        return await ended(request);
      } finally {
        if (this.#writing === call) this.#writing = undefined;
      }
    };
  }
  #answering(name: string, answer: (request: never) => object) {
    return async (request: Message): Promise<object> => {
      const of = this.#alike && "ids" in request ? "" : JSON.stringify(request, plain);
      const random = seeded("call", this.#seed, name, of);
      const delay = pick(random, DELAYS);
      if (delay > 0) await new Promise<void>((resolve) => this.clock?.setTimeout(resolve, delay, undefined));
      if (random() < this.#failing) throw new ConnectError("no", pick(random, CODES));
      return answer(request as never);
    };
  }
  #there(ids: readonly string[]): readonly string[] {
    return [...new Set(ids)].filter((id) => seeded("there", this.#seed, id)() < 0.8);
  }
  #found(text: string): object {
    const random = seeded("found", this.#seed, text);
    return { items: some(random, 3, (i) => this.#item(`${text}${i}`)), total: pick(random, [0, 1, 2]) };
  }
  #order(name: string): object {
    const random = seeded("order", this.#seed, name);
    return { id: pick(random, WORDS), itemId: pick(random, WORDS), count: 1, paid: random() < 0.5 };
  }
  #item(id: string): object {
    return randomItem(seeded("item", this.#seed, id), id);
  }
}

/** Returns a client's request, with values by the names of the fields. */
export function requestIn(desc: DescMessage, seed: string) {
  const random = seeded("request", seed);
  const word = (): string => pick(random, WORDS);
  const texts = (): Record<string, string> => Object.fromEntries(some(random, 3, () => [word(), word()] as const));
  const message = create(desc, {
    id: word(),
    flag: random() < 0.5,
    n: BigInt(pick(random, [0, 1, 2, 5])),
    ...(random() < 0.5 && { note: word() }),
    ids: usual(random, word(), 4, word),
    kind: pick(random, [0, 1, 3]),
    ...(random() < 0.7 && { item: randomItem(random, word()) }),
    texts: texts(),
    numbered: Object.fromEntries(some(random, 3, () => [pick(random, [0, 1, 2]), word()] as const)),
    sizes: Object.fromEntries(some(random, 3, () => [word(), size(random)] as const)),
  });
  const headers: Readonly<Record<string, string>> = random() < 0.6 ? { "x-a": pick(random, ["a", "b"]) } : {};
  return { message, headers };
}

export function randomItem(random: Random, id: string): object {
  const word = (): string => pick(random, WORDS);
  return {
    id,
    name: word(),
    ownerId: word(),
    priceCents: BigInt(pick(random, [0, 1, 2])),
    kind: pick(random, [0, 1, 2, 3]),
    ...(random() < 0.5 && { note: word() }),
    ...(random() < 0.5 && { size: size(random) }),
    sizes: some(random, 3, () => size(random)),
    sizesByName: Object.fromEntries(
      usual(random, ["k", size(random)] as const, 3, () => [word(), size(random)] as const),
    ),
    tags: usual(random, word(), 3, word),
    ...(random() < 0.5 && { label: word() }),
    media:
      random() < 0.4
        ? { case: "imageUrl", value: word() }
        : random() < 0.5
          ? { case: "placeholder", value: size(random) }
          : { case: undefined },
    attributes: Object.fromEntries(usual(random, ["k", word()] as const, 3, () => [word(), word()] as const)),
  };
}
const size = (random: Random): object => ({ width: pick(random, [0, 1, 2]), height: pick(random, [0, 3]) });
function some<T>(random: Random, below: number, make: (index: number) => T): T[] {
  return Array.from({ length: Math.floor(random() * below) }, (_, i) => make(i));
}
/** With one more that expressions count on, but for some. */
function usual<T>(random: Random, element: T, below: number, more: (index: number) => T): T[] {
  return [...(random() < 0.9 ? [element] : []), ...some(random, below, more)];
}
const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);
