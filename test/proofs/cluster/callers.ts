// Callers with sessions, and robots whose keys are revoked and replaced.
import { runBffKey } from "../../../packages/server/src/command/bff-key.ts";
import { pairsOf, TestBrowser } from "../../../packages/server/src/testing/test-browser.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import type { Credential } from "./client.ts";
import type { Engines } from "./engines.ts";

const PEOPLE = 10;
const ROBOTS = 4;
const DATABASE_MS = 30_000;
/** `cache` of the keys, and the time for a query that began before. */
const REVOKED_MS = 2_000;

/** Signs people in. Returns their cookies, by subject. */
export async function logins({ url, provider }: Engines): Promise<ReadonlyMap<string, Credential>> {
  const sessions = new Map<string, Credential>();
  for (let i = 0; i < PEOPLE; i++) {
    const browser = new TestBrowser("http://elsewhere.invalid", () => new Map());
    const { headers = [] } = await browser.get(`${url}/auth/login?return_to=/healthz`);
    provider.account = `u${i}`;
    const { status } = await browser.visit(new Headers(pairsOf(headers)).get("location") ?? "");
    if (status !== 200) throw new Error(`login: ${status}`);
    sessions.set(`u${i}`, { cookie: browser.cookieHeader(new URL(url).host), "x-csrf": "1" });
  }
  return sessions;
}

interface Key {
  readonly id: string;
  readonly subject: string;
  readonly credential: Credential;
}

/** Keys of robots in PostgreSQL. */
export class Robots {
  readonly #database: string;
  #keys: Key[] = [];
  #revoked: (Key & { readonly at: number })[] = [];

  constructor({ keys: { url } }: Engines) {
    this.#database = url;
  }
  async create(): Promise<void> {
    for (let i = 0; i < ROBOTS; i++) this.#keys.push(await this.#created(`r${i}`));
  }
  /** Replaces a key: the new one is valid, and the old one is refused soon. */
  async replace(): Promise<void> {
    const [old, ...others] = this.#keys;
    if (old === undefined) return;
    this.#keys = [...others, await this.#created(old.subject)];
    await this.#run("revoke", old.id);
    this.#revoked = [...this.#revoked.slice(-ROBOTS), { ...old, at: performance.now() }];
  }
  /** Returns a key of any robot, and whether it must be valid, must be refused, or may be either. */
  pick(random: () => number): Key & { readonly must: "answer" | "refuse" | undefined } {
    const all = [...this.#keys, ...this.#revoked];
    const key = all[Math.floor(random() * all.length)];
    if (key === undefined) throw new Error("no robot");
    const at = "at" in key ? Number(key.at) : undefined;
    const isOver = at !== undefined && performance.now() > at + REVOKED_MS;
    if (at === undefined) return { ...key, must: "answer" };
    return { ...key, must: isOver ? "refuse" : undefined };
  }
  /** Returns the credential of the newest key. */
  valid(): Credential {
    return this.#keys.at(-1)?.credential ?? {};
  }
  isValid(id: string): boolean {
    return this.#keys.some((key) => key.id === id);
  }
  async #created(subject: string): Promise<Key> {
    const printed = await this.#run("create", "--subject", subject, "--prefix", "town_");
    const [, key = "", id = ""] = /^(town_\S+)\n(key_\S+) of/.exec(printed) ?? [];
    return { id, subject, credential: { "x-api-key": key } };
  }
  /** The database may be away. */
  #run(...args: string[]): Promise<string> {
    return until(async () => {
      let printed = "";
      const print = (text: string): void => {
        printed += text;
      };
      const code = await runBffKey(args, { DATABASE_URL: this.#database }, { out: print, error: print });
      return code === 0 ? printed : undefined;
    }, DATABASE_MS);
  }
}
