import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Prepared } from "./variant.ts";

const run = promisify(execFile);

/** A closed loop: each of `connections` × `streams` sends its next request when its last is answered. */
export interface Load {
  readonly requests: number;
  readonly connections: number;
  readonly streams: number;
  /** True for HTTP/1.1, on which each stream waits for the one before. Default: HTTP/2. */
  readonly http1?: boolean;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Mean length of the bodies. */
  readonly replyBytes: number;
  /** Latency of every request, ascending. */
  readonly latenciesMs: readonly number[];
}

/**
 * Sends one request again and again, or several of one origin in turn, all with the first one's headers and body.
 *
 * @throws when a request fails as HTTP; gRPC's statuses show in the mean length of the replies
 */
export async function h2load(requests: Prepared | readonly Prepared[], load: Load): Promise<LoadResult> {
  const all = [requests].flat();
  const [request] = all;
  if (request === undefined) throw new Error("no request to send");
  const folder = mkdtempSync(join(tmpdir(), "protobff-bench-"));
  try {
    const body = join(folder, "body");
    const log = join(folder, "log");
    writeFileSync(body, request.body);
    const { stdout } = await started([
      `-n${load.requests}`,
      "-t1",
      `-c${load.connections}`,
      `-m${load.streams}`,
      ...(load.http1 === true ? ["--h1"] : []),
      // windows large enough that 8 MiB need no updates in between
      "-w24",
      "-W26",
      "-d",
      body,
      `--log-file=${log}`,
      ...Object.entries(request.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      ...all.map(({ origin, path }) => origin + path),
    ]);
    if (!stdout.includes(`${load.requests} succeeded, 0 failed, 0 errored`)) throw new Error(`h2load:\n${stdout}`);
    const latenciesMs = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split("\t")[2]) / 1000);
    return {
      requestsPerSecond: numberIn(stdout, /([\d.]+) req\/s/),
      replyBytes: numberIn(stdout, /\((\d+)\) data/) / load.requests,
      latenciesMs: latenciesMs.sort((a, b) => a - b),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function started(args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await run("h2load", args);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    throw missing ? new Error("h2load is not installed; it is in the package nghttp2-client") : error;
  }
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`h2load says nothing like ${pattern}:\n${text}`);
  return Number(found);
}
