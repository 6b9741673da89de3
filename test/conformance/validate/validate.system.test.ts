// buf.validate's official conformance runner, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, test } from "vitest";
import { runConformance } from "./conformance.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("buf.validate's conformance", () => {
  test("what the plugin emits passes all cases, at least 2800", async () => {
    const { passed, failed, text } = await runConformance();
    expect(failed, text.slice(0, 20_000)).toBe(0);
    expect(passed).toBeGreaterThanOrEqual(2_800);
  }, 600_000);
});
