// The television over its BFF: requests that its cache does not send, and pages that open without a network.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { Agent, type Dispatcher } from "undici";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { addressVariables, type BffProcess, startBff } from "../dashboard/bff-process.ts";
import { startUpstreams, type Upstreams } from "../dashboard/upstreams.ts";
import { Television } from "./tv.ts";

let upstreams: Upstreams;
let bff: BffProcess;
beforeAll(async () => {
  upstreams = await startUpstreams({});
  const { agent, user } = upstreams.urls;
  const addresses = addressVariables({ "agent.v1.AgentService": agent, "user.v1.UserService": user });
  bff = await startBff("generated/tv/v1/server.ts", addresses);
});
afterAll(async () => {
  await bff?.stop();
  await upstreams?.close();
});

/** A television, and the requests that it sends. */
function television() {
  const sent: string[] = [];
  const agent = new Agent();
  const recording: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
    const tag = JSON.stringify(options.headers ?? {}).includes("if-none-match") ? " if changed" : "";
    sent.push(options.path + tag);
    return dispatch(options, handler);
  };
  onTestFinished(() => agent.destroy());
  return { tv: new Television(bff.url, agent.compose(recording)), sent };
}
const HOME = "/v1/tv/workspaces/atlas";

test("pages of the prefetch list open without a request", async () => {
  const { tv, sent } = television();
  const home = await tv.open(HOME);
  await tv.prefetch(home);
  const prefetched = [...new Set(home.prefetch)];
  expect(prefetched.length).toBeGreaterThan(1);
  expect(sent).toEqual([HOME, ...prefetched]);
  const pages = await Promise.all(prefetched.map((path) => tv.open(path)));
  expect(pages.map(({ name }) => name)).toContain("Ada Okafor");
  expect(sent).toHaveLength(1 + prefetched.length);
});

test("a page is kept as long as its Cache-Control allows, then checked for changes", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const { tv, sent } = television();
  const home = await tv.open(HOME);
  const [member = ""] = home.prefetch ?? [];
  await tv.open(member);
  const elapse = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);
  elapse(29);
  expect(await tv.open(HOME)).toEqual(home);
  expect(sent.splice(0)).toEqual([HOME, member]);
  elapse(2);
  expect(await tv.open(HOME)).toEqual(home);
  await tv.open(member);
  expect(sent).toEqual([`${HOME} if changed`]);
});

test("a failure is not kept, and no prefetch fails", async () => {
  const { tv, sent } = television();
  upstreams.services.user.fault({ kind: "fail", code: Code.Unavailable });
  onTestFinished(() => upstreams.services.user.fault(undefined));
  const home = await tv.open(HOME);
  const [member = ""] = home.prefetch ?? [];
  await tv.prefetch(home);
  sent.length = 0;
  await expect(tv.open(member)).rejects.toThrow("HTTP 503");
  upstreams.services.user.fault(undefined);
  expect((await tv.open(member)).name).toBeDefined();
  expect(sent).toEqual([member, member]);
});

test("the command shows the home page, and the pages that it has fetched in advance", async () => {
  const file = fileURLToPath(new URL("tv.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, bff.url, "atlas"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines[1]).toMatch(/^ {2}\S/);
  expect(lines).toContain("Ada Okafor /v1/tv/members/u-ada");
});
