// Opens the MCP server of a process, from its tools and its environment.
import { setMaxListeners } from "node:events";
import type { Message, Registry } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Endpoint } from "@protobff/runtime/internal/endpoint/endpoint-options";
import { type ConfigFault, type Environment, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import { readStateRedisUrl } from "@protobff/runtime/internal/environment/redis-url";
import type { Identity } from "@protobff/runtime/internal/identity/identity";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { RedisLocation } from "@protobff/runtime/internal/redis/connection";
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { readSealingKeys } from "@protobff/runtime/internal/sealing/sealing-keys";
import type { StreamEndpoint } from "@protobff/runtime/internal/stream/stream-endpoint";
import { CHALLENGE } from "../headers/challenge.ts";
import { PUBLIC_URL, PUBLIC_URL_REMEDY, readPublicUrl } from "../session/public-url.ts";
import { Confirmations, UsedHere } from "./confirmations.ts";
import { readHeaders } from "./header-list.ts";
import { McpServer } from "./mcp-server.ts";
import type { Search } from "./request.ts";
import { ResourceMetadata } from "./resource-metadata.ts";
import { SEARCH_TOOLS } from "./search/search-tools.ts";
import type { Tool } from "./tool.ts";
import { ToolSet, textOf } from "./tool-set.ts";

const KEYS = "BFF_TOOL_KEYS";
const HEADERS = "BFF_MCP_HEADERS";
const MODE = "BFF_MCP_TOOLS";
/** Size of the list from which `auto` searches, in bytes: 10,000 tokens. */
const AUTO_BYTES = 40_000;

const IN_PROCESS =
  "confirmations of tools are counted in this process only, separate from other processes; set REDIS_URL";

/** Configuration of the tools of a process. */
export interface McpConfig {
  readonly tools: readonly Tool<Message, unknown>[];
  readonly publicUrl: string | undefined;
  /** Issuers of tokens. */
  readonly issuers: readonly string[];
  /** Undefined if no tool needs a confirmation. */
  readonly sealer: Sealer | undefined;
  readonly redisUrl: RedisLocation | undefined;
  /** Credentials of requests over standard input, as headers. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined: the list has all tools. */
  readonly search: ((set: ToolSet) => Promise<Search>) | undefined;
}

/** Reads the configuration, with the faults of its variables. */
export async function readMcpConfig(
  source: Environment,
  tools: readonly Tool<Message, unknown>[],
  issuers: readonly string[],
): Promise<{ readonly config: McpConfig; readonly faults: readonly ConfigFault[] }> {
  const faults: ConfigFault[] = [];
  const settings = new EnvReader(source, faults);
  const publicUrl = readPublicUrl(settings);
  if (issuers.length > 0 && settings.optional(PUBLIC_URL) === undefined)
    settings.fault(
      PUBLIC_URL,
      "is not set, and clients of the tools need the address of their login",
      PUBLIC_URL_REMEDY,
    );
  const redisUrl = readStateRedisUrl(settings);
  const confirms = tools.some(({ confirm }) => confirm === true);
  const keys = confirms
    ? readSealingKeys(KEYS, settings, (variable, problem, remedy) => settings.fault(variable, problem, remedy))
    : [];
  const workers = settings.optional("BFF_WORKERS") ?? "1";
  if (confirms && redisUrl === undefined && workers !== "1") {
    const problem = `is not set, and BFF_WORKERS is ${workers}: each process would accept a confirmation once`;
    settings.fault("REDIS_URL", problem, "an address like redis://127.0.0.1:6379, or BFF_STATE_REDIS_URL");
  }
  const text = settings.optional(HEADERS);
  const headers = text === undefined ? new Map<string, string>() : readHeaders(text);
  if (headers === undefined) settings.fault(HEADERS, "is no list of headers", "authorization=Bearer …,tenant=x");
  const sealer = confirms ? new Sealer(keys) : undefined;
  const search = await readSearch(settings, tools);
  return { config: { tools, publicUrl, issuers, sealer, redisUrl, headers: headers ?? new Map(), search }, faults };
}

/** Returns the search of search mode. */
async function readSearch(settings: EnvReader, tools: readonly Tool<Message, unknown>[]): Promise<McpConfig["search"]> {
  const mode = settings.optional(MODE) ?? "all";
  if (!["all", "search", "auto"].includes(mode)) settings.fault(MODE, `is ${quoted(mode)}`, "all, search or auto");
  const isLong = (): boolean => tools.reduce((sum, tool) => sum + Buffer.byteLength(textOf(tool)), 0) >= AUTO_BYTES;
  if (mode !== "search" && (mode !== "auto" || !isLong())) return undefined;
  const taken = tools.find(({ name }) => SEARCH_TOOLS.includes(name));
  if (taken !== undefined)
    settings.fault(
      MODE,
      `is ${mode}, and a tool of this server is named ${taken.name}`,
      "all, or give it another name",
    );
  try {
    const { default: Index } = await import("minisearch"); // nobody else pays for loading it
    return async (set) => new (await import("./search/tool-search.ts")).ToolSearch(set, Index);
  } catch {
    settings.fault(MODE, `is ${mode}, which needs the package minisearch`, "all, or run `npm install minisearch`");
    return undefined;
  }
}

/** An open MCP server. */
export interface OpenMcp {
  readonly server: McpServer;
  /** Undefined without a login. */
  readonly metadata: ResourceMetadata | undefined;
  /** Ends streams with their newest items. */
  drain(): void;
  close(): void;
}

/** @param fault receives failures of Redis, and the lack of one */
export async function openMcp(
  { tools, publicUrl, issuers, sealer, redisUrl, search }: McpConfig,
  parts: {
    readonly name: string;
    readonly endpoints: readonly (Endpoint | StreamEndpoint)[];
    readonly registry: Registry;
    readonly identity: Identity<Message> | undefined;
    readonly env: unknown;
    readonly observer?: Pick<Observer, "audit"> | undefined;
    readonly fault: (message: string, cause: unknown) => void;
    /** Path below which the server is reached. Default: the root. */
    readonly basePath?: string;
  },
): Promise<OpenMcp> {
  const set = new ToolSet(tools, parts.endpoints, parts.registry);
  const metadata =
    publicUrl === undefined || issuers.length === 0
      ? undefined
      : new ResourceMetadata({ publicUrl: publicUrl + (parts.basePath ?? ""), issuers, scopes: set.scopes });
  const confirmations = sealer && new Confirmations(sealer, await usedIds(redisUrl, parts.fault), systemClock);
  const challenge = metadata === undefined ? () => CHALLENGE : metadata.challenge.bind(metadata);
  const draining = new AbortController();
  setMaxListeners(0, draining.signal);
  const server = new McpServer({
    ...parts,
    tools: set,
    search: await search?.(set),
    confirmations,
    challenge,
    draining: draining.signal,
  });
  return { server, metadata, drain: () => draining.abort(), close: () => confirmations?.close() };
}

async function usedIds(redisUrl: RedisLocation | undefined, fault: (message: string, cause: unknown) => void) {
  if (redisUrl === undefined) {
    fault(IN_PROCESS, undefined);
    return new UsedHere(systemClock);
  }
  const { UsedInRedis } = await import("./used-in-redis.ts"); // nobody else pays for loading it
  const { connectAtStart, loadRedis } = await import("@protobff/runtime/internal/redis/redis-client");
  const away = (error: Error): void => fault("cannot reach the Redis of confirmations", error);
  return new UsedInRedis(await connectAtStart(await loadRedis(redisUrl), away));
}
