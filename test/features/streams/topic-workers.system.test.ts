// A topic that is followed over several workers of one server: each has a consumer of its own, and clients go on at whichever is there, through
// workers that are replaced, one that is killed, and a server that ends and comes back.
import { readFileSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats } from "@nats-io/transport-node";
import { connect, events, webSocket } from "@protobff/client";
import { expect, onTestFinished, test } from "vitest";
import { addressVariables, startBff } from "../../../examples/dashboard/bff-process.ts";
import { startUpstreams } from "../../../examples/dashboard/upstreams.ts";
import { startNats } from "../../../examples/runs/nats.ts";
import { publisherTo } from "../../../examples/runs/publisher.ts";
import { RunEventSchema } from "../../../generated/worker/v1/worker_pb.ts";
import { freePort } from "../../../runtime/src/testing/ports.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { RunFollower } from "./one-follower.ts";

const ENTRY = "generated/runs/v1/server.ts";
/** Processes start in it, on a machine that does other things, too. */
const LONG_MS = 60_000;

async function rig() {
  const nats = await startNats();
  onTestFinished(() => nats.close());
  const publisher = await publisherTo(nats.url);
  onTestFinished(() => publisher.close());
  const connection = await connectNats({ servers: nats.url });
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);
  const upstreams = await startUpstreams({});
  onTestFinished(() => upstreams.close());
  const [port, adminPort] = [await freePort(), await freePort()];
  let log = "";
  const env = {
    ...addressVariables({
      "worker.v1.WorkerService": "http://127.0.0.1:1",
      "user.v1.UserService": upstreams.urls.user,
    }),
    NATS_URL: nats.url,
    BFF_MCP: "false",
    PORT: `${port}`,
    BFF_WORKERS: "2",
    BFF_ADMIN_PORT: `${adminPort}`,
    BFF_GRACE: "2s",
  };
  const start = async () => {
    const bff = await startBff(ENTRY, env, (text) => {
      log += text;
    });
    onTestFinished(async () => void (await bff.stop()));
    return bff;
  };
  return {
    start,
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    consumers: async () => (await manager.streams.info("RUNS")).state.consumer_count,
    /** Of all workers together. */
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      const all = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, "gm"))];
      return all.reduce((sum, [, value]) => sum + Number(value), 0);
    },
    publish(from: number, to: number, last = 0): void {
      for (let number = from; number <= to; number++) {
        const event = { runId: "r", seq: BigInt(number), text: `${number}`, actorId: "u-ada", final: number === last };
        publisher.publish("runs.r.events", toBinary(RunEventSchema, create(RunEventSchema, event)));
      }
    },
  };
}
/** The processes that a supervisor has started, on Linux. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

test("every follower sees each event once and in order when workers stop or are killed", async () => {
  const { start, url, log, consumers, metric, publish } = await rig();
  const first = await start();
  publish(1, 5);
  const transports = [
    () => connect(createConnectTransport({ baseUrl: url, httpVersion: "1.1" })),
    () => connect(createGrpcTransport({ baseUrl: url })),
    () => events({ baseUrl: url }),
    () => webSocket({ baseUrl: url }),
  ];
  const followers = [...transports, ...transports].map((transport) => new RunFollower("r", transport()));
  const all = (count: number) => until(() => followers.every(({ seen }) => seen.length >= count), LONG_MS);
  await all(5);
  // What workers count stands in one place, and each follows the key once.
  await until(async () => (await metric("bff_streams_open")) === 8);
  expect(await metric("bff_topic_followers")).toBe(8);
  expect([await metric("bff_topic_consumers"), await consumers()]).toEqual([2, 2]);

  const before = childrenOf(first.pid);
  process.kill(first.pid, "SIGHUP");
  publish(6, 15);
  await until(
    () => childrenOf(first.pid).length === 2 && !childrenOf(first.pid).some((pid) => before.includes(pid)),
    LONG_MS,
  );
  await all(15);
  await until(async () => (await consumers()) === 2); // those that went have left none
  await until(async () => (await metric("bff_streams_open")) === 8);

  const [killed = 0] = childrenOf(first.pid);
  process.kill(killed, "SIGKILL");
  publish(16, 20);
  await all(20);
  expect(log()).toMatch(/worker \d \(\d+\) was ended by SIGKILL/);

  // All of them are told, and the process ends well within its grace.
  expect(await first.stop()).toBe(0);
  publish(21, 29);
  const second = await start();
  publish(30, 30, 30);
  await Promise.all(followers.map(({ done }) => done));
  expect(followers.map((follower) => follower.fault(30)).filter((fault) => fault !== undefined)).toEqual([]);
  expect(followers.map(({ seen, resets }) => [seen.length, resets])).toEqual(followers.map(() => [30, []]));
  expect(await second.stop()).toBe(0);
  // Only that of the worker that was killed may be left, for a minute.
  await until(async () => (await consumers()) <= 1);
}, 240_000);
