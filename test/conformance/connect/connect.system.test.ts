// Connect's official conformance runner, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, test } from "vitest";
import { runConformance } from "./conformance.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("Connect's conformance", () => {
  test.each([
    ["server", 2_000],
    ["client", 140],
  ] as const)(
    "the %s passes all cases, at least %i",
    async (side, least) => {
      const { total, passed, failed, text } = await runConformance(side);
      expect(failed, text).toBe(0);
      expect(passed).toBe(total);
      expect(total).toBeGreaterThanOrEqual(least);
    },
    600_000,
  );
});
