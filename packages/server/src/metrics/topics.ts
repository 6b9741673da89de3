// Current state of topics, read at each scrape.
import type { TopicEvent, TopicState } from "@protobff/runtime/internal/observer-upstreams";
import { addedUp, labelled } from "./series.ts";
import type { Family } from "./snapshot.ts";

const FAMILIES: readonly (readonly [name: string, of: keyof TopicState, help: string])[] = [
  ["bff_topic_followers", "followers", "How many clients, or other readers, follow keys of a topic."],
  ["bff_topic_keys", "keys", "How many keys of a topic are followed, or held for those who come again."],
  ["bff_topic_ring_bytes", "ringBytes", "Bytes of the items of a topic that the process keeps."],
  ["bff_topic_consumers", "consumers", "Consumers of JetStream, or open streams of an upstream, on behalf of a topic."],
  ["bff_topic_resets_total", "resets", "How often a follower of a topic had to begin anew, since something was lost."],
];

/** @param all events of the topics, as reported when they were made */
export function topicFamilies(all: readonly TopicEvent[]): readonly Family[] {
  if (all.length === 0) return [];
  const states = all.map(({ name, service = "", state }) => ({
    labels: labelled(["topic", "rpc_service"], [name, service]),
    state: state(),
  }));
  return FAMILIES.map(([name, of, help]) => ({
    name,
    help,
    type: name.endsWith("_total") ? "counter" : "gauge",
    merge: "sum",
    samples: addedUp(states.map(({ labels, state }) => ({ labels, value: state[of] }))), // several files may follow one topic
  }));
}
