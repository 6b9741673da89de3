// `protobff mcp` by the official Python client, with both kinds of versions.
import { expect, test } from "vitest";
import { pythonClient, WITHOUT_PYTHON_MCP } from "../mcp/python-packages.ts";
import { createProject, environment, PROGRAM } from "./mcp-project.ts";

interface Facts {
  readonly version: string;
  readonly tools: readonly string[];
  readonly results: readonly { readonly error: boolean; readonly texts: readonly string[] }[];
}
const MODES = [
  ["auto", "2026-07-28"],
  ["legacy", "2025-11-25"],
] as const;
test.skipIf(WITHOUT_PYTHON_MCP).each(MODES)("mode %s", { timeout: 180_000 }, async (mode, version) => {
  const { folder } = createProject();
  const calls = [
    ["check", {}],
    ["explain", { name: "take" }],
    ["try", { rpc: "GetItem", request: { id: "7" } }],
    ["check", { files: ["../other.proto"] }],
  ];
  const server = { command: process.execPath, args: PROGRAM, cwd: folder, env: environment() };
  const facts = await pythonClient<Facts>({ mode, calls, ...server }, "calls.py");
  expect(facts).toMatchObject({ version, tools: ["check", "explain", "functions", "add", "plan", "try"] });
  expect(facts.results.map(({ error }) => error)).toEqual([false, false, false, true]);
  expect(JSON.parse(facts.results[2]?.texts[0] ?? "")).toMatchObject({ status: 200, answer: { id: "7" } });
});
