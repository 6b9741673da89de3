// The fault matrix over HTTP/JSON: what breaks there comes to the same as what breaks over gRPC.
// Holds docs/runtime.md#upstreams-over-httpjson
import { expect, it } from "vitest";
import { sampled } from "../../support/seed/sampled.ts";
import { status } from "../oracle/faults.ts";
import { every, web } from "./bffs.ts";
import { httpFaults } from "./http-faults.ts";
import { matrix, renderReport } from "./matrix.ts";
import { overHttp } from "./over-http.ts";

/** One of each kind: of all policies, and in the time that tests have. All of all BFFs: `npm run matrix -- --http`. */
const KINDS = [
  ...["refused connection", "connection closed in the body", "hang", "slow, then fine", "wrong content type"],
  ...["half of the JSON", "redirect 302", "HTTP 404", "HTTP 500", "HTTP 429, retry-after 0"],
  ...["HTTP 503, retry-after much later", "google.rpc.Status 5", "HTTP 503 once, then fine", "breaker open"],
];
const kinds = httpFaults.filter(({ name }) => KINDS.includes(name));
const [all, part] = [sampled(httpFaults), sampled(kinds)];

it("every HTTP fault has the declared result", async () => {
  const report = await matrix(web, { over: overHttp, faults: all });
  expect(renderReport(report)).toMatch(/all as declared/);
  expect(report.cells).toBe(report.edges * all.length);
}, 600_000);
it("a fault of each kind has the declared result, under every policy", async () => {
  expect(kinds.length).toBe(KINDS.length);
  const report = await matrix(every, { over: overHttp, faults: part });
  expect(renderReport(report)).toMatch(/all as declared/);
  expect(report.cells).toBe(report.edges * part.length);
}, 600_000);

it("a result that differs from the declared one is found", async () => {
  const found = httpFaults.find(({ name }) => name === "HTTP 503");
  if (found === undefined) throw new Error("no such fault");
  const declared = { ...found, first: { kind: "failure", failing: status(5) } } as const;
  const report = await matrix(web, { over: overHttp, faults: [declared] });
  expect(report.wrong.length).toBe(report.edges);
});
