import { readFileSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import type { Observer } from "../observer.ts";
import type { NatsOptions } from "../topic/nats.ts";
import type { TopicStore } from "../topic/store.ts";
import { Topics } from "../topic/topic.ts";
import { type ConfigFault, type Environment, EnvReader } from "./env-reader.ts";
import { type FileReader, readPair, readPem } from "./pem-files.ts";
import type { ServerFault } from "./server-fault.ts";

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
export async function loadNats(read: EnvReader) {
  try {
    const { Nats } = await import("../topic/nats.ts"); // nobody else pays for loading it
    return Nats;
  } catch {
    const problem = "and @nats-io/jetstream are not installed, which NATS_URL needs";
    read.fault("@nats-io/transport-node", problem, "npm install @nats-io/transport-node@3 @nats-io/jetstream@3");
    return undefined;
  }
}

/** How NATS is reached, by the names that its own command has; undefined: there is none. */
export function readNats(read: EnvReader, readFile: FileReader): NatsOptions | "faulty" | undefined {
  const text = read.optional("NATS_URL");
  if (text === undefined) return undefined;
  const faults: unknown[] = [];
  const noting: EnvReader["fault"] = (variable, problem, remedy) => {
    faults.push(variable);
    read.fault(variable, problem, remedy);
  };
  const urls = text.split(",").map((part) => URL.parse(part.trim()));
  const remedy = "addresses like nats://127.0.0.1:4222 or tls://nats.example:4222, separated by commas";
  // The value is not repeated: it may have a password in it.
  if (urls.some((url) => url === null || !/^(nats|tls):$/.test(url.protocol) || url.hostname === "")) {
    noting("NATS_URL", "is no address with nats:// or tls://", remedy);
  } else if (urls.some((url) => url !== null && /[^/]/.test(url.pathname + url.search + url.hash))) {
    noting("NATS_URL", "has more in it than user, password, host and port", remedy);
  }
  const [first] = urls;
  const servers = urls.map((url) => url?.host ?? "");
  const credentials = readCredentials(read, readFile, first ?? undefined, noting);
  const ca = readPem(read, "NATS_CA", readFile);
  const pair = readPair(read, "NATS_CERT", "NATS_KEY", readFile);
  const secure = ca !== undefined || pair !== undefined || urls.some((url) => url?.protocol === "tls:");
  const tls = {
    ...(ca && { ca: ca.toString() }),
    ...(pair && { cert: pair.cert.toString(), key: pair.key.toString() }),
  };
  return faults.length > 0 ? "faulty" : { servers, ...credentials, ...(secure && { tls }) };
}
function readCredentials(
  read: EnvReader,
  readFile: FileReader,
  url: URL | undefined,
  fault: EnvReader["fault"],
): Pick<NatsOptions, "creds" | "user" | "pass" | "token"> {
  const creds = readPem(read, "NATS_CREDS", readFile); // no certificate, but PEM all the same
  if (creds !== undefined && !/^-+BEGIN NATS USER JWT-+$[\s\S]*^-+BEGIN USER NKEY SEED-+$/m.test(creds.toString()))
    fault("NATS_CREDS", "names a file without a JWT and a seed in it", "the path of what `nsc generate creds` writes");
  const token = read.optional("NATS_TOKEN");
  const user = read.optional("NATS_USER");
  const pass = read.optional("NATS_PASSWORD");
  const inUrl = url === undefined ? "" : decodeURIComponent(url.username);
  const ways = [
    creds && "NATS_CREDS",
    token && "NATS_TOKEN",
    user && "NATS_USER",
    inUrl && "a user in NATS_URL",
  ].filter((way) => way !== undefined && way !== "");
  if (ways.length > 1) fault("NATS_URL", `has several ways to be let in (${ways.join(", ")})`, "one of them");
  if (pass !== undefined && user === undefined) fault("NATS_PASSWORD", "is set, but NATS_USER is not", "that one, too");
  if (creds !== undefined) return { creds };
  if (token !== undefined) return { token };
  if (user !== undefined) return { user, pass: pass ?? "" };
  if (inUrl === "") return {};
  const password = decodeURIComponent(url?.password ?? "");
  return password === "" ? { token: inUrl } : { user: inUrl, pass: password };
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
  { environment = process.env, clock = systemClock, observer, fault = printed }: OpenTopicsOptions = {},
): Promise<Topics> {
  const faults: ConfigFault[] = [];
  const spec = await configureTopics(topics, new EnvReader(environment, faults), readFileSync);
  if (spec === undefined || faults.length > 0) {
    const lines = faults.map(({ variable, problem, remedy }) => `${variable} ${problem}; write ${remedy}`);
    throw new Error(`the topics cannot be opened: ${lines.join("\n")}`);
  }
  return spec.open({ clock, fault, observer });
}

function printed(message: string, cause: unknown): void {
  if (cause === undefined) console.error(message);
  else console.error(`${message}:`, cause);
}
