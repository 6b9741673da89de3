import { type ConfigFault, EnvReader } from "@protobff/runtime/internal/environment/env-reader";
import { expect, it } from "vitest";
import { readCapture } from "./config-capture.ts";

function read(source: Record<string, string>) {
  const faults: ConfigFault[] = [];
  const old: string[] = [];
  const config = readCapture(new EnvReader(source, faults), old);
  return { config, old, faults: faults.map(({ variable, problem }) => `${variable} ${problem}`) };
}

it.each([{}, { BFF_CAPTURE: "" }, { BFF_CAPTURE: "off" }, { BFF_CAPTURE: "off;dir=/captures" }])(
  "nothing is captured by default: %o",
  (source) => {
    expect(read(source)).toEqual({ config: undefined, old: [], faults: [] });
  },
);

const DEFAULTS = { folder: "/captures", maxRequestBytes: 1 << 20, maxBytes: 64 << 20, maxAgeMs: undefined, keys: [] };

it.each([
  ["all", { failed: false, slowMs: undefined, share: 1 }],
  ["failed", { failed: true, slowMs: undefined, share: 0 }],
  ["failed,slow, 0.001", { failed: true, slowMs: 1_000, share: 0.001 }],
  ["slow=300ms", { failed: false, slowMs: 300, share: 0 }],
])("%s selects requests", (text, selection) => {
  const source = { BFF_CAPTURE: `${text};dir=/captures` };
  expect(read(source)).toEqual({ config: { ...selection, ...DEFAULTS }, old: [], faults: [] });
});

it.each([
  ["dir=a b=c", { folder: "a b=c" }],
  ["dir=/captures; request=64KB ;bytes=1GB", { maxRequestBytes: 64 << 10, maxBytes: 1 << 30 }],
  ["bytes=700;dir=/captures;request=1MB", { maxBytes: 700 }],
  ["dir=/captures;age=36h", { maxAgeMs: 36 * 3_600_000 }],
  ["dir=/captures;age=7d", { maxAgeMs: 7 * 86_400_000 }],
])("the folder and the bounds are settings after the selection: %s", (settings, bounds) => {
  expect(read({ BFF_CAPTURE: `all;${settings}` })).toMatchObject({ config: { ...DEFAULTS, ...bounds }, faults: [] });
});

it.each([
  ...["on", "0", "1.5", "failed;slow", "slow=1s", "all;", "all;dir=", "all;byte=1MB", "all;toString=1"],
  ...["all;dir=/a;dir=/b", "dir=/captures"],
])("%s is refused", (text) => {
  expect(read({ BFF_CAPTURE: `${text};dir=/captures` }).faults).toContain(
    `BFF_CAPTURE is ${JSON.stringify(`${text};dir=/captures`)}`,
  );
});

it.each(["bytes=0", "request=1mb", "bytes=1.5MB", "request=1025GB", "age=0d", "age=7", "age=1w", "age=99999h"])(
  "the bound %s is refused",
  (bound) => {
    expect(read({ BFF_CAPTURE: `all;dir=/captures;${bound}` }).faults).toEqual([`BFF_CAPTURE has "${bound}" in it`]);
  },
);

it("the keys are those of the variable, and a wrong one is refused without its value", () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  const source = { BFF_CAPTURE: "all;dir=/captures" };
  expect(read({ ...source, BFF_CAPTURE_KEYS: `${key}, ${key}` }).config?.keys).toHaveLength(2);
  expect(read({ ...source, BFF_CAPTURE_KEYS: "c2VjcmV0" }).faults).toEqual([
    "BFF_CAPTURE_KEYS holds something else than keys",
  ]);
});

it("captures need a folder", () => {
  expect(read({ BFF_CAPTURE: "all" }).faults).toEqual(["BFF_CAPTURE names no folder for its files"]);
});

it("each replaced variable works, with a line that has the text to write instead", () => {
  const source = { BFF_CAPTURE: "failed,slow", BFF_CAPTURE_DIR: "/captures", BFF_CAPTURE_BYTES: "700" };
  const instead = 'write BFF_CAPTURE="failed,slow;dir=/captures;bytes=700"';
  const { config, old, faults } = read(source);
  expect(old).toEqual([
    `BFF_CAPTURE_DIR is read until 1.0 only: unset it, and ${instead}`,
    `BFF_CAPTURE_BYTES is read until 1.0 only: unset it, and ${instead}`,
  ]);
  expect({ config, faults }).toEqual({
    config: { failed: true, slowMs: 1_000, share: 0, ...DEFAULTS, maxBytes: 700 },
    faults: [],
  });
  expect(read({ BFF_CAPTURE: "failed,slow;dir=/captures;bytes=700" }).config).toEqual(config);
  expect(read({ BFF_CAPTURE_DIR: "/captures" })).toEqual({
    config: undefined,
    old: ["BFF_CAPTURE_DIR is read until 1.0 only: unset it"],
    faults: [],
  });
  expect(read({ ...source, BFF_CAPTURE_BYTES: "x" }).faults).toEqual(['BFF_CAPTURE_BYTES is "x"']);
});

it("a folder or bound has one place", () => {
  const source = { BFF_CAPTURE: "all;dir=/a;bytes=1MB", BFF_CAPTURE_DIR: "/a", BFF_CAPTURE_BYTES: "7" };
  expect(read(source).faults).toEqual([
    "BFF_CAPTURE_DIR is set, and BFF_CAPTURE has dir=, too",
    "BFF_CAPTURE_BYTES is set, and BFF_CAPTURE has bytes=, too",
  ]);
});
