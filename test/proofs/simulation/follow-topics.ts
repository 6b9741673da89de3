// Sources for the clients of a random world: the upstream's stream itself, a topic that shares one stream of it, or a
// topic kept in a log that forgets.
import { type DescMethodServerStreaming, fromBinary } from "@bufbuild/protobuf";
import type { CallContext } from "../../../runtime/src/call/context.ts";
import type { Upstream } from "../../../runtime/src/call/upstream.ts";
import { callSource } from "../../../runtime/src/source/call-source.ts";
import type { OpenSource } from "../../../runtime/src/source/source.ts";
import { type GetRequestSchema, type Thing, ThingSchema } from "../../../runtime/src/testing/gen/test_pb.ts";
import { MemoryTopics } from "../../../runtime/src/topic/memory-store.ts";
import { Topic, type TopicSpec, Topics, topicSource } from "../../../runtime/src/topic/topic.ts";
import type { Random } from "./random.ts";
import type { SimClock } from "./sim-clock.ts";

/** `forgetting`: of the log's items the oldest go. */
export type FollowKind = "call" | "shared" | "forgetting";

export interface Followable<Cx extends CallContext, Args> {
  readonly kind: FollowKind;
  readonly source: OpenSource<Cx, Args, void, Thing>;
  /** Publishes a new item, for the topics that do not follow the upstream. */
  publish(item: Thing): void;
  /** Closes the source after its last follower has left. */
  close(): Promise<void>;
}

const KEY = "r-1";
const isLast = ({ tags }: Thing): boolean => tags.length > 0;
const position = { kind: "int" as const, of: ({ count }: Thing) => count };

export function followable<Cx extends CallContext, Args>(
  upstream: Upstream,
  watch: DescMethodServerStreaming<typeof GetRequestSchema, typeof ThingSchema>,
  latest: boolean,
  random: Random,
  clock: SimClock,
): Followable<Cx, Args> {
  const kind: FollowKind = random.chance(0.5) ? "call" : random.pick(["shared", "forgetting"]);
  const rpc = upstream.stream(watch, {});
  const requestOf = (resume: bigint | undefined) => ({ id: String(resume ?? 0n) });
  if (kind === "call") {
    const source = callSource<Cx, Args, void, ReturnType<typeof requestOf>, Thing, "int">(
      rpc,
      (_cx, _args, _opened, resume) => requestOf(resume),
      position,
    );
    return { kind, source, publish: () => {}, close: async () => {} };
  }
  const log = new MemoryTopics();
  const topics = new Topics({ clock, ...(kind === "forgetting" && { store: log }) });
  const spec: TopicSpec<Thing> = {
    name: "run",
    service: "test.v1.Front",
    decode: (bytes) => fromBinary(ThingSchema, bytes),
    subject: "runs.{key}",
    jetstream: "RUNS",
    keep: random.pick([1, 3, 256]),
    until: isLast,
    call: {
      method: "test.v1.Upstream/Get",
      open: callSource(
        rpc,
        (_cx: CallContext, _key: string, _opened: undefined, resume) => requestOf(resume),
        position,
      ),
    },
  };
  const topic = new Topic(spec, topics);
  return {
    kind,
    source: topicSource(topic, () => KEY, latest),
    publish(item) {
      log.publish("run", KEY, item);
      if (random.chance(0.2)) log.log("run").forget(KEY, random.between(1, 6));
    },
    close: () => topics.close(),
  };
}
