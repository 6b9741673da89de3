// Followers of a topic over two workers: memory of all processes for each of them.
import { create } from "@bufbuild/protobuf";
import { GrpcClient, type OpenStream } from "@protobff/runtime";
import { FollowSharedRequestSchema, RunService } from "../generated/bench/topic/v1/topic_pb.ts";
import { processTree } from "../rig/process-tree.ts";
import type { VariantResult } from "../rig/result.ts";
import type { ServerProcess } from "../rig/server-process.ts";
import { startUpstream } from "../rig/upstream-process.ts";
import { withServer } from "../rig/variant.ts";
import { follow } from "./followers.ts";

const FOLLOWERS = [1_000, 10_000, 100_000];
const AT_A_TIME = 200;
const RUNS = 200;
const CLIENTS = 20;
const LAUNCH = {
  entry: "bench/generated/bench/topic/v1/server.ts",
  env: { BFF_WORKERS: "2", BFF_MAX_FOLLOWERS_PER_CALLER: "200000", BFF_MAX_FOLLOWERS: "200000" },
};
const KIND = {
  name: "a topic over workers",
  method: RunService.method.followShared,
  request: (follower: number) => create(FollowSharedRequestSchema, { runId: `run-${follower % RUNS}` }),
};

export async function followersOverWorkers(quick: boolean): Promise<VariantResult[]> {
  const results: VariantResult[] = [];
  for (const followers of quick ? FOLLOWERS.slice(0, 1) : FOLLOWERS) {
    const upstream = await startUpstream();
    try {
      const { rssMb, kb } = await withServer({ name: KIND.name, launch: LAUNCH }, upstream, (server) =>
        measured(server, followers),
      );
      const smaller = results.at(-1)?.kb_per_unit;
      results.push({
        name: `${followers} followers, 2 workers`,
        rss_mb: rssMb,
        kb_per_unit: kb,
        ...(typeof smaller === "number" && { ratio_to_smaller: kb / smaller }),
      });
      console.log(`${followers} followers ${kb.toFixed(1)} KB each`);
    } finally {
      await upstream.stop();
    }
  }
  return results;
}

/** Each client has a connection, which one worker receives. */
async function measured(
  server: ServerProcess,
  followers: number,
): Promise<{ readonly rssMb: number; readonly kb: number }> {
  const clients = Array.from({ length: CLIENTS }, () => new GrpcClient(server.url));
  const open: OpenStream[] = [];
  const rss = (): number => processTree(server.pid).reduce((sum, { rssBytes }) => sum + rssBytes, 0);
  const add = (follower: number): Promise<void> => {
    const client = clients[follower % CLIENTS];
    return client === undefined ? Promise.resolve() : follow(client, KIND, follower, open);
  };
  try {
    for (let i = 0; i < CLIENTS; i++) await add(i); // what the first load and compile is not theirs
    const before = rss();
    for (let first = 0; first < followers; first += AT_A_TIME)
      await Promise.all(Array.from({ length: Math.min(AT_A_TIME, followers - first) }, (_, i) => add(first + i)));
    const after = rss();
    return { rssMb: after / 2 ** 20, kb: (after - before) / 2 ** 10 / followers };
  } finally {
    for (const stream of open) stream.cancel();
    await Promise.all(clients.map((client) => client.close()));
  }
}
