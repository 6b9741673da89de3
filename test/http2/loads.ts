// Clients that ask for one thing again and again: those of others, as they come.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { goTool } from "./go-tools.ts";
import { grpcJava } from "./grpc-java.ts";
import { TestService } from "./service.ts";

export interface Loaded {
  readonly asked: number;
  /** What came in place of an answer, and how often. */
  readonly failed: Readonly<Record<string, number>>;
}
/** Asks a server until it is told to stop, or so often as it does. */
export type Load = (port: number, stop: AbortSignal) => Promise<Loaded>;

const AT_ONCE = 16;
/** How often those ask that cannot be stopped. */
const TIMES = 2_000;
const UNARY = "/grpc.testing.TestService/UnaryCall";
const SIZE = 1_000;
/** SimpleRequest, with the size of the answer. */
const REQUEST = Buffer.from([0x10, 0xe8, 0x07]);
const MEGABYTES = 1 << 26;

/** @param ask throws in place of an answer */
async function again(stop: AbortSignal, ask: () => Promise<unknown>): Promise<Loaded> {
  const failed: Record<string, number> = {};
  let asked = 0;
  const loop = async (): Promise<void> => {
    while (!stop.aborted) {
      asked++;
      try {
        await ask();
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failed[message] = (failed[message] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return { asked, failed };
}

const connect =
  (make: (baseUrl: string) => Transport): Load =>
  (port, stop) => {
    const client = createClient(TestService, make(`http://127.0.0.1:${port}`));
    return again(stop, async () => {
      const { payload } = await client.unaryCall({ responseSize: SIZE });
      if (payload?.body.length !== SIZE) throw new Error(`${payload?.body.length} bytes`);
    });
  };

const grpcJs: Load = async (port, stop) => {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const as = (bytes: Buffer): Buffer => bytes;
  const ask = () =>
    new Promise<void>((resolve, reject) =>
      client.makeUnaryRequest(UNARY, as, as, REQUEST, (error: grpc.ServiceError | null, answer?: Buffer) => {
        if (error !== null) reject(new Error(error.message));
        else if ((answer?.length ?? 0) < SIZE) reject(new Error(`${answer?.length} bytes`));
        else resolve();
      }),
    );
  try {
    return await again(stop, ask);
  } finally {
    client.close();
  }
};

/** As a careful user of node:http2 writes it: what was refused, or came behind GOAWAY, is sent again elsewhere. */
const nodeHttp2: Load = async (port, stop) => {
  let session: http2.ClientHttp2Session | undefined;
  const connected = (): http2.ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed)
      session = http2.connect(`http://127.0.0.1:${port}`).on("error", () => {});
    return session;
  };
  const once = () =>
    new Promise<string>((resolve) => {
      const stream = connected().request({ ":method": "POST", ":path": UNARY, "content-type": "application/json" });
      let status: unknown;
      stream.on("response", (headers) => {
        status = headers[":status"];
      });
      stream.on("error", () => {}).on("close", () => resolve(status === 200 ? "ok" : `${status}/${stream.rstCode}`));
      stream.resume().end(`{"responseSize":${SIZE}}`);
    });
  const result = await again(stop, async () => {
    let outcome = await once();
    if (outcome === `undefined/${http2.constants.NGHTTP2_REFUSED_STREAM}`) outcome = await once();
    if (outcome !== "ok") throw new Error(outcome);
  });
  session?.close();
  return result;
};

const run = promisify(execFile);
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
}
/** What it prints, however it ends. */
const printed = async (command: string, args: readonly string[]): Promise<string> => {
  const ran: Ran = await run(command, [...args], { maxBuffer: MEGABYTES }).catch((error: Ran) => error);
  return `${ran.stdout}\n${ran.stderr}`;
};

/** It goes when it is told to: what counts is that all that it has begun has been answered. */
const h2load: Load = async (port) => {
  const file = join(mkdtempSync(join(tmpdir(), "bff-h2load-")), "request");
  writeFileSync(file, REQUEST);
  const more = ["-n", String(TIMES), "-c", "4", "-m", "8", "-d", file, "-H", "content-type: application/proto"];
  const text = await printed("h2load", [...more, `http://127.0.0.1:${port}${UNARY}`]);
  rmSync(dirname(file), { recursive: true });
  const [, started, done, succeeded] = /(\d+) started, (\d+) done, (\d+) succeeded/.exec(text) ?? [];
  const not2xx = /status codes: \d+ 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(text)?.slice(1).map(Number) ?? [1];
  const lost = Number(started) - Number(succeeded) + not2xx.reduce((sum, one) => sum + one, 0);
  const failed = lost === 0 ? {} : { [`${started} started, ${done} done, ${succeeded} succeeded`]: lost };
  return { asked: Number(started), failed };
};

/** Over TLS: curl 7.88, Debian's, breaks connections that it uses twice without. */
const curl: Load = async (port) => {
  const url = `https://127.0.0.1:${port}${UNARY}?[1-${TIMES}]`;
  const parallel = ["--parallel", "--parallel-max", "16", "--no-progress-meter", "--http2", "--insecure"];
  const body = ["-H", "content-type: application/json", "-d", `{"responseSize":${SIZE}}`];
  const text = await printed("curl", [
    ...parallel,
    ...body,
    "-o",
    "/dev/null",
    "-w",
    "%{http_code}/%{errormsg}\\n",
    url,
  ]);
  const failed: Record<string, number> = {};
  const lines = text.split("\n").filter((line) => /^\d{3}\//.test(line));
  for (const line of lines) if (!line.startsWith("200/")) failed[line] = (failed[line] ?? 0) + 1;
  if (lines.length !== TIMES) failed[`${lines.length} answers: ${text.slice(-300)}`] = 1;
  return { asked: lines.length, failed };
};

/** Of gRPC's interop tests, as grpc-go has them: one call of many, on one channel. */
const grpcGo: Load = async (port) => {
  const client = goTool("google.golang.org/grpc/interop/client", "v1.84.0");
  const sizes = ["--soak_request_size=1000", `--soak_response_size=${SIZE}`];
  const limits = ["--soak_overall_timeout_seconds=60", "--soak_per_iteration_max_acceptable_latency_ms=20000"];
  const how = ["--test_case=rpc_soak", `--soak_iterations=${TIMES}`, "--soak_num_threads=16"];
  const text = await printed(client, ["--server_host=127.0.0.1", `--server_port=${port}`, ...how, ...sizes, ...limits]);
  const [, iterations, failures] = /successes: (\d+) \/ \d+ iterations\. Total failures: (\d+)/.exec(text) ?? [];
  const fine = Number(iterations) === TIMES && Number(failures) === 0;
  return { asked: Number(iterations ?? 0), failed: fine ? {} : { [text.slice(-2_000)]: 1 } };
};

export const LOADS: Readonly<Record<string, Load>> = {
  "connect-node, gRPC": connect((baseUrl) => createGrpcTransport({ baseUrl })),
  "connect-node, Connect": connect((baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })),
  "grpc-js": grpcJs,
  "node:http2": nodeHttp2,
  h2load,
  curl,
};
/** Those that ask over TLS; the others do it without. */
export const OVER_TLS: readonly string[] = ["curl", "grpc-c++"];
/** Take minutes to build. */
export const MORE_LOADS: Readonly<Record<string, Load>> = { "grpc-go": grpcGo, "grpc-java": grpcJava };
