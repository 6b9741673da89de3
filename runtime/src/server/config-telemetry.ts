// What the environment says about looking into a server: the admin port, the access log, traces.
import type { Sampling } from "../telemetry/sampler.ts";
import { readSpanExport, type SpanExport } from "./config-otlp.ts";
import { readSampling } from "./config-sampling.ts";
import type { EnvReader } from "./env-reader.ts";
import { quoted } from "./one-line.ts";
import type { FileReader } from "./pem-files.ts";

/** What is told of requests besides failures, and where it can be seen. What is undefined is off, and nothing of it is loaded. */
export interface TelemetryConfig {
  /** Where metrics are served. */
  readonly admin?: AdminAddress;
  /** The share of requests that the access log has a line for: above 0, at most 1. */
  readonly accessLog?: number;
  /** Where the spans of requests go. */
  readonly spans?: SpanExport;
  /** Which requests leave some, where they go anywhere. */
  readonly sampling?: Sampling;
}

export interface AdminAddress {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

export function readTelemetry(read: EnvReader, readFile: FileReader): TelemetryConfig {
  const admin = readAdmin(read);
  const accessLog = readAccessLog(read);
  const spans = readSpanExport(read, readFile);
  return {
    ...(admin !== undefined && { admin }),
    ...(accessLog !== undefined && { accessLog }),
    ...(spans !== undefined && { spans, sampling: readSampling(read) }),
  };
}

function readAdmin(read: EnvReader): AdminAddress | undefined {
  if (read.optional("BFF_ADMIN_PORT") === undefined) return undefined;
  const port = read.within("BFF_ADMIN_PORT", 0, 65_535);
  if (port !== 0 && port === Number(read.optional("PORT") ?? 8080)) {
    const problem = `is ${port}, which is the port that requests come to`;
    read.fault("BFF_ADMIN_PORT", problem, "another one: what it shows is not for clients");
  }
  return { host: read.optional("BFF_ADMIN_HOST") ?? "127.0.0.1", port };
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
