// A run of two hours behind nginx, 150 times as fast: the read timeouts of nginx, the server's heartbeats and the age of its streams are
// all scaled. Heartbeats are the clock of the test.
// Holds docs/runtime.md#streams
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { connect, events, type FollowTransport } from "@protobff/client";
import { Agent, fetch as undiciFetch } from "undici";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RunEventSchema } from "../../../generated/worker/v1/worker_pb.ts";
import { startNats } from "../../../runtime/src/testing/nats-rig.ts";
import { until } from "../../../runtime/src/testing/redis-rig.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { certificate } from "../http2/certificate.ts";
import { RunFollower } from "../streams/one-follower.ts";
import { proxy } from "./proxies.ts";

const FACTOR = 150;
const scaled = (ms: number): string => `${ms / FACTOR}ms`;
/** Defaults of nginx and of the server, in milliseconds. */
const READ_TIMEOUT = 60_000;
const HEARTBEAT = 15_000;
const MAX_AGE = 1_800_000;
const TWO_HOURS = 7_200_000;
/** Time after which a server sends headers without an item or heartbeat, in milliseconds; it is not scaled. */
const HEADERS = 1_000;

const proto = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../../proto/example/${name}`, import.meta.url)), "utf8");
const UPSTREAMS = Object.fromEntries(
  ["worker/v1/worker.proto", "user/v1/user.proto"].map((name) => [name, proto(name)]),
);
const FOLLOW = 'follow: { topic: "run" key: "args.run_id" }';
const runs = (heartbeat: string) => ({
  "runs/v1/runs.proto": proto("runs/v1/runs.proto").replace(
    FOLLOW,
    `${FOLLOW} heartbeat: "${heartbeat}" max_age: "${scaled(MAX_AGE)}"`,
  ),
});
const PROJECTS = {
  beating: new GeneratedProject("long-run", runs(scaled(HEARTBEAT)), UPSTREAMS),
  silent: new GeneratedProject("long-run-silent", runs("1h"), UPSTREAMS),
};
beforeAll(() => {
  for (const project of Object.values(PROJECTS)) project.generate();
});
afterAll(() => {
  for (const project of Object.values(PROJECTS)) project.remove();
});

/** The page's configuration with other read timeouts. Old workers end soon after a reload. */
const impatient =
  (readTimeoutMs: number) =>
  (config: string): string =>
    `worker_shutdown_timeout ${readTimeoutMs}ms;\n${config.replace(
      "http {",
      `http {\n  proxy_read_timeout ${readTimeoutMs}ms; grpc_read_timeout ${readTimeoutMs}ms;`,
    )}`;

/** Two servers over NATS behind nginx. */
async function rig(project: GeneratedProject, readTimeoutMs = READ_TIMEOUT / FACTOR) {
  const nats = await startNats();
  await nats.start();
  const admin = await nats.admin();
  await admin.add("RUNS");
  const handlers = {
    "user.v1.UserService/BatchGetUsers": ({ ids }: { ids: string[] }) => ({
      users: ids.map((id) => ({ id, name: "Ada Okafor" })),
    }),
  };
  const env = { BFF_MCP: "false", NATS_URL: nats.url, WORKER_V1_WORKERSERVICE_URL: "http://127.0.0.1:1" };
  const port = async () => Number(new URL((await project.served("runs/v1/server.ts", handlers, env)).url).port);
  const front = await proxy("nginx", [await port(), await port()], impatient(readTimeoutMs));
  onTestFinished(() => front.stop());
  const publish = async (number: number, final = false) => {
    const event = { runId: "r", seq: BigInt(number), text: `${number}`, actorId: "u-ada", final };
    await admin.js.publish("runs.r.events", toBinary(RunEventSchema, create(RunEventSchema, event)));
  };
  return { url: `https://127.0.0.1:${front.port}`, front, publish };
}

/** Counts openings, and the heartbeats of all of them. */
function counted(over: FollowTransport) {
  const counts = { openings: 0, beats: 0 };
  const open: FollowTransport["open"] = async function* (opening) {
    counts.openings++;
    for await (const event of over.open(opening)) {
      if (event.kind === "beat" || (event.kind === "item" && isBeat(event.message))) counts.beats++;
      yield event;
    }
  };
  return { counts, over: { open } };
}
const isBeat = (message: object): boolean => (message as { position?: { beat: boolean } }).position?.beat === true;

/** Follows the run over TLS, by every protocol that nginx passes on as a response. */
function follow(url: string) {
  const ca = readFileSync(certificate().files.TLS_CERT_FILE);
  const dispatcher = new Agent({ connect: { ca } });
  onTestFinished(() => dispatcher.destroy());
  const fetch = ((to: string, init: object) =>
    undiciFetch(to, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
  const tls = { baseUrl: url, nodeOptions: { ca } };
  const transports = [
    connect(createConnectTransport({ ...tls, httpVersion: "1.1" })),
    connect(createConnectTransport({ ...tls, httpVersion: "2" })),
    connect(createGrpcWebTransport({ ...tls, httpVersion: "1.1" })),
    connect(createGrpcTransport(tls)),
    events({ baseUrl: url, fetch }),
  ];
  return transports.map((transport) => {
    const { counts, over } = counted(transport);
    return { counts, run: new RunFollower("r", over) };
  });
}
/** The worker processes of nginx, on Linux. */
const workersOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");

test("heartbeats keep a run of two hours open, and its followers resume after a reload of nginx", {
  timeout: 240_000,
}, async () => {
  const { url, front, publish } = await rig(PROJECTS.beating);
  const followers = follow(url);
  const BEATS = TWO_HOURS / HEARTBEAT;
  const all = (is: (follower: (typeof followers)[number]) => boolean) => until(() => followers.every(is), 120_000);
  await publish(1);
  await all(({ run }) => run.seen.length === 1);
  await all(({ counts }) => counts.beats >= BEATS / 2);

  const before = workersOf(front.pid);
  process.kill(front.pid, "SIGHUP");
  await publish(2);
  await until(() => !workersOf(front.pid).some((worker) => before.includes(worker)), 60_000);
  await publish(3);
  await all(({ run }) => run.seen.length === 3);
  await all(({ counts }) => counts.beats >= BEATS);

  await publish(4, true);
  await Promise.all(followers.map(({ run }) => run.done));
  for (const { run, counts } of followers) {
    expect([run.seen, run.resets]).toEqual([[1, 2, 3, 4], []]);
    // The reload and the age of streams end some; nginx alone would end one for each read timeout.
    expect(counts.openings).toBeLessThan(TWO_HOURS / READ_TIMEOUT / 4);
    expect(counts.openings).toBeGreaterThan(1);
  }
});

test("without heartbeats nginx ends the stream after its read timeout, and the client resumes", async () => {
  const { url, front, publish } = await rig(PROJECTS.silent, 2 * HEADERS);
  await publish(1);
  const followers = follow(url);
  await until(() => followers.every(({ counts, run }) => counts.openings > 2 && run.seen.length === 1), 60_000);
  expect(front.log).toContain("upstream timed out");
  await publish(2, true);
  await Promise.all(followers.map(({ run }) => run.done));
  for (const { run } of followers) expect([run.seen, run.resets]).toEqual([[1, 2], []]);
});
