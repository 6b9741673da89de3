// For tests only: a topic in a separate nats-server, and its followers.
import { onTestFinished } from "vitest";
import { type Clock, systemClock } from "../clock.ts";
import type { Failure } from "../failure.ts";
import type { At, ItemSource, Items } from "../source/source.ts";
import { JetStreamLog } from "../topic/jetstream-log.ts";
import { Nats } from "../topic/nats.ts";
import { TopicChannels } from "../topic/topic-channels.ts";
import { startNats } from "./nats-rig.ts";

interface Event {
  readonly n: number;
}
const decode = (bytes: Uint8Array): Event => {
  const n = Number(Buffer.from(bytes).toString());
  if (Number.isNaN(n)) throw new Error("no number");
  return { n };
};
/** A follower of a key that takes every item, or a given number. */
export class Listener implements Items<Event> {
  readonly deliveries: number[] = [];
  readonly resets: number[] = [];
  token: string | undefined;
  end: string | undefined;
  opened = (): void => {};
  readonly #source: ItemSource;
  #wants: number;
  constructor(following: TopicChannels<Event>, key: string, resume?: string, { latest = false, wants = 100_000 } = {}) {
    this.#wants = wants;
    this.#source = following.follow(key, resume, latest, this);
    if (wants > 0) this.#source.next();
  }
  item({ n }: Event, { token, reset }: At): void {
    this.deliveries.push(n);
    if (reset) this.resets.push(n);
    this.token = token;
    if (--this.#wants > 0) this.#source.next();
  }
  ended(): void {
    this.end = "ended";
  }
  failed(failure: Failure): void {
    this.end = `${failure.clientCode} ${failure.upstream} ${failure.message}`;
  }
  wants(items: number): void {
    const idle = this.#wants <= 0;
    this.#wants = Math.max(0, this.#wants) + items;
    if (idle) this.#source.next();
  }
  leave(): void {
    this.#source.cancel();
  }
}
/** A clock that shortens the 30 s for which followers are held to this time. */
export const hasty = (holdMs: number): Clock => ({
  ...systemClock,
  setTimeout: (run, ms, argument) => systemClock.setTimeout(run, ms >= 30_000 ? holdMs : ms, argument),
});
/** The topic of a process. */
export function follow(url: string, { clock = systemClock, keep = 4 } = {}) {
  const faults: string[] = [];
  const nats = new Nats({ servers: [new URL(url).host] }, { clock, fault: (what) => faults.push(what) });
  onTestFinished(() => nats.close());
  const spec = { name: "run", subject: "runs.{key}.events", jetstream: "RUNS", decode };
  const log = new JetStreamLog<Event>(nats, spec);
  const following = new TopicChannels<Event>({ name: "run", keep, until: ({ n }) => n === -1 }, log, clock);
  onTestFinished(() => following.close());
  return { nats, log, following, faults };
}
/** A nats-server with the stream, and a process that follows it. */
export async function setUp(config?: object) {
  const server = await startNats();
  await server.start();
  const admin = await server.admin();
  await admin.add("RUNS", config);
  const publish = async (key: string, ...all: number[]) => {
    for (const n of all) await admin.js.publish(`runs.${key}.events`, `${n}`);
  };
  return { server, admin, publish, ...follow(server.url) };
}
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
