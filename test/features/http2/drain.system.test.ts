// A server is replaced under load: SIGTERM while requests are in flight and new ones are on their way, and a balancer that has another one.
// PROTOBFF_GRPC_CLIENTS=1 adds clients that take minutes to build.
import { describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "./certificate.ts";
import { browserLoad } from "./clients/browser-load.ts";
import { COMMAND_LOADS, grpcGo } from "./clients/command-loads.ts";
import { grpcJava } from "./clients/grpc-java.ts";
import { type Load, NODE_LOADS } from "./clients/loads.ts";
import { grpcCore, WITHOUT_PYTHON } from "./clients/python-client.ts";
import { type Framing, OWN_FIRST, underTest } from "./server-under-test.ts";
import { Switchable } from "./switchable.ts";

/** So much has been answered when the server is told to go, in bytes. */
const BUSY_BYTES = 200_000;
const EVERY_MS = 5;
/** Those to whom a request that was refused is a failure. */
const REFUSED = ["connect-node, gRPC", "connect-node, Connect", "h2load", "nghttp", "curl"];
/** They go with their server. */
const GOES: readonly Load[] = [COMMAND_LOADS.h2load, COMMAND_LOADS.nghttp];

const { h2load, nghttp, curl } = COMMAND_LOADS;
const { "connect-node, gRPC": connectGrpc, "connect-node, Connect": connect, undici, ...node } = NODE_LOADS;
const python = WITHOUT_PYTHON ? {} : { "grpc-c++": grpcCore };
const built = process.env.PROTOBFF_GRPC_CLIENTS === "1" ? { "grpc-go": grpcGo, "grpc-java": grpcJava } : {};
const both = { ...node, h2load, nghttp, ...python, ...built };
// Over TLS connect-node on Node 24.20 to 24.21 says "Premature close" of answers that it has, drain or none: nodejs/node issue 65677.
const plain = { "connect-node, gRPC": connectGrpc, "connect-node, Connect": connect, ...both };
const overTls = { ...both, undici, curl, Chromium: browserLoad };
const named = (loads: Readonly<Record<string, Load>>, tls: boolean) =>
  Object.entries(loads).map(([name, load]) => ({ name, load, tls, how: tls ? "over TLS" : "without TLS" }));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}

describe.each(OWN_FIRST)("a server that stops under load, BFF_HTTP2_SERVER=%s", (framing: Framing) => {
  test.each([...named(plain, false), ...named(overTls, true)])(
    "$name, $how: no request fails",
    async ({ name, load, tls, how }) => {
      const { files } = certificate();
      const env = { LATENCY_MS: "5", BFF_GRACE: "30s", ...(tls ? files : {}) };
      const servers = await Promise.all([underTest(framing, env), underTest(framing, env)]);
      for (const { process } of servers) onTestFinished(() => process.kill());
      const [old, next] = servers;
      const front = await Switchable.before(old.port);
      onTestFinished(() => front.close());
      // nghttp2 in node has one GOAWAY alone: what is on its way behind it is refused, and not all clients send that again.
      const refusedByNode = framing === "node" && REFUSED.includes(name);
      const stop = new AbortController();
      let over = false;
      const loading = load({ port: front.port, ca: tls ? files.TLS_CERT_FILE : undefined }, stop.signal).finally(() => {
        over = true;
      });
      await until(() => front.answered > BUSY_BYTES || over);
      front.to(next.port);
      const exited = old.process.exit();
      old.process.signal("SIGTERM");
      expect(await exited, old.process.log).toBe("code 0");
      if (!GOES.includes(load)) await until(() => front.answered > BUSY_BYTES || over);
      stop.abort();
      const { requestCount, failed } = await loading;
      console.log(`${framing}, ${name}, ${how}: ${requestCount} asked`, failed);
      if (!refusedByNode) expect(failed).toEqual({});
      expect(requestCount).toBeGreaterThan(100);
    },
    120_000,
  );
});
