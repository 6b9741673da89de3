// Configuration of a server's telemetry from the environment: admin port, live page, access log, traces.

import type { EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { quoted } from "@protobff/runtime/internal/environment/one-line";
import type { FileReader } from "@protobff/runtime/internal/environment/pem-files";
import type { Sampling } from "../telemetry/sampler.ts";
import { type CaptureConfig, readCapture } from "./config-capture.ts";
import { readSpanExport, type SpanExport } from "./config-otlp.ts";
import { type AdminAddress, readAdmin, requireToken } from "./config-process.ts";
import { readSampling } from "./config-sampling.ts";
import { readWorkers } from "./config-workers.ts";
import { isLoopback } from "./loopback.ts";

/** Telemetry besides failures, and its destinations. An undefined member is off, and its code is not loaded. */
export interface TelemetryConfig {
  /** Address of the metrics. */
  readonly admin?: AdminAddress;
  /** The live page is served there, too. */
  readonly explorer?: ExplorerConfig;
  /** The share of requests that the access log has a line for: above 0, at most 1. */
  readonly accessLog?: number;
  /** Destination of the spans of requests. */
  readonly spans?: SpanExport;
  /** Requests that leave spans, if spans have a destination. */
  readonly sampling?: Sampling;
  /** Requests whose inputs are written to files. */
  readonly capture?: CaptureConfig;
  /** Lines for the log: old variables, and what replaces them. */
  readonly old?: readonly string[];
}

export interface ExplorerConfig {
  /** Token that visitors must present. Undefined: none is required. */
  readonly token?: string | undefined;
  /** Address that lists callers for the page's requests, on this machine. */
  readonly callers?: string | undefined;
}

export function readTelemetry(read: EnvReader, readFile: FileReader): TelemetryConfig {
  const old: string[] = [];
  const admin = readAdmin(read);
  const explorer = readExplorer(read, admin, old);
  const accessLog = readAccessLog(read);
  const spans = readSpanExport(read, readFile);
  const capture = readCapture(read, old);
  return {
    ...(admin !== undefined && { admin }),
    ...(explorer !== undefined && { explorer }),
    ...(accessLog !== undefined && { accessLog }),
    ...(capture !== undefined && { capture }),
    ...(old.length > 0 && { old }),
    ...(spans !== undefined && { spans, sampling: readSampling(read) }),
  };
}

/** The value of BFF_EXPLORER_TOKEN for a page on loopback that requires no token. */
const NO_TOKEN = "none";

function readExplorer(read: EnvReader, admin: AdminAddress | undefined, old: string[]): ExplorerConfig | undefined {
  const token = read.optional("BFF_EXPLORER_TOKEN");
  const enabled = read.bool("BFF_EXPLORER", String(token !== undefined));
  if (read.optional("BFF_EXPLORER") !== undefined) {
    const off = token === undefined ? "" : " and BFF_EXPLORER_TOKEN";
    const on = token === undefined ? `, and write BFF_EXPLORER_TOKEN=${NO_TOKEN}` : ": BFF_EXPLORER_TOKEN is enough";
    old.push(`BFF_EXPLORER is read until 1.0 only: unset it${enabled ? on : off}`);
  }
  if (!enabled) return undefined;
  const isOpen = token === undefined || token === NO_TOKEN;
  if (read.optional("BFF_ADMIN_PORT") === undefined) {
    const problem = "is not set, and the live page is at that port";
    read.fault("BFF_ADMIN_PORT", problem, "a separate port, like 9090 (0 picks a free one)");
  }
  if (!isOpen) requireToken(read, "BFF_EXPLORER_TOKEN", token, `, or ${NO_TOKEN} on loopback`);
  if (isOpen && admin !== undefined && !isLoopback(admin.host)) {
    const problem = `is ${token ?? "not set"}, and other hosts can reach ${quoted(admin.host)}, where the live page shows requests`;
    read.fault("BFF_EXPLORER_TOKEN", problem, "a token for viewers, such as the output of openssl rand -hex 16");
  }
  if (readWorkers(read) > 1) {
    const problem = "is more than 1, and the live page shows one process";
    read.fault("BFF_WORKERS", problem, "1 while it is looked at");
  }
  const callers = read.optional("BFF_EXPLORER_CALLERS");
  const address = URL.parse(callers ?? "http://127.0.0.1");
  // A server on another machine could show visitors any content.
  if (address?.protocol !== "http:" || !isLoopback(address.hostname.replace(/^\[(.*)\]$/, "$1")))
    read.fault("BFF_EXPLORER_CALLERS", "is no address with http:// on this machine", "nothing: `protobff dev` sets it");
  return { token: isOpen ? undefined : token, callers };
}

function readAccessLog(read: EnvReader): number | undefined {
  const text = read.optional("BFF_ACCESS_LOG") ?? "off";
  if (text === "off") return undefined;
  if (text === "all") return 1;
  const share = /^(0?\.\d{1,9}|1(\.0+)?)$/.test(text) ? Number(text) : 0;
  if (share > 0) return share;
  const remedy = "off, all, or the share of requests that get a line, above 0 and at most 1, like 0.01";
  read.fault("BFF_ACCESS_LOG", `is ${quoted(text)}`, remedy);
  return undefined;
}
