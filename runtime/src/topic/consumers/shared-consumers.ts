import type { Timer } from "../../clock.ts";
import type { Link } from "../nats-link.ts";
import { activeKeys } from "./active-keys.ts";
import { Consumer, type ConsumerParts } from "./consumer.ts";
import { Group, type Member } from "./group.ts";
import { AGAIN_MS } from "./times.ts";

/** Number of followed keys up to which each has a separate consumer. */
const MAX_ALONE = 64;
/** Maximum number of subjects of a consumer. */
const MAX_SUBJECTS = 100;
/** Number of unused subjects from which a consumer is replaced. */
const MAX_UNUSED = 25;
/** Number of opened keys from which others wait to be opened until these share consumers. */
const MAX_OPENED = 128;
/** Delay after a failure, in milliseconds. */
const RETRY_MS = 5_000;
/** Interval of the comparisons with the keys that have items, in milliseconds. */
const SURVEY_MS = 60_000;
/** Share of them from which one consumer gets all items of the topic, and below which it ends. */
const MOST = 1 / 2;
const FEW = 1 / 3;

/** The consumers of a topic's keys in this process. Each key begins alone; many keys then share consumers. */
export class SharedConsumers {
  readonly #parts: ConsumerParts;
  readonly #wildcard: string;
  readonly #members = new Set<Member>();
  readonly #groups = new Set<Group>();
  #opened = 0; // keys since the last pass
  #passing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #survey: Timer | undefined;
  #followsMost = false;

  /** @param wildcard subject of all keys */
  constructor(parts: ConsumerParts, wildcard: string) {
    this.#parts = parts;
    this.#wildcard = wildcard;
  }
  add(member: Member): void {
    this.#members.add(member);
  }
  remove(member: Member): void {
    this.#members.delete(member);
    if (this.#groups.size > 0) this.#later();
    else if (this.#members.size === 0) this.#rest();
  }
  /** Records that a key has a separate consumer. */
  opened(): void {
    if (this.#members.size <= MAX_ALONE) return;
    this.#opened++;
    if (this.#opened >= MAX_SUBJECTS) this.#start();
    else this.#later();
  }
  /** Waits while many keys have separate consumers. */
  async room(): Promise<void> {
    if (this.#opened >= MAX_OPENED) await this.#passing;
  }

  #later(ms = AGAIN_MS): void {
    const { clock } = this.#parts.nats;
    this.#timer ??= clock.setTimeout(again, ms, () => {
      this.#timer = undefined;
      this.#start();
    });
  }
  #start(): void {
    const { link } = this.#parts.nats;
    if (this.#passing !== undefined || link === undefined) return;
    this.#opened = 0;
    this.#passing = this.#pass(link).then(
      () => this.#passed(this.#opened > 0 ? AGAIN_MS : undefined),
      () => this.#passed(RETRY_MS),
    );
  }
  #passed(againMs: number | undefined): void {
    this.#passing = undefined;
    if (againMs !== undefined && this.#members.size > 0) this.#later(againMs);
    if (this.#groups.size > 0) this.#surveyLater();
  }
  /** @throws errors of the NATS client; the keys then keep their consumers */
  async #pass(link: Link): Promise<void> {
    const byEpoch = Map.groupBy(this.#members, ({ epoch }) => epoch);
    for (const [epoch, members] of byEpoch) {
      if (epoch === undefined || (members.length <= MAX_ALONE && this.#groups.size === 0)) continue;
      const groups = [...this.#groups].filter((group) => group.epoch === epoch);
      const alone = members.filter(({ source }) => source instanceof Consumer && source.isOpen);
      if (this.#followsMost || !link.lists) await this.#toAll(link, epoch, groups, alone);
      else await this.#toLists(link, epoch, groups, alone);
    }
  }
  async #toAll(link: Link, epoch: string, groups: readonly Group[], alone: readonly Member[]): Promise<void> {
    const all = groups.find(({ hasAll }) => hasAll);
    const added = [...alone, ...groups.filter((group) => group !== all).flatMap(membersOf)];
    if (added.length > 0) await this.#join(link, all ?? this.#group(epoch, this.#wildcard), added);
  }
  async #toLists(link: Link, epoch: string, groups: readonly Group[], alone: readonly Member[]): Promise<void> {
    const lists = groups.filter(({ hasAll }) => !hasAll).sort((a, b) => b.members.size - a.members.size);
    const smallest = lists.at(-1);
    const room = lists.slice(0, -1).reduce((sum, { members }) => sum + MAX_SUBJECTS - members.size, 0);
    const isSparse = smallest !== undefined && smallest.members.size * 2 <= MAX_SUBJECTS;
    const left = isSparse && smallest.members.size + alone.length <= room ? lists.splice(-1) : [];
    const added = [...alone, ...[...left, ...groups.filter(({ hasAll }) => hasAll)].flatMap(membersOf)];
    for (const group of lists) {
      const more = added.splice(0, MAX_SUBJECTS - group.members.size);
      if (more.length > 0 || group.unused > MAX_UNUSED) await this.#join(link, group, more);
    }
    while (added.length > 0) await this.#join(link, this.#group(epoch), added.splice(0, MAX_SUBJECTS));
  }
  async #join(link: Link, group: Group, members: readonly Member[]): Promise<void> {
    try {
      await group.add(link, members);
    } finally {
      if (group.members.size === 0) group.close();
    }
  }
  #group(epoch: string, wildcard?: string): Group {
    const group: Group = new Group(this.#parts, epoch, wildcard, () => this.#groups.delete(group));
    this.#groups.add(group);
    return group;
  }

  #surveyLater(): void {
    this.#survey ??= this.#parts.nats.clock.setTimeout(again, SURVEY_MS, () => {
      this.#survey = undefined;
      void this.#compare().then(() => {
        if (this.#groups.size > 0) this.#surveyLater();
      });
    });
  }
  async #compare(): Promise<void> {
    const { nats, stream } = this.#parts;
    if (nats.link?.lists !== true || this.#groups.size === 0) return;
    const active = await activeKeys(nats.link, stream, this.#wildcard).catch(() => new Set<string>());
    if (active.size === 0) return;
    const followed = [...this.#members].filter(({ subject }) => active.has(subject)).length;
    const followsMost = followed / active.size > (this.#followsMost ? FEW : MOST);
    if (followsMost === this.#followsMost) return;
    this.#followsMost = followsMost;
    this.#start();
  }
  #rest(): void {
    const { clock } = this.#parts.nats;
    for (const timer of [this.#timer, this.#survey]) if (timer !== undefined) clock.clearTimeout(timer);
    this.#timer = undefined;
    this.#survey = undefined;
    this.#followsMost = false;
    this.#opened = 0;
  }
}
const membersOf = ({ members }: Group): Member[] => [...members.values()];
const again = (run: () => void): void => run();
