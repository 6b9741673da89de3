// Streams of upstreams on a stage: what the request opens and takes, and what arrives.
import { crc32 } from "node:zlib";
import type { TopicTap } from "@protobff/runtime/internal/topic/topic-tap";
import type { OpenStream, StreamClient } from "@protobff/runtime/internal/transport/stream-client";
import type { UnaryClient } from "@protobff/runtime/internal/transport/unary-client";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { type ArrivalEvent, type EffectEvent, failureOf, frameOf, type TapeEvent } from "@protobff/server/capture";
import { readCaptured } from "../capture/read-capture.ts";
import { faultOf, type LoggedEvent } from "./logged-event.ts";
import type { ReplayClock } from "./replay-clock.ts";

/** A stream of an upstream, or a key of a topic, that the replayed server has opened. */
export interface OpenedStream {
  readonly client: string;
  /** `/package.Service/Method`, or the key. */
  readonly path: string;
  readonly checksum: number;
  readonly message: Uint8Array;
  /** When it was opened, in microseconds of the replay's clock. */
  readonly at: number;
  /** Receives a delivered event. */
  readonly arrive: (event: StreamEvent) => void;
  /** Items that were requested and have not arrived. */
  requested: number;
  isOver: boolean;
}

/** Arrival of an upstream's stream. */
export type StreamEvent = Extract<
  ArrivalEvent,
  readonly ["accepted" | "received" | "finished" | "broken" | "lost", ...unknown[]]
>;

const KINDS: ReadonlySet<string> = new Set<StreamEvent[0]>(["accepted", "received", "finished", "broken", "lost"]);

/** Returns true for arrivals of streams. */
export const isStreamEvent = (event: TapeEvent): event is StreamEvent => KINDS.has(event[0]);

/** The part of a stage that streams need. */
interface StreamStage {
  readonly clock: ReplayClock;
  readonly effects: EffectEvent[];
  readonly log: LoggedEvent[];
  readonly streams: OpenedStream[];
  opens(opened: OpenedStream, index: number): void;
  takes(index: number): void;
}

/** Opens a stream or a topic. Returns what takes its items. */
function openOn(
  stage: StreamStage,
  [client, path, frame]: readonly [client: string, path: string, frame: Uint8Array],
  arrive: OpenedStream["arrive"],
): Pick<OpenStream, "take" | "cancel"> {
  const message = Uint8Array.from(frame.subarray(PREFIX_BYTES));
  const { at } = stage.clock;
  const index = stage.streams.length;
  const opened = { client, path, checksum: crc32(message), message, at, arrive, requested: 0, isOver: false };
  stage.streams.push(opened);
  stage.effects.push(["open", client, path, opened.checksum]);
  stage.log.push({ at, kind: "open", stream: index });
  stage.opens(opened, index);
  return {
    take(items) {
      stage.effects.push(["take", index, items]);
      opened.requested += items;
      stage.takes(index);
    },
    cancel() {
      opened.isOver = true;
      stage.effects.push(["close", index]);
      stage.log.push({ at: stage.clock.at, kind: "close", stream: index });
    },
  };
}

/** Returns the `open` of a client. */
export function openerOn(stage: StreamStage, client: string, isSent: () => boolean): StreamClient["open"] {
  return (path, frame, _timeoutMs, _headers, receiver): OpenStream => {
    const opened = openOn(stage, [client, path, frame], (event) => {
      if (event[0] === "received") receiver.item(Buffer.from(event[5], "base64"));
      else if (event[0] === "broken") receiver.faulted(faultOf(event[5]));
      else if (event[0] === "accepted") receiver.opened?.({});
      else receiver.ended({});
    });
    return {
      ...opened,
      get unsent() {
        return !isSent();
      },
    };
  };
}

/** Returns the tap of topics whose items are captured ones. */
export function topicsOn(stage: StreamStage & { client(name: string): UnaryClient }): TopicTap {
  return {
    client: (name) => stage.client(name),
    decoder: (decode) => decode,
    encoded: () => new Uint8Array(),
    follow(follower, items) {
      const { topic, key } = follower;
      const { take, cancel } = openOn(stage, [`topic ${topic.name}`, key, frameOf(follower)], (event) => {
        if (event[0] === "received") {
          const bytes = Buffer.from(event[5], "base64");
          const item = readCaptured(`an item of the topic ${topic.name}`, bytes, topic.decode);
          items.item(item, { token: event[6] ?? undefined, reset: event[7] === 1 }, bytes.length);
        } else if (event[0] === "lost") items.failed(failureOf(event[5]));
        else if (event[0] === "finished") items.ended(event[5] === 1);
        else items.opened?.();
      });
      return { next: () => take(1), cancel };
    },
  };
}

/** Delivers an event of a stream. Returns why that is impossible. */
export function arriveOn(stage: StreamStage, index: number, event: StreamEvent): string | undefined {
  const opened = stage.streams[index];
  if (opened === undefined || opened.isOver) return `stream ${index} is not open in the replay`;
  const [kind] = event;
  opened.isOver = kind === "finished" || kind === "broken" || kind === "lost";
  if (kind === "received") opened.requested--;
  stage.log.push({
    at: stage.clock.at,
    kind,
    stream: index,
    ...(event[0] === "received" && { bytes: Buffer.from(event[5], "base64") }),
    ...(event[0] === "broken" && { fault: event[5] }),
  });
  opened.arrive(event);
  return undefined;
}
