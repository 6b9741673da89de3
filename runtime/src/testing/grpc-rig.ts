import { onTestFinished } from "vitest";
import type { Fault } from "../failure.ts";
import { GrpcClient, type GrpcClientOptions } from "../transport/grpc/grpc-client.ts";
import { frame } from "../wire/frame.ts";
import { H2Upstream, type H2UpstreamOptions, type Received, reply } from "./h2-upstream.ts";
import { testedHttp2 } from "./tested-http2.ts";

export const echo = (received: Received): void => reply(received, received.body);
/** Leaves a call open. */
export const hold = (): void => {};

/** An upstream until the end of the test. */
export async function started(
  answer: (received: Received) => void = hold,
  options: H2UpstreamOptions = {},
  port = 0,
): Promise<H2Upstream> {
  const upstream = new H2Upstream(answer, options);
  upstream.port = port;
  await upstream.start();
  onTestFinished(() => upstream.stop());
  return upstream;
}

/** A client of it, until the end of the test, over the HTTP/2 under test. */
export function connected(url: string, options: GrpcClientOptions = {}): GrpcClient {
  const client = new GrpcClient(url, { http2: testedHttp2(), ...options });
  onTestFinished(() => void client.close()); // what is in flight ends with the upstream
  return client;
}

type Outcome = { message: string } | { fault: Fault };
/** Makes one call, and resolves with its end. */
export function send(client: GrpcClient, message = "hello", timeoutMs = 60_000) {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const inFlight = client.send("/a.B/C", frame(Buffer.from(message)), timeoutMs, undefined, 1, {
    replied: (bytes) => resolve({ message: Buffer.from(bytes).toString() }),
    faulted: (fault) => resolve({ fault }),
  });
  return { outcome: promise, cancel: () => inFlight.cancel() };
}

/** Polls for a condition that depends on sockets. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Returns the bodies of the calls that have arrived and have not been taken. */
export const bodies = (upstream: H2Upstream): string[] => upstream.received.map(({ body }) => body.toString());
