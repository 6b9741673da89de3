// Captures of topics: each follower's items, and newest items. Tails of keys belong to no request.
import type { Failure } from "@protobff/runtime/internal/failure";
import type { At, ItemSource, Items } from "@protobff/runtime/internal/source/source";
import type { TopicTap } from "@protobff/runtime/internal/topic/topic-tap";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { capturedFailure } from "./captured-cache.ts";
import { CapturedClient } from "./captured-client.ts";
import { ENCODED, remembering } from "./encoded-items.ts";
import { RecordedSource } from "./recorded-source.ts";
import { outside, type Recording, recording } from "./recording.ts";
import type { Masks } from "./written-request.ts";

const NOTHING = new Uint8Array();

/**
 * Returns the tap of a process's topics.
 *
 * @param masks of the answers of upstreams
 * @param withheld true if items without a known message type may contain secrets
 */
export function captureTopics(masks: Masks, withheld: () => boolean): TopicTap {
  const encoded: TopicTap["encoded"] = ({ call }, item) => {
    const bytes = (typeof item === "object" && item !== null && ENCODED.get(item)) || NOTHING;
    if (call === undefined) return withheld() ? NOTHING : bytes;
    return masks.get(`/${call.method}`)?.(bytes) ?? bytes;
  };
  return {
    client: (name, client) => new CapturedClient(name, client),
    decoder: remembering,
    encoded,
    follow(follower, items, follow) {
      const of = recording();
      let source: ItemSource | undefined;
      if (of === undefined) {
        outside(() => {
          source = follow(items);
        }, undefined);
        return source as unknown as ItemSource; // assigned at once
      }
      of.affects(["open", `topic ${follower.topic.name}`, follower.key, frameOf(follower)]);
      const captured = new CapturedFollower(of, items, (item) => encoded(follower.topic, item));
      outside(() => {
        captured.source = follow(captured);
      }, undefined);
      return captured;
    },
  };
}

/** Returns the options of a follower in place of a message. */
export function frameOf({
  resume = null,
  latestOnly,
}: {
  readonly resume?: string | null | undefined;
  readonly latestOnly: boolean;
}): Uint8Array {
  return Buffer.concat([Buffer.alloc(PREFIX_BYTES), Buffer.from(JSON.stringify([resume, latestOnly]))]);
}

/** A follower of a topic, whose items are recorded. */
class CapturedFollower<Item> extends RecordedSource implements ItemSource, Items<Item> {
  source: ItemSource | undefined;
  readonly #items: Items<Item>;
  readonly #encoded: (item: Item) => Uint8Array;

  constructor(of: Recording, items: Items<Item>, encoded: (item: Item) => Uint8Array) {
    super(of);
    this.#items = items;
    this.#encoded = encoded;
  }
  next(): void {
    this.requests(1, () => this.source?.next());
  }
  cancel(): void {
    this.closes(() => this.source?.cancel());
  }
  opened(): void {
    this.arrives(["accepted", 0, 0, 0, this.index], 0, () => this.#items.opened?.());
  }
  item(item: Item, at: At, bytes?: number): void {
    const { token, reset } = at;
    const encoded = this.of.done ? NOTHING : this.#encoded(item);
    const size = encoded.length + (token?.length ?? 0);
    const event: Parameters<Recording["arrives"]>[0] = ["received", 0, 0, 0, this.index, encoded];
    event.push(token ?? null, reset ? 1 : 0);
    this.arrives(event, size, () => this.#items.item(item, at, bytes));
  }
  ended(reset?: boolean): void {
    this.arrives(["finished", 0, 0, 0, this.index, reset ? 1 : 0], 0, () => this.#items.ended(reset));
  }
  failed(failure: Failure): void {
    const event: Parameters<Recording["arrives"]>[0] = ["lost", 0, 0, 0, this.index, capturedFailure(failure)];
    this.arrives(event, failure.message.length, () => this.#items.failed(failure), true);
  }
}
