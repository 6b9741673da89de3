import { expect, onTestFinished, test } from "vitest";
import { listen } from "../listen.ts";
import { kindEndpoint } from "../testing/test-kinds.ts";

test.each([
  ["GET", "no-store"],
  ["HEAD", "no-store"],
  ["PUT", null],
])("%s at a path without a rule for it is 405, with no-store", async (method, cacheControl) => {
  const rest = [{ method: "POST", segments: ["kinds", "*"], body: "*" }];
  const server = await listen([{ ...kindEndpoint(false), rest }]);
  onTestFinished(() => server.close(0));
  const { status, headers } = await fetch(`${server.url}/kinds/x`, { method });
  expect([status, headers.get("allow"), headers.get("cache-control")]).toEqual([405, "POST", cacheControl]);
});
