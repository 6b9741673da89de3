import { readFileSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import type { Observer } from "../observer.ts";
import type { TopicStore } from "../topic/store.ts";
import { Topics } from "../topic/topic.ts";
import { type ConfigFault, type Environment, EnvReader, faultLines } from "./env-reader.ts";
import type { FileReader } from "./pem-files.ts";
import { loadNats, readNats } from "./reach-nats.ts";
import { printFault, type ServerFault } from "./server-fault.ts";

/** A topic that a server's rpcs follow: generated as `TOPICS`. */
export interface TopicUse {
  readonly name: string;
  readonly subject?: string | undefined;
  readonly jetstream?: string | undefined;
  /** True if it has a call, for environments without NATS. */
  readonly call: boolean;
}
/** Topics, as the environment configures them. */
export interface TopicsSpec {
  open(parts: TopicsParts): Promise<Topics>;
}
/** Topics of a server that uses none. */
export const NO_TOPICS: TopicsSpec = { open: async ({ clock, observer }) => new Topics({ clock, observer }) };
interface TopicsParts {
  readonly clock: Clock;
  readonly fault: ServerFault;
  readonly observer?: Observer | undefined;
  /** True if this process reports the facts that hold for all processes. Default: true. */
  readonly first?: boolean | undefined;
}

/**
 * Reads the configuration; undefined if it has faults, which are reported.
 *
 * @param mocked whether upstreams are mocked: topics with neither NATS nor a call are then in memory
 * @param events whether events of NATS are read besides topics
 */
export async function configureTopics(
  topics: readonly TopicUse[],
  read: EnvReader,
  readFile: FileReader,
  mocked = false,
  events = false,
): Promise<TopicsSpec | undefined> {
  const options = topics.length === 0 && !events ? undefined : readNats(read, readFile);
  if (options === "faulty") return undefined;
  if (options !== undefined) {
    const Nats = await loadNats(read);
    return (
      Nats && {
        open: async (parts) =>
          new Topics({ clock: parts.clock, observer: parts.observer, store: new Nats(options, parts) }),
      }
    );
  }
  const alone = topics.filter(({ call }) => !call);
  if (alone.length > 0 && !mocked) {
    const names = alone.map(({ name }) => name).join(", ");
    const problem = `is not set, and topics without a call need it (${names})`;
    read.fault("NATS_URL", problem, "an address like nats://127.0.0.1:4222, or give these topics a call");
    return undefined;
  }
  const called = topics.filter(({ call }) => call).map(({ name }) => name);
  return {
    async open(parts) {
      if (called.length > 0 && parts.first !== false) {
        const known = "each process stores the items that arrived since its first follower";
        parts.fault(
          `topics are followed through their calls (${called.join(", ")}): ${known}; set NATS_URL`,
          undefined,
        );
      }
      const lone = alone.length === 0 ? undefined : await memory();
      return new Topics({ clock: parts.clock, observer: parts.observer, lone });
    },
  };
}
async function memory(): Promise<TopicStore> {
  const { MemoryTopics } = await import("../topic/memory-store.ts");
  return new MemoryTopics();
}
/** Options of `openTopics`: the variables, the clock, the observer, and the receiver of faults. */
export interface OpenTopicsOptions {
  /** Default: that of the process. */
  readonly environment?: Environment | undefined;
  readonly clock?: Clock | undefined;
  readonly observer?: Observer | undefined;
  /** Receives faults outside of requests. Default: prints them on standard error. */
  readonly fault?: ServerFault | undefined;
}

/**
 * Opens the topics for a custom server; `serve` does it by itself. Close them when the server has ended.
 *
 * @param topics all that are used: generated as `TOPICS`
 * @throws Error that names every variable that is missing or malformed
 * @example
 * const topics = await openTopics(TOPICS);
 * const endpoints = createRunService({ upstreams, env: {}, topics });
 */
export async function openTopics(
  topics: readonly TopicUse[],
  { environment = process.env, clock = systemClock, observer, fault = printFault }: OpenTopicsOptions = {},
): Promise<Topics> {
  const faults: ConfigFault[] = [];
  const spec = await configureTopics(topics, new EnvReader(environment, faults), readFileSync);
  if (spec === undefined || faults.length > 0) throw new Error(`the topics cannot be opened: ${faultLines(faults)}`);
  return spec.open({ clock, fault, observer });
}
