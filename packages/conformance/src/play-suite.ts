// Runs the suite of bff.v1 against a server.
import { setTimeout as sleep } from "node:timers/promises";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import type { Case } from "./case.ts";
import { differences, run } from "./play.ts";
import type { Suite } from "./suite.ts";
import type { startUpstreams } from "./upstreams.ts";

/** Transports by protocol. Connect uses JSON, the others binary messages. */
export const PROTOCOLS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  grpc: (baseUrl) => createGrpcTransport({ baseUrl }),
  connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  "grpc-web": (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};

/** Time for calls that a server should not send after its response. */
const LATE_MS = 200;

/** A case that failed over one protocol. */
interface Failure {
  readonly test: Case;
  readonly protocol: string;
  readonly differences: readonly string[];
}

interface Options {
  /** Base URL of the server under test. */
  readonly url: string;
  /** Names of `PROTOCOLS`. */
  readonly protocols: readonly string[];
  /** Number of cases that run at a time. */
  readonly concurrency: number;
  /** Ends the run after this many failures. */
  readonly failures?: number;
  /** Receives lines about the progress: each failure when it happens, and counts ten times. */
  readonly log?: (line: string) => void;
}

/** The end of a run. */
export interface Outcome {
  readonly failures: readonly Failure[];
  /** Names of runs that failed side by side with others, and passed alone: the server, or the case, depends on load. */
  readonly repeated: readonly string[];
}

/**
 * Plays cases over each protocol. The upstreams run already, and the server calls them. A case that fails runs once
 * more alone.
 *
 * @example const { failures } = await play(suite, suite.cases, upstreams, { url, protocols: ["grpc"], concurrency: 8 });
 */
export async function play(
  suite: Suite,
  cases: readonly Case[],
  { stages }: Pick<Awaited<ReturnType<typeof startUpstreams>>, "stages">,
  { url, protocols, concurrency, failures: most = Number.POSITIVE_INFINITY, log = () => {} }: Options,
): Promise<Outcome> {
  const runs = protocols.flatMap((protocol) => {
    const transport = PROTOCOLS[protocol]?.(url);
    if (transport === undefined)
      throw new Error(`protocol ${protocol} is none of ${Object.keys(PROTOCOLS).join(", ")}`);
    return cases.map((test) => ({ test, protocol, transport }));
  });
  const once = async ({ test, protocol, transport }: (typeof runs)[number], name: string) =>
    run(suite, test, { transport, url }, stages, `${test.id}/${protocol}${name}`);
  const failed = new Set<(typeof runs)[number]>();
  const passed: (readonly [(typeof runs)[number], Awaited<ReturnType<typeof once>>])[] = [];
  const queue = runs.values();
  const fail = (element: (typeof runs)[number]): void => {
    failed.add(element);
    log(`failed: ${element.test.id} over ${element.protocol}`);
  };
  log(`${runs.length} runs of ${cases.length} cases`);
  const worker = async (): Promise<void> => {
    for (const element of queue) {
      if (failed.size >= most) return;
      const result = await once(element, "");
      if (differences(element.test, result).length > 0) fail(element);
      else passed.push([element, result]);
      const played = failed.size + passed.length;
      if (played % Math.ceil(runs.length / 10) === 0) log(`${played} of ${runs.length} played, ${failed.size} failed`);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  await sleep(LATE_MS);
  for (const [element, result] of passed) if (differences(element.test, result).length > 0) fail(element);
  if (failed.size > 0) log(`each of the ${failed.size} failed runs is played again, alone`);
  const failures: Failure[] = [];
  const repeated: string[] = [];
  for (const element of failed) {
    const result = await once(element, "/alone");
    await sleep(LATE_MS);
    const lines = differences(element.test, result);
    if (lines.length > 0) failures.push({ test: element.test, protocol: element.protocol, differences: lines });
    else repeated.push(`${element.test.id} over ${element.protocol}`);
  }
  stages.clear();
  return { failures, repeated };
}
