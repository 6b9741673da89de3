// A process with clients: each line of its input is a run to follow and a protocol to follow it by; each line of its output what one received.
import { createInterface } from "node:readline";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { connect, events, type FollowTransport, follow, webSocket } from "@protobff/client";
import { RunService } from "../../../generated/runs/v1/runs_pb.ts";

export const PROTOCOLS = ["events", "webSocket", "grpc"] as const;
export type Protocol = (typeof PROTOCOLS)[number];
export interface Order {
  readonly follower: number;
  readonly runId: string;
  readonly protocol: Protocol;
}
/** The number of an item, and whether it resets; or how a stream ended. */
export type Received =
  | { readonly follower: number; readonly number: number; readonly reset: boolean }
  | { readonly follower: number; readonly end: string };

async function startFollower({ follower, runId, protocol }: Order, transports: Record<Protocol, FollowTransport>) {
  const write = (received: Received): void => void process.stdout.write(`${JSON.stringify(received)}\n`);
  try {
    const options = { over: transports[protocol], backoff: { initialMs: 20, maxMs: 200 } };
    for await (const { message, reset } of follow(RunService.method.followRun, { runId }, options)) {
      write({ follower, number: Number(message.text), reset });
    }
    write({ follower, end: "ended" });
  } catch (error) {
    write({ follower, end: String(error) });
  }
}

if (import.meta.main) {
  const baseUrl = process.argv[2] ?? "";
  const transports = {
    events: events({ baseUrl }),
    webSocket: webSocket({ baseUrl }),
    grpc: connect(createGrpcTransport({ baseUrl })),
  };
  createInterface({ input: process.stdin }).on("line", (line) => void startFollower(JSON.parse(line), transports));
}
