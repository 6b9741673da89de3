import type { Message } from "@bufbuild/protobuf";
import type { Purges, PurgeWatcher } from "../cache/purges.ts";
import { EVERY_TAG, isCurrent, type TagPart, tagName } from "../cache/tags.ts";
import type { Request } from "../compose/request.ts";
import { clientFault, type Failure } from "../failure.ts";
import { type Runs, runsOf } from "./kept-answers.ts";
import type { LiveTriggers } from "./live-options.ts";
import type { LiveTurns } from "./live-turns.ts";

/** The parts of an RPC that its tags need. */
interface LiveTagParts<App, Args, Result extends Message, Principal> {
  readonly purges: Purges | undefined;
  readonly options: { readonly live: LiveTriggers<App, Args, Result, Principal> };
  readonly turns: LiveTurns;
}

/** Maximum number of tags of a live answer. */
const MAX_TAGS = 100;

/** The tags of one follower's answer, and the calls that run after a purge of each. */
export class LiveTags<App, Args, Result extends Message, Principal> implements PurgeWatcher {
  readonly #purges: Purges | undefined;
  readonly #on: NonNullable<LiveTriggers<App, Args, Result, Principal>["on"]>;
  readonly #turns: LiveTurns;
  readonly #purged: (runs: Runs) => void;
  #tags = new Map<string, Runs>();

  /** @param purged called after each purge of a tag, with the calls that run after it */
  constructor({ purges, options, turns }: LiveTagParts<App, Args, Result, Principal>, purged: (runs: Runs) => void) {
    this.#purges = purges;
    this.#on = options.live.on ?? [];
    this.#turns = turns;
    this.#purged = purged;
  }
  /**
   * Watches the tags of a new answer in place of those before.
   *
   * @param since number of the last purge when composing began; a later purge of a tag is reported
   * @returns the failure of an answer with too many tags
   */
  set(cx: Request<App, Principal>, args: Args, result: Result, since: number): Failure | undefined {
    const tags = new Map<string, Runs>();
    let every: Runs | undefined;
    for (const { tag, runs } of this.#on) {
      const names = namesOf(() => tag(cx, args, result));
      if (names.length === 0) continue;
      const all = runsOf(runs);
      for (const name of names) tags.set(name, joined(tags.get(name), all));
      every = joined(every, all);
    }
    if (tags.size > MAX_TAGS)
      return clientFault(`the answer has ${tags.size} tags, and a live answer at most ${MAX_TAGS}`);
    if (every !== undefined) tags.set(EVERY_TAG, every);
    const purges = this.#purges;
    if (purges === undefined) return undefined;
    for (const name of this.#tags.keys()) if (!tags.has(name)) purges.unwatch(name, this);
    for (const name of tags.keys()) if (!this.#tags.has(name)) purges.watch(name, this);
    this.#tags = tags;
    for (const [name, runs] of tags) if (!isCurrent(purges.tagged([name], since))) this.#purged(runs);
    return undefined;
  }
  purged(name: string): void {
    const runs = this.#tags.get(name) ?? "all";
    this.#turns.add(() => this.#purged(runs));
  }
  clear(): void {
    for (const name of this.#tags.keys()) this.#purges?.unwatch(name, this);
    this.#tags = new Map();
  }
}

/** Returns the calls that run after both changes. */
export function joined(first: Runs | undefined, second: Runs): Runs {
  if (first === undefined || first === second) return second;
  return first === "all" || second === "all" ? "all" : new Set([...first, ...second]);
}

/** Returns the names of a tag: one for each item of its lists. */
function namesOf(parts: () => readonly (TagPart | readonly TagPart[])[]): readonly string[] {
  let texts = [""];
  try {
    for (const part of parts()) {
      const values = Array.isArray(part) ? (part as readonly TagPart[]) : [part as TagPart];
      // Longer lists only exceed the limit of tags by more.
      const some = values.filter((value) => value !== undefined).slice(0, MAX_TAGS + 1);
      texts = texts.flatMap((text) => some.map((value) => text + String(value))).slice(0, MAX_TAGS + 1);
    }
  } catch {
    return [];
  }
  return texts.flatMap((text) => tagName(text) ?? []);
}
