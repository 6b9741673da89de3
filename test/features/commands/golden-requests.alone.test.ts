// `protobff golden` against the generated server of the example, over real upstreams.
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Code } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { expect, onTestFinished, test, vi } from "vitest";
import { run } from "../../../cli/src/testing/run.ts";
import { summaryOf } from "../../../examples/dashboard/data.ts";
import { services } from "../../../examples/dashboard/services.ts";
import { AgentService } from "../../../generated/agent/v1/agent_pb.ts";
import { type Example, type ExampleOptions, SPLIT_SERVER, startExample } from "../../bffs/worked-example/example.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const METHOD = "web.v1.DashboardService/GetDashboard";
const LONG_MS = 180_000;
const PROTOCOLS = ["connect", "grpc"] as const;

function goldenFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "protobff-golden-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "golden.json");
  const requests = [
    { workspaceId: "lumen", userId: "u-ada" },
    { workspaceId: "lumen", userId: "u-ada", query: "invoice" },
    {},
  ];
  writeFileSync(file, JSON.stringify(requests.map((request) => ({ method: METHOD, request }))));
  return file;
}
async function started(options: ExampleOptions = {}): Promise<Example> {
  const example = await startExample(SPLIT_SERVER, options);
  onTestFinished(() => example.close());
  return example;
}
const golden = (action: string, file: string, url: string, ...more: readonly string[]) =>
  run(["golden", action, "--url", url, "--file", file, ...more], root);
/** Repeats a run: a busy machine may miss the 80 ms that billing has, and the answer is then degraded. */
const settles = (expectation: () => Promise<void>) => vi.waitFor(expectation, { timeout: 50_000 });

/** An agent service that renamed its agents. */
async function renamedAgent(): Promise<string> {
  const handler = connectNodeAdapter({
    routes: (router) => {
      services.agent(router);
      router.rpc(AgentService.method.getSummary, ({ workspaceId }) => ({
        ...summaryOf(workspaceId)!,
        displayName: "Renamed",
      }));
    },
  });
  const server = http2.createServer(handler);
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("answers of a server are recorded, and a server with another answer fails the check", {
  timeout: LONG_MS,
}, async () => {
  const file = goldenFile();
  const { bff } = await started();
  await settles(async () =>
    expect(await golden("record", file, bff.url, "--update")).toEqual({
      exitCode: 0,
      stdout: `${file}: ${bff.url}: 3 of 3 examples recorded\n`,
      stderr: "",
    }),
  );
  const recorded = JSON.parse(readFileSync(file, "utf8"));
  expect(recorded).toMatchObject([
    { request: { workspaceId: "lumen" }, response: { agent: { displayName: expect.any(String) } } },
    { response: { runs: expect.any(Array) } },
    { error: "INVALID_ARGUMENT" },
  ]);
  for (const protocol of PROTOCOLS)
    await settles(async () =>
      expect(await golden("check", file, bff.url, "--protocol", protocol)).toMatchObject({ exitCode: 0, stderr: "" }),
    );
  const { bff: other } = await started({ urls: { agent: await renamedAgent() } });
  const name = JSON.stringify(recorded[0].response.agent.displayName);
  const stdout = [
    `${file}: ${other.url}: 1 of 3 examples answered as recorded`,
    ...[1, 2].flatMap((number) => [
      `break: example ${number}, ${METHOD}`,
      `    agent.display_name: expected ${name}, received "Renamed"`,
    ]),
    "",
  ].join("\n");
  for (const protocol of PROTOCOLS)
    await settles(async () =>
      expect(await golden("check", file, other.url, "--protocol", protocol)).toEqual({
        exitCode: 1,
        stdout,
        stderr: "",
      }),
    );
});

test("degraded, late and missing servers fail, and are not recorded", { timeout: LONG_MS }, async () => {
  const file = goldenFile();
  const { bff, upstreams } = await started();
  const empty = readFileSync(file, "utf8");
  upstreams.services.billing.fault({ kind: "fail", code: Code.Unavailable });
  for (const protocol of PROTOCOLS) {
    const { exitCode, stdout } = await golden("record", file, bff.url, "--protocol", protocol);
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining("    is degraded: spent_cents\n")]);
  }
  // The refusal of a request needs no upstream.
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject([{}, {}, { error: "INVALID_ARGUMENT" }]);
  writeFileSync(file, empty);
  upstreams.services.billing.fault(undefined);
  const { bff: healthy } = await started();
  await settles(async () => expect(await golden("record", file, healthy.url)).toMatchObject({ exitCode: 0 }));
  const recorded = readFileSync(file, "utf8");
  const fails = async (message: RegExp, ...more: readonly string[]) => {
    const { exitCode, stdout } = await golden("check", file, bff.url, ...more);
    expect([exitCode, stdout]).toEqual([1, expect.stringMatching(message)]);
  };
  upstreams.services.billing.fault({ kind: "fail", code: Code.Unavailable });
  await fails(/ {4}is degraded: spent_cents\n/);
  upstreams.services.agent.fault({ kind: "hang" });
  await fails(/ {4}is answered DEADLINE_EXCEEDED/, "--timeout", "200");
  await bff.stop();
  await fails(/0 of 3 examples [\s\S]* {4}is answered UNAVAILABLE/);
  expect(readFileSync(file, "utf8")).toBe(recorded);
});
