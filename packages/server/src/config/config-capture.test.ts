import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, it } from "vitest";
import { readCapture } from "./config-capture.ts";

function read(source: Record<string, string>) {
  const faults: ConfigFault[] = [];
  const config = readCapture(new EnvReader({ BFF_CAPTURE_DIR: "/captures", ...source }, faults));
  return { config, faults: faults.map(({ variable, problem }) => `${variable} ${problem}`) };
}

it.each([{}, { BFF_CAPTURE: "" }, { BFF_CAPTURE: "off" }])("nothing is captured by default: %o", (source) => {
  expect(read({ ...source, BFF_CAPTURE_DIR: "" })).toEqual({ config: undefined, faults: [] });
});

it.each([
  ["all", { failed: false, slowMs: undefined, share: 1 }],
  ["failed", { failed: true, slowMs: undefined, share: 0 }],
  ["failed,slow, 0.001", { failed: true, slowMs: 1_000, share: 0.001 }],
  ["slow=300ms", { failed: false, slowMs: 300, share: 0 }],
])("%s selects requests", (text, selection) => {
  const bounds = { folder: "/captures", maxRequestBytes: 1 << 20, maxBytes: 64 << 20 };
  expect(read({ BFF_CAPTURE: text })).toEqual({ config: { ...selection, ...bounds }, faults: [] });
});

it.each(["on", "0", "1.5", "failed;slow", "slow=1s"])("the selection %s is refused", (text) => {
  expect(read({ BFF_CAPTURE: text }).faults).toEqual([`BFF_CAPTURE is ${JSON.stringify(text)}`]);
});

it("captures need a folder", () => {
  const problem = "BFF_CAPTURE_DIR is not set, and BFF_CAPTURE writes files there";
  expect(read({ BFF_CAPTURE: "all", BFF_CAPTURE_DIR: "" }).faults).toEqual([problem]);
});
