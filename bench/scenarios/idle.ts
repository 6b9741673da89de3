// Measures the cost of a thousand connections without requests.
import { once } from "node:events";
import * as http2 from "node:http2";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { callOnce } from "../rig/one-call.ts";
import { type RunOptions, type ScenarioResult, scenarioResult, type VariantResult } from "../rig/result.ts";
import { startUpstream, type UpstreamProcess } from "../rig/upstream-process.ts";
import { forUser, generatedVariant, grpcRequest, peerVariants, type Variant, withServer } from "../rig/variant.ts";

const CONNECTIONS = 1_000;
const AT_A_TIME = 50;

export async function runIdle(options: RunOptions): Promise<ScenarioResult> {
  const method = HomeService.method.getHome;
  const connections = options.quick ? CONNECTIONS / 10 : CONNECTIONS;
  const upstream = await startUpstream();
  const variants: VariantResult[] = [];
  try {
    for (const variant of [generatedVariant("fanout", method), ...peerVariants("fanout", method)]) {
      variants.push(await measure(variant, upstream, connections));
    }
  } finally {
    await upstream.stop();
  }
  return scenarioResult(options, { scenario: "idle", variants, left_out: [], failures: [], rounds: 1 });
}

async function measure(variant: Variant, upstream: UpstreamProcess, connections: number): Promise<VariantResult> {
  return withServer(variant, upstream, async (server) => {
    const { grpcStatus } = await callOnce(grpcRequest(variant, server, forUser(variant.method)), 5_000);
    if (grpcStatus !== 0) throw new Error(`${variant.name} answers with gRPC status ${grpcStatus}`);
    const before = await server.collect();
    const sessions: http2.ClientHttp2Session[] = [];
    try {
      while (sessions.length < connections) {
        const some = Array.from({ length: Math.min(AT_A_TIME, connections - sessions.length) }, () =>
          connected(server.url),
        );
        sessions.push(...(await Promise.all(some)));
      }
      const after = await server.collect();
      const closed = sessions.filter((session) => session.closed || session.destroyed).length;
      if (closed > 0) throw new Error(`${variant.name} has closed ${closed} of ${connections} connections`);
      console.log(`${variant.name.padEnd(16)} ${((after.rssBytes - before.rssBytes) / 2 ** 20).toFixed(1)} MB`);
      return {
        name: variant.name,
        connections,
        rss_mb_before: before.rssBytes / 2 ** 20,
        rss_mb_idle: after.rssBytes / 2 ** 20,
        kb_per_connection: (after.rssBytes - before.rssBytes) / 2 ** 10 / connections,
      };
    } finally {
      for (const session of sessions) session.destroy();
    }
  });
}

/** Opens a connection and waits until both sides have sent their initial frames. */
async function connected(url: string): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(url);
  session.on("error", () => {}); // shows in `destroyed`
  await once(session, "remoteSettings");
  return session;
}
