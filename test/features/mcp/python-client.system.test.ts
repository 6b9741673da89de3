// The official Python client over HTTP and over standard input, with both kinds of versions.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentProject, EVERY, INJECTION, servedAgent } from "./agent.ts";
import { pythonClient, WITHOUT_PYTHON_MCP } from "./python-packages.ts";

const project = agentProject("python");
beforeAll(() => project.generate());
afterAll(() => project.remove());

interface Shown {
  readonly error: boolean;
  readonly texts: readonly string[];
  readonly json: object | null;
}
interface Facts {
  readonly version: string;
  readonly server: string;
  readonly tools: readonly string[];
  readonly unknown: { readonly code: number; readonly message: string };
  readonly left: boolean;
  readonly [call: string]: unknown;
}
const MODES = [
  ["auto", "2026-07-28"],
  ["2026-07-28", "2026-07-28"],
  ["legacy", "2025-11-25"],
] as const;

describe.skipIf(WITHOUT_PYTHON_MCP).each(MODES)("mode %s", (mode, version) => {
  test.each(["HTTP", "standard input"])("calls the tools over %s", { timeout: 180_000 }, async (transport) => {
    const server = await servedAgent(project);
    const token = await server.token(EVERY);
    const command = { command: process.execPath, args: [join(project.folder, "agent/v1/server.ts"), "--mcp-stdio"] };
    const env = { ...server.env, BFF_MCP_HEADERS: `authorization=Bearer ${token}` };
    const stdio = { ...command, env, cwd: project.folder };
    const facts = await pythonClient<Facts>({ mode, ...(transport === "HTTP" ? { url: server.mcp, token } : stdio) });

    // A client with a pinned version asks for no name.
    expect(facts).toMatchObject({ version, server: mode === version ? null : "agent.v1", left: true });
    expect(facts.tools).toHaveLength(9);
    expect(facts.tools).toEqual([...facts.tools].sort());
    const { item, shaped, degraded, missing, wrong } = facts as unknown as Record<string, Shown>;
    expect(item).toMatchObject({ error: false, json: { id: "7", name: "name of 7", paid: true } });
    expect(JSON.parse(item?.texts[0] ?? "")).toEqual(item?.json);
    expect(shaped).toMatchObject({ error: false, json: { attributes: { resultType: "input_required" } } });
    expect(degraded?.texts[1]).toBe("Not known right now: paid.");
    expect(missing).toMatchObject({ error: true, texts: [expect.stringMatching(/^NOT_FOUND: /)] });
    expect(JSON.stringify(missing)).not.toContain(INJECTION);
    expect(wrong).toMatchObject({ error: true, texts: [expect.stringMatching(/^INVALID_ARGUMENT: /)] });
    expect(facts.unknown).toMatchObject({ code: -32602, message: "Unknown tool: nothing" });
    for (const id of ["long", "longer"])
      expect(facts[id]).toMatchObject({ error: false, json: { name: "sold" }, progress: [[1, expect.any(Number)]] });
    expect(await server.upstreams.cancelled.promise).toBe("waits");

    const modern = version === "2026-07-28";
    // Over HTTP the server cannot ask clients of older versions.
    const asks = modern || transport !== "HTTP";
    const accepted = { error: false, json: { id: "order of lamp", count: 2 }, forms: 1 };
    expect(facts.accepted).toMatchObject(asks ? accepted : { error: true, forms: 0 });
    for (const name of ["refused", "declined"]) expect(facts[name]).toMatchObject({ error: true, forms: asks ? 1 : 0 });
    expect(facts.formless).toMatchObject(modern ? { code: -32021 } : { error: true });
    const placed = server.upstreams.requests.filter((request) => request.startsWith("place"));
    expect(placed).toEqual(asks ? ["place 2 lamp key of ann"] : []);
  });
});
