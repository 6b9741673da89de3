import { expect, test, vi } from "vitest";

const TOOLS = [{ name: "show" }] as never;

test("search mode without its package stops the start, and other modes do not need it", async () => {
  vi.doMock("minisearch", () => {
    throw new Error("Cannot find package");
  });
  const { readMcpConfig } = await import("../open-mcp.ts");
  const read = (mode: string) => readMcpConfig({ BFF_MCP_TOOLS: mode }, TOOLS, []);
  const problem = "is search, which needs the package minisearch";
  expect((await read("search")).faults).toMatchObject([{ problem, remedy: "all, or run `npm install minisearch`" }]);
  for (const mode of ["all", "auto"]) expect((await read(mode)).faults).toEqual([]);
});
