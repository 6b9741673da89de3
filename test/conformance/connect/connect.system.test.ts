// Connect's official conformance runner, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, test } from "vitest";
import { runConformance } from "./conformance.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("Connect's conformance", () => {
  test.each([
    ["server", "own", 3_800],
    ["client", "node", 230],
    ["client", "own", 230],
  ] as const)(
    "the %s passes all cases (HTTP/2 to upstreams: %s), at least %i",
    async (side, http2, least) => {
      const { total, passed, failed, text } = await runConformance(side, [], http2);
      expect(failed, text).toBe(0);
      expect(passed).toBe(total);
      expect(total).toBeGreaterThanOrEqual(least);
    },
    600_000,
  );
});
