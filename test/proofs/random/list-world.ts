// The world of random lists: an upstream whose answers, failures and pace depend on the request alone.
import type { Message } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { Clock } from "../../../runtime/src/clock.ts";
import { pick, seeded } from "../../bffs/second/random-message.ts";

const IDS = ["", "a", "b", "c", "d", "e"];
const CODES = [5, 7, 13, 14];
const DELAYS = [0, 0, 1, 20, 100];

type Handler = (request: Message) => Promise<object>;

export class ListWorld {
  readonly #seed: string;
  /** Shares of calls that fail, and that never end. */
  readonly #failing: number;
  readonly #silent: number;

  constructor(seed: string) {
    this.#seed = seed;
    const random = seeded("world", seed);
    this.#failing = pick(random, [0, 0.1, 0.3, 0.7]);
    this.#silent = pick(random, [0, 0, 0.15]);
  }
  /** @param clock that of the BFF, once there is one */
  handlers(clock: () => Clock): Readonly<Record<string, Handler>> {
    const users = (keys: readonly string[]) => ({ users: keys.flatMap((id) => this.#usersOf(id)) });
    const ofIds = ({ ids }: { ids: string[] }) => users(ids);
    const ofRefs = ({ refs }: { refs: { id: string }[] }) => users(refs.map(({ id }) => id));
    const made: Readonly<Record<string, (request: never) => object>> = {
      ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`getUsers${n}`, ofIds])),
      ...Object.fromEntries([1, 2].map((n) => [`getRefs${n}`, ofRefs])),
      getFeed: ({ tenant }: { tenant: string }) => this.#feed(tenant),
      getUser: ({ id }: { id: string }) => this.#user(id),
      getOwn: ({ ids, tenant, flag }: { ids: string[]; tenant: string; flag: boolean }) => ({
        users: ids.flatMap((id) => this.#usersOf(id, `${id}${tenant}${flag}`)),
      }),
      getNumbered: ({ ns }: { ns: bigint[] }) => ({
        users: Object.fromEntries(
          ns.flatMap((n) => (this.#isThere(`n${n}`) ? [[String(n), this.#user(`n${n}`)]] : [])),
        ),
      }),
    };
    return Object.fromEntries(
      Object.entries(made).map(([name, answer]) => [
        name,
        async (request: Message) => {
          const random = seeded("call", this.#seed, name, JSON.stringify(request, plain));
          const delay = pick(random, DELAYS);
          if (random() < this.#silent) await new Promise(() => {});
          if (delay > 0) await new Promise<void>((resolve) => clock().setTimeout(resolve, delay, undefined));
          if (random() < (name === "getFeed" ? this.#failing / 4 : this.#failing))
            throw new ConnectError("no", pick(random, CODES));
          return answer(request as never);
        },
      ]),
    );
  }

  #isThere(id: string): boolean {
    return seeded("there", this.#seed, id)() < 0.8;
  }
  /** None where there is none, and now and then several. */
  #usersOf(id: string, name = id): readonly object[] {
    const real = id.replace(/^k-/, "");
    if (!this.#isThere(id)) return [];
    const twice = seeded("twice", this.#seed, id)() < 0.15;
    const user = this.#user(real, name.replace(/^k-/, ""));
    return twice ? [user, { ...user, note: "second" }] : [user];
  }
  #user(id: string, name = id): object {
    const random = seeded("user", this.#seed, name);
    const friends = this.#some(random, 3, () => pick(random, IDS));
    const parts = this.#some(random, 3, () => this.#part(random));
    const note = random() < 0.5 ? pick(random, ["", "n"]) : undefined;
    const kind = random() < 0.1 ? 9 : pick(random, [0, 1, 2]);
    return { id, name, n: BigInt(pick(random, [0, 1, 2, 3])), flag: random() < 0.5, note, friends, parts, kind };
  }
  #feed(tenant: string): object {
    const random = seeded("feed", this.#seed, tenant);
    return {
      entries: this.#some(random, 12, (i) => ({
        ...this.#part(random),
        id: random() < 0.1 ? pick(random, IDS) : `e${i}`,
        authorId: pick(random, IDS),
        parts: this.#some(random, 4, () => this.#part(random)),
      })),
      ids: this.#some(random, 5, () => pick(random, IDS)),
      parts: this.#some(random, 4, () => this.#part(random)),
    };
  }
  #part(random: () => number): object {
    return {
      id: pick(random, IDS),
      userId: pick(random, IDS),
      n: BigInt(pick(random, [0, 1, 2, 3])),
      flag: random() < 0.5,
      note: random() < 0.5 ? pick(random, IDS) : undefined,
      tags: this.#some(random, 3, () => pick(random, IDS)),
    };
  }
  #some<T>(random: () => number, below: number, make: (index: number) => T): T[] {
    return Array.from({ length: Math.floor(random() * below) }, (_, i) => make(i));
  }
}
const plain = (_: string, value: unknown): unknown => (typeof value === "bigint" ? `${value}` : value);
