import { parseTimeout } from "@connectrpc/connect/protocol-grpc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { grpcTimeoutMs } from "./grpc-timeout.ts";

function byConnect(text: string): number | undefined {
  const { error, timeoutMs } = parseTimeout(text, Number.MAX_SAFE_INTEGER);
  return error === undefined ? timeoutMs : undefined;
}

test("a timeout is parsed as by Connect", () => {
  const text = fc.oneof(
    fc.stringMatching(/^\d{0,9}[HMSmunh ]?$/),
    fc.stringMatching(/^[-+ ]?[0-9.e]{0,9}[HMSmun]{0,2}$/),
    fc.string({ maxLength: 10 }),
  );
  const all = fc.oneof(text, fc.constantFrom("", "m", "0m", "1n", "99999999H", "100000000m", "\u0661m", "1m\n", "1m"));
  fc.assert(
    fc.property(all, (text) => {
      expect(grpcTimeoutMs(text)).toBe(byConnect(text));
    }),
    { numRuns: 2_000 },
  );
});
