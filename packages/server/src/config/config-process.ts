// Configuration that a supervisor of workers shares with a server. It needs no messages.
import type { CdnHeader } from "@protobff/runtime/internal/cache/cdn-tags";
import { MAX_TIMER_MS } from "@protobff/runtime/internal/clock";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { VariableReader } from "@protobff/runtime/internal/environment/variable-reader";
import type { ProcessNumber } from "@protobff/runtime/internal/transport/balance/subset";
import type { LogFormat } from "../logs/server-log.ts";
import { readWorkers } from "./config-workers.ts";

/** Port and life of a process. */
export interface ProcessConfig {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
  /** Number of processes that serve the port. 1: this one alone. */
  readonly workers: number;
  readonly graceMs: number;
  /** Time from the signal to end until nothing new is accepted. */
  readonly drainDelayMs: number;
  /** Undefined: unknown. */
  readonly process?: ProcessNumber | undefined;
}

export interface AdminAddress {
  readonly host: string;
  /** 0: a free port. */
  readonly port: number;
}

export function readProcess(read: VariableReader): ProcessConfig {
  return {
    host: read.optional("HOST") ?? "0.0.0.0",
    port: read.within("PORT", 0, 65_535, "8080"),
    workers: readWorkers(read),
    graceMs: read.durationMs("BFF_GRACE", "10s", MAX_TIMER_MS),
    drainDelayMs: read.durationMs("BFF_DRAIN_DELAY", "0s", MAX_TIMER_MS),
    process: readProcessNumber(read),
  };
}

export function readAdmin(read: VariableReader): AdminAddress | undefined {
  if (read.optional("BFF_ADMIN_PORT") === undefined) return undefined;
  const port = read.within("BFF_ADMIN_PORT", 0, 65_535);
  if (port !== 0 && port === Number(read.optional("PORT") ?? 8080)) {
    const problem = `is ${port}, which is the port of requests`;
    read.fault("BFF_ADMIN_PORT", problem, "another one: what it shows is not for clients");
  }
  return { host: read.optional("BFF_ADMIN_HOST") ?? "127.0.0.1", port };
}

/** `ready`: the server waits for upstreams that differ. */
export type UpstreamCheckMode = "off" | "log" | "ready";

/** @param hasUses true if the server was generated with uses */
export function readUpstreamCheck(read: VariableReader, hasUses: boolean): UpstreamCheckMode {
  const mode = read.optional("BFF_UPSTREAM_CHECK") ?? "off";
  if (mode !== "off" && mode !== "log" && mode !== "ready") {
    read.fault("BFF_UPSTREAM_CHECK", `is ${quoted(mode)}`, "off, log or ready");
    return "off";
  }
  if (mode !== "off" && !hasUses) {
    const remedy = `uses=true among the options of protoc-gen-bff in buf.gen.yaml, and run "buf generate" again, or off`;
    read.fault("BFF_UPSTREAM_CHECK", `is ${mode}, but this server was generated without its uses`, remedy);
  }
  return mode;
}

/** Reads the number of this process among all of its service. Undefined: it is unknown. */
function readProcessNumber(read: VariableReader): ProcessNumber | undefined {
  const text = read.optional("BFF_PROCESS");
  if (text === undefined) return undefined;
  const [, number = 0, of = 0] = (/^([1-9]\d{0,5})\/([1-9]\d{0,5})$/.exec(text) ?? []).map(Number);
  if (number > 0 && number <= of) return { number, of };
  read.fault("BFF_PROCESS", `is ${quoted(text)}`, "the number of this process and that of all, like 3/100");
  return undefined;
}

/** Reads the name of the header with the tags of answers. */
export function readCdnHeader(read: VariableReader): CdnHeader {
  const name = read.optional("BFF_CDN_TAGS") ?? "cache-tag";
  if (name === "cache-tag" || name === "surrogate-key") return name;
  read.fault("BFF_CDN_TAGS", `is ${quoted(name)}`, "cache-tag or surrogate-key");
  return "cache-tag";
}

/** Requires a token that a header can carry. Shorter ones can be guessed. */
export function requireToken(read: VariableReader, name: string, token: string, or = ""): void {
  if (/^[!-~]{16,}$/.test(token)) return;
  const problem = token.length < 16 ? `has ${token.length} characters` : "has a space or a character outside ASCII";
  read.fault(name, problem, `at least 16, such as what openssl rand -hex 16 prints${or}`);
}

/** Reads the token for purges at the admin port. Undefined: there are none. */
export function readPurgeToken(read: VariableReader): string | undefined {
  const token = read.optional("BFF_PURGE_TOKEN");
  if (token === undefined) return undefined;
  requireToken(read, "BFF_PURGE_TOKEN", token);
  if (read.optional("BFF_ADMIN_PORT") === undefined) {
    const problem = "is not set, and BFF_PURGE_TOKEN is for purges there";
    read.fault("BFF_ADMIN_PORT", problem, "a separate port, like 9090 (0 picks a free one)");
  }
  return token;
}

export function readLog(read: VariableReader): LogFormat | "off" {
  const text = read.optional("BFF_LOG") ?? "text";
  if (text === "text" || text === "json" || text === "off") return text;
  read.fault("BFF_LOG", `is ${quoted(text)}`, "text, json or off");
  return "text";
}
