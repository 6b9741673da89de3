// Events of a topic, and followers that must see each once and in order, or a reset.
import { create, type DescMethodServerStreaming, type Message, toBinary } from "@bufbuild/protobuf";
import { events, follow } from "@protobff/client";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { requestFor, schemaOf } from "../../support/request.ts";
import { type Findings, report } from "./checks.ts";
import type { Credential } from "./client.ts";
import type { Engines } from "./engines.ts";

const PUBLISHED_MS = 30_000;

/** Publishes numbers from 1 on for each key, until the end; the last number is in `last`. */
export class Publisher {
  readonly last = new Map<string, number>();
  readonly #nats: Engines["nats"];
  readonly #encode: (n: number) => Uint8Array;

  constructor(nats: Engines["nats"], registry: Registry) {
    this.#nats = nats;
    const news = registry.getMessage("town.v1.News");
    if (news === undefined) throw new Error("no News");
    this.#encode = (n) => toBinary(news, create(news, { n }));
  }
  async publish(key: string): Promise<void> {
    const n = (this.last.get(key) ?? 0) + 1;
    const bytes = this.#encode(n);
    await until(() => this.#nats.admin.js.publish(`news.${key}.events`, bytes, { msgID: `${key}-${n}` }), PUBLISHED_MS);
    this.last.set(key, n);
  }
}

export const registryOf = (protos: Readonly<Record<string, string>>) => schemaOf(requestFor(protos)).registry;
type Registry = ReturnType<typeof registryOf>;

/** A follower of a key; it ends with the signal. */
export class Follower {
  readonly key: string;
  readonly done: Promise<void>;
  last = 0;
  readonly #findings: Findings;

  constructor(
    key: string,
    url: string,
    credential: Credential,
    registry: Registry,
    findings: Findings,
    signal: AbortSignal,
  ) {
    this.key = key;
    this.#findings = findings;
    const method = registry.getService("town.v1.TownService")?.method.follow as DescMethodServerStreaming;
    this.done = this.#run(method, url, credential, signal);
  }
  async #run(
    method: DescMethodServerStreaming,
    url: string,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<void> {
    const options = {
      over: events({ baseUrl: url }),
      headers: () => credential,
      backoff: { initialMs: 50, maxMs: 1_000 },
      signal,
    };
    try {
      for await (const { message, reset } of follow(method, { id: this.key }, options)) {
        const { n } = message as Message & { n: number };
        this.#findings.counts.events++;
        if (reset) this.#findings.counts.resets++;
        // Behind a reset it begins with the oldest that is kept.
        else if (n !== this.last + 1) report(this.#findings, "events", `${this.key}: ${n} behind ${this.last}`);
        this.last = n;
      }
    } catch (thrown) {
      if (!signal.aborted) report(this.#findings, "events", `${this.key}: ${thrown}`);
    }
  }
}
