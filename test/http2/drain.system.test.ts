// A server is replaced under load: SIGTERM while requests are in flight and new ones are on their way, and a balancer that has another one.
// PROTOBFF_GRPC_CLIENTS=1 adds clients that take minutes to build.
import { describe, expect, onTestFinished, test } from "vitest";
import { certificate } from "./certificate.ts";
import { LOADS, MORE_LOADS, OVER_TLS } from "./loads.ts";
import { grpcCoreOverTls, WITHOUT_PYTHON } from "./python-client.ts";
import { Switchable } from "./switchable.ts";
import { type Framing, OWN_FIRST, underTest } from "./under-test.ts";

/** So much has been answered when the server is told to go, in bytes. */
const BUSY_BYTES = 200_000;
const EVERY_MS = 5;
/** Those to whom a request that was refused is a failure. */
const REFUSED = ["connect-node, gRPC", "connect-node, Connect", "h2load", "curl"];
const loads = {
  ...{ ...LOADS, ...(WITHOUT_PYTHON ? {} : { "grpc-c++": grpcCoreOverTls }) },
  ...(process.env.PROTOBFF_GRPC_CLIENTS === "1" ? MORE_LOADS : {}),
};

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
}

describe.each(OWN_FIRST)("a server that goes under load, BFF_HTTP2_SERVER=%s", (framing: Framing) => {
  test.each(Object.entries(loads))(
    "%s: no request fails",
    async (name, load) => {
      const tls = OVER_TLS.includes(name) ? certificate().files : {};
      const env = { LATENCY_MS: "5", BFF_GRACE: "30s", ...tls };
      const servers = await Promise.all([underTest(framing, env), underTest(framing, env)]);
      for (const { process } of servers) onTestFinished(() => process.kill());
      const [old, next] = servers;
      const front = await Switchable.before(old.port);
      onTestFinished(() => front.close());
      // nghttp2 in node has one GOAWAY alone: what is on its way behind it is refused, and not all clients send that again.
      const refusedByNode = framing === "node" && REFUSED.includes(name);
      const stop = new AbortController();
      let over = false;
      const loading = load(front.port, stop.signal).finally(() => {
        over = true;
      });
      await until(() => front.answered > BUSY_BYTES || over);
      front.to(next.port);
      const exited = old.process.exit();
      old.process.signal("SIGTERM");
      expect(await exited, old.process.log).toBe("code 0");
      // h2load goes with its server.
      if (name !== "h2load") await until(() => front.answered > BUSY_BYTES || over);
      stop.abort();
      const { asked, failed } = await loading;
      console.log(`${framing}, ${name}: ${asked} asked`, failed);
      if (!refusedByNode) expect(failed).toEqual({});
      expect(asked).toBeGreaterThan(100);
    },
    120_000,
  );
});
