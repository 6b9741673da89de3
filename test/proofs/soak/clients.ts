// Clients at load: over every protocol, some with hardly any time, some that leave.
import { Agent } from "node:http";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { below, pick, type Random } from "../../bffs/second/random-message.ts";
import type { SecondRequest } from "../../bffs/second/requests.ts";

export interface Tally {
  requests: number;
  answers: number;
  degraded: number;
  /** By name of the code; CANCELED: the client left. */
  readonly statuses: Record<string, number>;
}

export interface Clients {
  /** Sends requests, `inFlight` at a time, until `more` returns false; ends when all have ended. */
  run(inFlight: number, more: () => boolean, moody: boolean): Promise<void>;
  close(): void;
}

/** Parts of all requests. */
const LEAVES = 0.04;
const HURRIES = 0.04;

export function clientsOf(url: string, requests: readonly SecondRequest[], random: Random, tally: Tally): Clients {
  const sessionManager = new Http2SessionManager(url);
  const agent = new Agent({ keepAlive: true });
  const http1 = { baseUrl: url, httpVersion: "1.1", nodeOptions: { agent } } as const;
  const grpc = createGrpcTransport({ baseUrl: url, sessionManager });
  const transports: readonly Transport[] = [
    grpc,
    grpc,
    createConnectTransport({ baseUrl: url, httpVersion: "2", sessionManager }),
    createConnectTransport({ ...http1, useBinaryFormat: false }),
    createGrpcWebTransport(http1),
  ];
  const send = async (moody: boolean): Promise<void> => {
    const { method, message, headers } = pick(random, requests);
    const mood = moody ? random() : 1;
    const leaving = mood < LEAVES ? new AbortController() : undefined;
    const timer = leaving && setTimeout(() => leaving.abort(), below(random, 60));
    const timeoutMs = mood >= LEAVES && mood < LEAVES + HURRIES ? 1 + below(random, 30) : undefined;
    tally.requests++;
    try {
      const { header } = await pick(random, transports).unary(method, leaving?.signal, timeoutMs, headers, message);
      if (header.get("bff-degraded") === null) tally.answers++;
      else tally.degraded++;
    } catch (thrown) {
      const name = Code[ConnectError.from(thrown).code];
      tally.statuses[name] = (tally.statuses[name] ?? 0) + 1;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    async run(inFlight, more, moody) {
      const worker = async () => {
        while (more()) await send(moody);
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
    },
    close() {
      sessionManager.abort();
      agent.destroy();
    },
  };
}
