// A source for random BFFs: numbered items, out of a stream that may break and then resumes behind one of them.
import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { pick, seeded } from "../../../bffs/second/random-message.ts";
import { status } from "../../oracle/faults.ts";
import type { Play } from "../../oracle/stream.ts";
import { randomItem } from "./rich-world.ts";

const UNAVAILABLE = 14;
const CODES = [5, 7, UNAVAILABLE];

/** One opening: the number of requested items that it gives (default: all), then its end. */
interface Scene {
  readonly items: number | undefined;
  readonly code: number | undefined;
}

export class RichSource {
  /** Requests that have come. */
  readonly opened: Message[] = [];
  readonly #seed: string;
  readonly #item: DescMessage;
  readonly #scenes: readonly Scene[];

  /** @param whole nothing breaks */
  constructor(seed: string, item: DescMessage, whole = false) {
    this.#seed = seed;
    this.#item = item;
    const random = seeded("source", seed);
    const scenes = whole || random() < 0.5 ? 0 : 1 + Math.floor(random() * 2);
    this.#scenes = Array.from({ length: scenes }, () => ({
      items: random() < 0.3 ? 0 : Math.floor(random() * 4),
      code: random() < 0.75 ? UNAVAILABLE : pick(random, CODES),
    }));
  }
  /** As a mock. */
  readonly watchItem = (request: Message): Iterable<object> => this.#stream(request, this.opened.push(request) - 1);

  /** Returns the opening in the form that the oracle reads. */
  plays(request: Message, nth: number): Play {
    const { code } = this.#scene(nth);
    const items = this.#itemsFor(request, nth).map((item) => toBinary(this.#item, create(this.#item, item)));
    if (code === undefined) return { items, end: { kind: "ended" } };
    return { items, end: { kind: "failed", clientCode: status(code).clientCode, breaks: code === UNAVAILABLE } };
  }
  *#stream(request: Message, nth: number): Iterable<object> {
    yield* this.#itemsFor(request, nth);
    const { code } = this.#scene(nth);
    if (code !== undefined) throw new ConnectError("broken", code);
  }
  #itemsFor(request: Message, nth: number): Readonly<Record<string, unknown>>[] {
    const { id, locale } = request as Message & { id: string; locale?: string };
    const random = seeded("items", this.#seed, id);
    const all = Array.from({ length: Math.floor(random() * 7) }, (_, i) => ({
      ...randomItem(random, pick(random, ["", "a", "b", "k", "x"])),
      priceCents: BigInt(i + 1),
      stock: pick(random, [0, 0, 0, 1]),
    }));
    return all.slice(Number(locale ?? 0)).slice(0, this.#scene(nth).items);
  }
  #scene(nth: number): Scene {
    return this.#scenes[nth] ?? { items: undefined, code: undefined };
  }
}
