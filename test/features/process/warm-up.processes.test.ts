// Warming up is of use as far as it runs what requests run. What V8 has counted says so, whatever the machine's load: no time is looked at.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { HomeService } from "../../../bench/generated/bench/fanout/v1/fanout_pb.ts";
import { h2load } from "../../../bench/rig/h2load.ts";
import { callOnce } from "../../../bench/rig/one-call.ts";
import { startUpstream } from "../../../bench/rig/upstream-process.ts";
import { forUser, grpcRequest } from "../../../bench/rig/variant.ts";

/** Three calls with every policy, whose deadlines no machine misses. */
const SERVER = fileURLToPath(new URL("../../../bench/generated/bench/fanout/v1/server.ts", import.meta.url));
const REQUESTS = 100;
/** Nobody is told while a server warms up. */
const NOT_WARMED_UP = ["packages/server/src/logs/failure-log.ts response", "packages/server/src/process/observers.ts "];

/** Tells how often each function of ours was called, up to listening, and on being asked since then. */
const COUNTING = `
import { Session } from "node:inspector";
import { subscribe } from "node:diagnostics_channel";
const session = new Session();
session.connect();
const post = (method, params) => {
  let answer;
  session.post(method, params, (error, result) => { if (error) throw new Error(error.message); answer = result; });
  return answer;
};
post("Profiler.enable");
post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const counts = () => post("Profiler.takePreciseCoverage").result
  .filter(({ url }) => /^file:.*\\/((?:runtime|packages\\/[a-z]+)\\/src|generated)\\//.test(url))
  .flatMap(({ url, functions }) => functions.map(({ functionName, ranges: [{ startOffset, count }] }) =>
    [url.replace(/^.*\\/((?:runtime|packages\\/[a-z]+)\\/src|generated)\\//, "$1/") + " " + functionName + " at " + startOffset, count]));
let before;
subscribe("protobff.listening", () => { before = counts(); });
process.on("message", () => process.send({ before, after: counts() }));
process.channel.unref();
`;

type Counts = readonly (readonly [name: string, calls: number])[];

it("functions of every request have run often before the server listens", async () => {
  const upstream = await startUpstream();
  onTestFinished(() => upstream.stop());
  const child = fork(SERVER, [], {
    env: { PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", BFF_WARM_UP: "8s", ...upstream.env },
    execArgv: [`--import=data:text/javascript,${encodeURIComponent(COUNTING)}`],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = child.stdout === null ? [] : await once(child.stdout, "data");
  const url = /^listening on (\S+)/.exec(String(line))?.[1] ?? "";
  const method = HomeService.method.getHome;
  const request = grpcRequest({ method }, { url }, forUser(method));
  expect(await callOnce(request, 60_000)).toMatchObject({ grpcStatus: 0 });
  await h2load(request, { connections: 1, streams: 1, requests: REQUESTS });
  child.send("counts");
  const [{ before, after }] = (await once(child, "message")) as [{ readonly before: Counts; readonly after: Counts }];
  const warm = new Map(before);
  const hot = after.filter(([, calls]) => calls >= REQUESTS);
  expect(hot.length).toBeGreaterThan(200);
  const cold = hot.filter(([name]) => (warm.get(name) ?? 0) < REQUESTS);
  expect(cold.map(([name]) => name.replace(/ at \d+$/, "")).sort()).toEqual(NOT_WARMED_UP);
}, 60_000);
