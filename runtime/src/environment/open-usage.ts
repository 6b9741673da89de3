import { appendFileSync, readFileSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import type { UsageEvents } from "../usage/usage-event.ts";
import type { UsageQueue } from "../usage/usage-queue.ts";
import { type ConfigFault, EnvReader, faultLines } from "./env-reader.ts";
import type { OpenTopicsOptions } from "./open-topics.ts";
import type { FileReader } from "./pem-files.ts";
import { loadNats, readNats } from "./reach-nats.ts";
import { printFault, type ServerFault } from "./server-fault.ts";

/** Usage events of a process. */
export interface OpenUsage extends UsageEvents {
  /** Number of events that were lost. */
  readonly lost: number;
  /** Stores what waits within this time, in milliseconds. */
  close(withinMs: number): Promise<void>;
}
/** Usage events, as the environment configures them. */
export interface UsageSpec {
  open(parts: { readonly clock: Clock; readonly fault: ServerFault }): Promise<OpenUsage>;
}

/**
 * Reads the destinations of usage events; undefined if they have faults, which are reported.
 *
 * @param subjects of the packages; undefined: a package without one
 * @param mocked whether upstreams are mocked: events without a destination are then dropped
 */
export async function configureUsage(
  subjects: readonly (string | undefined)[],
  read: EnvReader,
  readFile: FileReader = readFileSync,
  mocked = false,
): Promise<UsageSpec | undefined> {
  const named = subjects.some((subject) => subject !== undefined);
  const options = named ? readNats(read, readFile) : undefined;
  if (options === "faulty") return undefined;
  const path = read.optional("BFF_USAGE_FILE");
  const appends = options === undefined || subjects.includes(undefined);
  if (appends && !checkFile(path, named, read, mocked)) return undefined;
  const Nats = options && (await loadNats(read));
  if (options !== undefined && Nats === undefined) return undefined;
  return {
    async open(parts) {
      const { UsageQueue } = await import("../usage/usage-queue.ts");
      const { Usage } = await import("../usage/usage.ts");
      const queues: { stream?: UsageQueue; file?: UsageQueue } = {};
      if (options !== undefined && Nats !== undefined) {
        const { UsageStream } = await import("../usage/usage-stream.ts");
        queues.stream = new UsageQueue(new UsageStream(new Nats(options, parts)), parts);
      }
      if (appends && path !== undefined) {
        const { UsageFile } = await import("../usage/usage-file.ts");
        queues.file = new UsageQueue(new UsageFile(path), parts);
      }
      return new Usage(queues);
    },
  };
}

/** @param named whether a package has a subject */
function checkFile(path: string | undefined, named: boolean, read: EnvReader, mocked: boolean): boolean {
  const remedy = "the path of a file to which usage events are appended";
  if (path === undefined) {
    if (mocked) return true;
    if (named) read.fault("NATS_URL", "is not set, nor is BFF_USAGE_FILE, and usage events need one", NATS_REMEDY);
    else read.fault("BFF_USAGE_FILE", "is not set, and usage events need it", remedy);
    return false;
  }
  try {
    appendFileSync(path, "", { mode: 0o600 });
    return true;
  } catch (error) {
    read.fault("BFF_USAGE_FILE", `cannot be written (${error instanceof Error ? error.message : error})`, remedy);
    return false;
  }
}
const NATS_REMEDY = "an address like nats://127.0.0.1:4222, or the path of a file in BFF_USAGE_FILE";

/**
 * Opens the destinations of usage events for a custom server; `serve` does it by itself. Close it when the server has
 * ended.
 *
 * @param subjects of the packages; undefined: a package without one
 * @throws Error that names every variable that is missing or malformed
 * @example
 * const usage = await openUsage(["usage.shop"]);
 * const endpoints = createShopService({ upstreams, env: {}, limits, usage });
 */
export async function openUsage(
  subjects: readonly (string | undefined)[],
  { environment = process.env, clock = systemClock, fault = printFault }: Omit<OpenTopicsOptions, "observer"> = {},
): Promise<OpenUsage> {
  const faults: ConfigFault[] = [];
  const spec = await configureUsage(subjects, new EnvReader(environment, faults));
  if (spec !== undefined && faults.length === 0) return spec.open({ clock, fault });
  throw new Error(`usage events cannot be opened: ${faultLines(faults)}`);
}
