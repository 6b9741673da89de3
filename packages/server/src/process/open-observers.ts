// Observers of a server: its log, the audit, metrics, and the user's observer.

import type { ServerFault } from "@protobff/runtime/internal/environment/server-fault";
import type { Observer } from "@protobff/runtime/internal/observer";
import type { ServerConfig } from "../config/config.ts";
import { isStdio } from "../config/stdio.ts";
import type { Explorer } from "../explorer/explorer.ts";
import type { AccessLog } from "../logs/access-log.ts";
import type { AuditLog } from "../logs/audit-log.ts";
import { FailureLog } from "../logs/failure-log.ts";
import { LineWriter } from "../logs/line-writer.ts";
import type { LogFormat } from "../logs/server-log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { joinObservers } from "./observers.ts";
import type { ExploredServer } from "./open-explorer.ts";
import type { TracedServer, Traces } from "./open-traces.ts";

/** All observers as one. */
export interface Observers {
  readonly observer: Observer | undefined;
  readonly log: FailureLog | undefined;
  /** Metrics, if the process has some. */
  readonly metrics: Metrics | undefined;
  /** Reports failures of the server itself. */
  readonly fault: ServerFault;
  /** Live page, if it is enabled. */
  readonly explorer: Explorer | undefined;
  /** Undefined: no traces. */
  readonly traces: Traces | undefined;
  /** Writes and sends all pending data, for at most the given time in milliseconds. */
  close(withinMs: number): Promise<void>;
}

/** The process of the observers. */
export interface ObservingProcess {
  /** Whether this process reports facts that all processes of the port share. Default: true. */
  readonly first?: boolean | undefined;
  /** Receives the lines of the log, without line breaks. Default: prints them on standard error. */
  readonly logger?: ((line: string) => void) | undefined;
  /** Whether it has metrics. Default: if there is an admin port. */
  readonly measures?: boolean;
}

/**
 * @param declared the one that `serve` was called with
 * @param loaded the one of the module in BFF_OBSERVER
 */
export async function openObservers(
  server: TracedServer & ExploredServer,
  config: ServerConfig<string, unknown>,
  declared: Observer | undefined,
  loaded: Observer | undefined,
  { first = true, logger, measures = config.telemetry.admin !== undefined }: ObservingProcess,
): Promise<Observers> {
  const log = config.log === "off" ? undefined : openLog(config.log, logger);
  if (config.branchesOff.length > 0 && first) log?.branchesOff(config.branchesOff);
  const userObserver = declared ?? (loaded && (await guardedObserver(loaded, log)));
  const fault: ServerFault = (message, cause) => log?.server(message, cause);
  if (first) for (const line of config.telemetry.old ?? []) fault(line, undefined);
  const audit = config.audit === undefined ? undefined : await openAudit(config.audit, fault);
  const metrics = measures ? await openMetrics() : undefined;
  const { spans, explorer: page } = config.telemetry;
  const traces = spans && (await (await import("./open-traces.ts")).openTraces(config, server, fault));
  if (metrics !== undefined) (await import("./server-families.ts")).addSpans(metrics, traces);
  const explorer = page && (await import("./open-explorer.ts")).openExplorer(page, server);
  const { accessLog: share } = config.telemetry;
  const format = config.log === "json" ? "json" : "text";
  const access = share === undefined ? undefined : await openAccessLog(share, format);
  // Traces first: the others find a request's ids in its events.
  const observer = joinObservers(
    [traces?.observer, log, userObserver, audit, metrics, access, explorer?.recorder, explorer?.upstreams].filter(
      (observer) => observer !== undefined,
    ),
  );
  const close = async (withinMs: number): Promise<void> => {
    const flushed = access?.flush(withinMs);
    await audit?.flush(withinMs);
    await traces?.close(withinMs);
    await flushed;
  };
  return { observer, log, metrics, fault, explorer, traces, close };
}

/** Loaded only if there is an admin port. */
async function openMetrics(): Promise<Metrics> {
  const { Metrics } = await import("../metrics/metrics.ts");
  return new Metrics();
}

/** Opens the access log on standard output, because successful requests are no failures; beside MCP, on standard error. */
async function openAccessLog(share: number, format: LogFormat): Promise<AccessLog> {
  const { AccessLog } = await import("../logs/access-log.ts");
  const output = isStdio(process) ? process.stderr : process.stdout;
  const writer = new LineWriter(output, (count) => lostLine(format, "the access log", count));
  return new AccessLog(writer, { share, format });
}

function lostLine(format: LogFormat, of: string, count: number): string {
  const time = new Date().toISOString();
  if (format === "json") return `${JSON.stringify({ time, event: "lost", of, count })}\n`;
  return `${time} ${count} ${count === 1 ? "line" : "lines"} of ${of} ${count === 1 ? "is" : "are"} lost: earlier lines were not read in time\n`;
}

function openLog(format: LogFormat, logger: ObservingProcess["logger"]): FailureLog {
  if (logger !== undefined) return new FailureLog((line) => logger(line.trimEnd()), format);
  const writer = new LineWriter(process.stderr, (count) => lostLine(format, "the log", count));
  return new FailureLog((line) => writer.write(line), format);
}

/** Returns the user's observer, whose failures change nothing. */
async function guardedObserver(loaded: Observer, log: FailureLog | undefined): Promise<Observer> {
  const { harmless } = await import("../config/load-observer.ts");
  return harmless(loaded, (event, thrown) => log?.observer(event, thrown));
}

async function openAudit(path: string, fault: ServerFault): Promise<AuditLog> {
  const { AuditLog, appendingTo, appendingToStream } = await import("../logs/audit-log.ts");
  return new AuditLog(path === "stderr" ? appendingToStream() : appendingTo(path), fault);
}
