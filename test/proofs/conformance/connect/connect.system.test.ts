// Connect's official conformance runner, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
// Holds docs/runtime.md#server
// Holds docs/runtime.md#upstreams-over-connect
import { describe, expect, test } from "vitest";
import { runConformance } from "./conformance.ts";

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("Connect's conformance", () => {
  test.for([
    ["server", "own", 3_800],
    ["server", "node", 2_000],
    ["client", "node", 230],
    ["client", "own", 230],
    ["connect", "own", 110],
  ] as const)(
    "the side %s passes all cases (HTTP/2: %s), at least %i",
    { timeout: 600_000 },
    async ([side, http2, least], { task }) => {
      // The cases of HTTP/1.1 are the same whose HTTP/2 it is.
      const more = side === "server" && http2 === "node" ? ["--run", "**/HTTPVersion:2/**"] : [];
      const { total, passed, failed, passedAgain, text } = await runConformance(side, more, http2);
      task.meta.passedAgain = passedAgain; // told at the end
      expect(failed, text).toBe(0);
      expect(passed).toBe(total);
      expect(total).toBeGreaterThanOrEqual(least);
    },
  );
});
