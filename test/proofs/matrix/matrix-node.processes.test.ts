// The fault matrix with Node's HTTP/2 towards the upstreams, in place of our own: of the BFFs that have few edges.
import { describe, expect, it } from "vitest";
import { mobile, web, workedExample } from "./bffs.ts";
import { matrix, renderReport } from "./matrix.ts";

process.env.BFF_HTTP2 = "node";
describe.each([web, mobile, workedExample])("$name", (bff) => {
  it("has the declared result for every fault on every edge", async () => {
    expect(renderReport(await matrix(bff))).toMatch(/all as declared/);
  }, 600_000);
});
