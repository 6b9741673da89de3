// Tools over standard input, by the official TypeScript client with each kind of version, and by a pipe that ends early.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { ElicitResult } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { agentProject, EVERY, type ServedAgent, servedAgent } from "./agent.ts";
import { type ClientSettings, clientOf, textsOf } from "./clients.ts";
import { messageOf, toolCall } from "./raw-client.ts";

const project = agentProject("standard-input");
beforeAll(() => project.generate());
afterAll(() => project.remove());

const ARGS = [join(project.folder, "agent/v1/server.ts"), "--mcp-stdio"];
const envOf = async ({ env, token }: ServedAgent): Promise<Record<string, string>> => ({
  ...env,
  BFF_MCP_HEADERS: `authorization=Bearer ${await token(EVERY)}`,
  BFF_ACCESS_LOG: "1",
});

const MODES: readonly (readonly [version: string, settings: ClientSettings])[] = [
  ["2026-07-28", { mode: { pin: "2026-07-28" } }],
  ["2025-11-25", { mode: "legacy" }],
  ["2025-06-18", { mode: "legacy", versions: ["2025-06-18"] }],
];
const ANSWERS: readonly (readonly [answer: ElicitResult, requests: readonly string[], text: RegExp])[] = [
  [{ action: "accept", content: { confirm: true } }, ["place 2 lamp key of ann"], /order of lamp/],
  [{ action: "accept", content: { confirm: false } }, [], /^not confirmed$/],
  [{ action: "decline" }, [], /^not confirmed$/],
];
test.each(MODES)("a client of %s shows the form of a tool, and its user decides", async (version, settings) => {
  const server = await servedAgent(project);
  const env = await envOf(server);
  for (const [answer, requests, result] of ANSWERS) {
    const forms: string[] = [];
    const form = (message: string): ElicitResult => {
      forms.push(message);
      return answer;
    };
    const client = clientOf({ ...settings, form });
    onTestFinished(() => client.close());
    const child = { command: process.execPath, args: ARGS, env, cwd: project.folder };
    await client.connect(new StdioClientTransport({ ...child, stderr: "ignore" }));
    expect(client.getNegotiatedProtocolVersion()).toBe(version);
    const order = { itemId: "lamp", count: 2, coupon: "secret" };
    const called = await client.callTool({ name: "place_order", arguments: order });
    expect(textsOf(called).join()).toMatch(result);
    expect(forms).toEqual([expect.stringMatching(/^Run place_order with .*lamp/)]);
    expect(forms.join()).not.toContain("secret");
    expect(server.upstreams.requests.splice(0)).toEqual(requests);
    await client.close();
  }
});

test("requests in progress are answered after the input has ended, and nothing else is on standard output", async () => {
  const server = await servedAgent(project);
  const env = { ...(await envOf(server)), BFF_GRACE: "2s" };
  const child = spawn(process.execPath, ARGS, { cwd: project.folder, env, stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const calls = [toolCall("get_item", { id: "7" }), toolCall("follow_item", { id: "waits" })];
  const lines = calls.map((call, id) => JSON.stringify(messageOf({ ...call, id })));
  child.stdin.end(lines.map((line) => `${line}\n`).join(""));
  const [output, log, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  const answers = output.trimEnd().split("\n");
  expect([code, answers.map((line) => JSON.parse(line))]).toEqual([
    0,
    [
      { jsonrpc: "2.0", id: 0, result: expect.objectContaining({ structuredContent: expect.anything() }) },
      { jsonrpc: "2.0", id: 1, result: expect.objectContaining({ structuredContent: { name: "offered" } }) },
    ],
  ]);
  expect(await server.upstreams.cancelled.promise).toBe("waits");
  expect(log).toContain("AgentService/GetItem");
});
