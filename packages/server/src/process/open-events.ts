// Purges on events of NATS.
import { createHash } from "node:crypto";
import type { DescMessage } from "@bufbuild/protobuf";
import type { Purges } from "@protobff/runtime/internal/cache/purges";
import type { TagStore } from "@protobff/runtime/internal/cache/tag-store";
import { type TagParts, tagNames } from "@protobff/runtime/internal/cache/tags";
import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { NatsLinks } from "@protobff/runtime/internal/topic/nats-link";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { FaultThrottle } from "../logs/recurrent-faults.ts";

/** Events that purge tags, as a package declares them. */
export interface PurgeUse {
  /** Subject of the events, perhaps with wildcards, and the JetStream stream that has it. */
  readonly subject: string;
  readonly jetstream: string;
  /** Identifies the declaration among those of other servers. */
  readonly digest: string;
  /** Message of an event. */
  readonly type: DescMessage;
  /** Returns the tags that an event purges. */
  readonly tags: (event: never) => readonly TagParts[];
}

/** Purges on events that are open. */
export interface OpenEvents {
  /** Ends the consumers. Events that are not yet purged are left to other processes. */
  close(): Promise<void>;
}

interface EventsParts {
  readonly purges: Purges;
  /** Processes that share it share consumers. */
  readonly store: TagStore | undefined;
  /** The connection of a `TopicStore`. Undefined: NATS is not configured. */
  readonly links: object | undefined;
  readonly fault: ServerFault;
  /** Whether this process reports facts that all processes of the port share. */
  readonly first: boolean;
}

/** Reads the events of each declaration until it is closed. Undefined: NATS is not configured. */
export async function openEvents(
  uses: readonly PurgeUse[],
  { purges, store, links, fault, first }: EventsParts,
): Promise<OpenEvents | undefined> {
  if (links === undefined) {
    if (first) fault("purges on events are off; set NATS_URL", undefined);
    return undefined;
  }
  const { PurgeEvents } = await import("@protobff/runtime/internal/topic/purge-events");
  const throttle = new FaultThrottle(fault);
  const purge = async (names: readonly string[], events: number): Promise<void> => {
    if (store === undefined) purges.purge(names);
    else await store.purge(names);
    purges.counts.purges.event += events;
  };
  const failed = (message: string): void => {
    purges.counts.eventsFailed++;
    throttle.report(message);
  };
  const all = uses.map((use) => {
    const consumer = store && (async () => consumerOf(use, await store.name()));
    const spec = { ...use, names: (event: Uint8Array) => namesOf(use, event) };
    return new PurgeEvents(spec, { nats: links as NatsLinks, consumer, purge, failed, fault });
  });
  return {
    async close() {
      await Promise.all(all.map((events) => events.close()));
    },
  };
}

/** Servers with other stores may declare the same events, and have to receive them, too. */
function consumerOf({ digest }: PurgeUse, store: string): string {
  const hash = createHash("sha256").update(`${digest} ${store}`).digest("base64url");
  return `bff-purge-${hash.slice(0, DIGEST_CHARACTERS)}`;
}
/** 96 bits. */
const DIGEST_CHARACTERS = 16;

/** @throws an Error for an event that is no such message, or whose tags have no value or exceed a limit */
function namesOf({ type, tags }: PurgeUse, event: Uint8Array): readonly string[] {
  const names = tagNames(tags(readMessage(type, event) as never));
  if (names === undefined) throw new Error("a tag has no value or exceeds a limit");
  return names;
}
