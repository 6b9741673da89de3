// Commands that repeat one request. They end when their server sends GOAWAY, or after a number of requests.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { goTool } from "./go-tools.ts";
import { type Load, REQUEST, REQUEST_JSON, SIZE, type Target, UNARY, urlOf } from "./loads.ts";

/** Number of requests of commands that cannot be stopped. */
const TIMES = 2_000;
const PRINTED_BYTES = 1 << 28;

const run = promisify(execFile);
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}
/** Returns the output of a command, however it ends. */
const printed = async (command: string, args: readonly string[]): Promise<string> => {
  const ran: Ran = await run(command, [...args], { maxBuffer: PRINTED_BYTES }).catch((error: Ran) => error);
  return `${ran.stdout}\n${ran.stderr}`;
};
/** With a file that holds a request's body. */
async function withBody<T>(body: Buffer | string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "bff-load-"));
  try {
    const file = join(folder, "request");
    writeFileSync(file, body);
    return await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** h2load ends at GOAWAY and retries nothing: every request that it has begun must have an answer. */
const h2load: Load = async (target) => {
  const how = ["-n", String(TIMES), "-c", "4", "-m", "8", "-H", "content-type: application/proto"];
  const text = await withBody(REQUEST, (file) => printed("h2load", [...how, "-d", file, urlOf(target) + UNARY]));
  const [, started, done, succeeded] = /(\d+) started, (\d+) done, (\d+) succeeded/.exec(text) ?? [];
  const not2xx = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(text)?.slice(1).map(Number) ?? [1];
  const lost = Number(started) - Number(succeeded) + not2xx.reduce((sum, count) => sum + count, 0);
  const failed = lost === 0 ? {} : { [`${started} started, ${done} done, ${succeeded} succeeded`]: lost };
  return { requestCount: Number(started), failed };
};

/** As h2load. nghttp logs each frame, so that requests and answers are counted by stream. */
const nghttp: Load = async (target) => {
  const how = ["-v", "-n", "--no-dep", "--no-verify-peer", "-m", String(TIMES), "-H", ":method: POST"];
  const type = ["-H", "content-type: application/json"];
  const text = await withBody(REQUEST_JSON, (file) =>
    printed("nghttp", [...how, ...type, "-d", file, urlOf(target) + UNARY]),
  );
  const begun = text.match(/send HEADERS frame <length=\d+, flags=0x.., stream_id=(\d+)>/g) ?? [];
  const refused = text.match(/recv RST_STREAM frame/g)?.length ?? 0;
  const ok = new Set([...text.matchAll(/recv \(stream_id=(\d+)\) :status: 200$/gm)].map(([, stream]) => stream));
  const ends = [...text.matchAll(/recv DATA frame <length=\d+, flags=0x.1, stream_id=(\d+)>/g)];
  const answered = ends.filter(([, stream]) => ok.has(stream)).length;
  if (answered === begun.length) return { requestCount: begun.length, failed: {} };
  return {
    requestCount: begun.length,
    failed: { [`${answered} answered, ${refused} refused`]: begun.length - answered },
  };
};

/** Without TLS curl 7.88, Debian's, breaks connections that it uses twice. */
const curl: Load = async (target) => {
  const parallel = ["--parallel", "--parallel-max", "16", "--no-progress-meter", "--http2", "--insecure"];
  const body = ["-H", "content-type: application/json", "-d", REQUEST_JSON];
  const writeOut = ["-o", "/dev/null", "-w", "%{http_code}/%{errormsg}\\n"];
  const text = await printed("curl", [...parallel, ...body, ...writeOut, `${urlOf(target)}${UNARY}?[1-${TIMES}]`]);
  const failed: Record<string, number> = {};
  const lines = text.split("\n").filter((line) => /^\d{3}\//.test(line));
  for (const line of lines) if (!line.startsWith("200/")) failed[line] = (failed[line] ?? 0) + 1;
  if (lines.length !== TIMES) failed[`${lines.length} answers: ${text.slice(-300)}`] = 1;
  return { requestCount: lines.length, failed };
};

/** The client of gRPC's interop tests in grpc-go: many calls, one after the other on one channel. */
export const grpcGo: Load = async ({ port, ca }: Target) => {
  const client = goTool("google.golang.org/grpc/interop/client", "v1.84.0");
  const sizes = ["--soak_request_size=1000", `--soak_response_size=${SIZE}`];
  const limits = ["--soak_overall_timeout_seconds=60", "--soak_per_iteration_max_acceptable_latency_ms=20000"];
  const how = ["--test_case=rpc_soak", `--soak_iterations=${TIMES}`, "--soak_num_threads=16"];
  const trusts = ca === undefined ? [] : ["--use_tls", "--use_test_ca", `--ca_file=${ca}`];
  const where = ["--server_host=127.0.0.1", `--server_port=${port}`, ...trusts];
  const text = await printed(client, [...where, ...how, ...sizes, ...limits]);
  const [, iterations, failures] = /successes: (\d+) \/ \d+ iterations\. Total failures: (\d+)/.exec(text) ?? [];
  const fine = Number(iterations) === TIMES && Number(failures) === 0;
  return { requestCount: Number(iterations ?? 0), failed: fine ? {} : { [text.slice(-2_000)]: 1 } };
};

export const COMMAND_LOADS = { h2load, nghttp, curl } as const satisfies Readonly<Record<string, Load>>;
