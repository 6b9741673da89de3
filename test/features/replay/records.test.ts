// Captures in CBOR: against another decoder, damaged, sealed, and by age.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { decode } from "cborg";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { readCapture } from "../../../packages/replay/src/capture/read-capture.ts";
import { CaptureFile } from "../../../packages/server/src/capture/capture-file.ts";
import { CborWriter } from "../../../packages/server/src/capture/cbor-writer.ts";
import { CAPTURE_FORMAT, MEMBERS, sealPurpose } from "../../../packages/server/src/capture/format.ts";
import { type EndedRequest, writeRequest } from "../../../packages/server/src/capture/written-request.ts";
import { Sealer } from "../../../runtime/src/sealing/sealer.ts";
import { seeded } from "../../bffs/second/random-message.ts";
import { seedOf } from "../../support/seed/seed.ts";

function written(value: unknown): Buffer {
  const writer = new CborWriter(new Map(MEMBERS.map((name, number) => [name, number])), 16);
  writer.value(value);
  return writer.written;
}

/** RFC 8949, appendix A. */
const EXAMPLES: readonly (readonly [value: unknown, hex: string])[] = [
  [0, "00"],
  [23, "17"],
  [24, "1818"],
  [100, "1864"],
  [1000, "1903e8"],
  [1_000_000, "1a000f4240"],
  [1_000_000_000_000, "1b000000e8d4a51000"],
  [-1, "20"],
  [-100, "3863"],
  [-1000, "3903e7"],
  [1.1, "fb3ff199999999999a"],
  [-4.1, "fbc010666666666666"],
  [1e300, "fb7e37e43c8800759c"],
  [false, "f4"],
  [true, "f5"],
  [null, "f6"],
  [undefined, "f7"],
  [new Uint8Array(), "40"],
  [Uint8Array.of(1, 2, 3, 4), "4401020304"],
  ["", "60"],
  ["IETF", "6449455446"],
  ['"\\', "62225c"],
  ["\u00fc", "62c3bc"],
  ["\u6c34", "63e6b0b4"],
  ["\ud800\udd51", "64f0908591"],
  [[], "80"],
  [[1, [2, 3], [4, 5]], "8301820203820405"],
  [[...Array(25)].map((_, i) => i + 1), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"],
  [{ Fun: true, Amt: -2 }, "bf6346756ef563416d7421ff"],
];

test("values have the bytes of the examples of RFC 8949", () => {
  expect(EXAMPLES.map(([value]) => written(value).toString("hex"))).toEqual(EXAMPLES.map(([, hex]) => hex));
});

test("another decoder reads random values", () => {
  const random = seeded("cbor", Number(seedOf()));
  const value = (depth: number): unknown => {
    const size = Math.floor(random() ** 4 * 400);
    const kinds = [
      () => Math.floor((random() - 0.5) * 2 ** Math.floor(random() * 54)),
      () => (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20),
      () => String.fromCharCode(...Array.from({ length: size }, () => 1 + Math.floor(random() ** 8 * 0xd7ff))),
      () => Uint8Array.from({ length: size * 20 }, () => Math.floor(random() * 256)),
      () => [null, true, false][Math.floor(random() * 3)],
      () => Array.from({ length: size % (30 >> (2 * depth)) }, () => value(depth + 1)),
      () =>
        Object.fromEntries(Array.from({ length: size % (30 >> (2 * depth)) }, (_, i) => [`k${i}`, value(depth + 1)])),
    ];
    return kinds[Math.floor(random() * (depth > 1 ? 5 : 7))]?.();
  };
  for (let i = 0; i < 200; i++) {
    const one = value(0);
    expect(decode(written(one))).toEqual(one);
  }
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-records-"));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const KEYS = [1, 2].map((byte) => Buffer.alloc(32, byte));
const HEADER = { capture: CAPTURE_FORMAT, package: "web.v1", version: "1", digest: "d", clients: ["up"], events: [] };
const TEXTS = ["up", "/up.v1.A/B", "web.v1.W/Get"];
const REQUEST: EndedRequest = {
  ...{ method: "web.v1.W/Get", at: 1_800_000_000_123, message: Uint8Array.of(1, 2), clientMs: 2_000.5 },
  of: {
    startedAt: 5_000_000_000,
    incomparable: undefined,
    values: {
      headers: new Map([
        ["x-a", "ü"],
        ["__proto__", "x"],
        ["host", null],
        ["authorization", "secret"],
      ]),
      ...{ readings: [5_000_000_001, 4_999_999_999, 5_000_000_002], dates: [1_800_000_000_123], random: [0.25, 1e-9] },
      ...{ decisions: [[3, "item breaker", "no", 0]], entries: [[0, Uint8Array.of(7), 1, 0.5]] },
      ...{ joins: [], queries: [], unkept: [] },
      tape: [
        ["send", "up", "/up.v1.A/B", Uint8Array.of(0, 0, 0, 0, 1, 8), 1],
        ["send", "other", "/up.v1.A/C", Uint8Array.of(0, 0, 0, 0, 1, 8), 2],
        ["reply", 5_000_000_500, 2, 0, 0, Uint8Array.of(1), 1, [{ a: "b" }, {}]],
        ["fault", 5_000_000_500, 2, 1, 1, { kind: "status", code: 5, message: "no", details: Uint8Array.of(2) }],
        ["timer", 5_000_000_400, 2, 0, 0],
        ["answer"],
      ],
    },
  },
  incoming: Object.assign(new Headers(), { all: () => [], peer: { address: "::1", direct: "::1", names: [] } }),
  ...{ endedAt: 5_000_000_900, isMasked: true, outcome: { answer: Uint8Array.of(9), degraded: "a,b" } },
  ...{ masks: new Map([["/up.v1.A/B", () => Uint8Array.of(0xaa)]]), output: undefined, resume: undefined },
};

async function capture(more: object = {}, requests = 3): Promise<string> {
  const header = JSON.stringify({ ...HEADER, texts: TEXTS, at: "", ...("sealed" in more && { sealed: true }) });
  const faults: string[] = [];
  const file = new CaptureFile(
    { folder, name: "web.v1", header, maxBytes: 1 << 20, maxAgeMs: undefined, sealed: undefined, ...more },
    (text) => faults.push(text),
  );
  await file.prepare();
  const texts = new Map(TEXTS.map((text, number) => [text, number]));
  for (let id = 1; id <= requests; id++) file.write((writer) => writeRequest(writer, texts, id, REQUEST));
  await file.close();
  expect(faults).toEqual([]);
  return join(folder, readdirSync(folder).at(-1) ?? "");
}

const READ = {
  ...{ id: 1, method: "web.v1.W/Get", at: "2027-01-15T08:00:00.123Z", message: "AQI=", clientMs: 2_000.5 },
  headers: JSON.parse('{"x-a":"ü","__proto__":"x","host":null,"authorization":"(withheld)"}'),
  ...{
    peer: { address: "::1", direct: "::1", names: [] },
    startedAt: 5_000_000_000,
    endedAt: 5_000_000_900,
    masked: true,
  },
  ...{ readings: [1, -2, 3], dates: [1_800_000_000_123], random: [0.25, 1e-9] },
  ...{ decisions: [[3, "item breaker", "no", 0]], entries: [[0, "Bw==", 1, 0.5]] },
  outcome: { answer: "CQ==", degraded: "a,b" },
  tape: [
    ["send", "up", "/up.v1.A/B", crc32(Uint8Array.of(8)), 1],
    ["send", "other", "/up.v1.A/C", crc32(Uint8Array.of(8)), 2],
    ["reply", 5_000_000_500, 2, 0, 0, "qg==", 1, [{ a: "b" }, {}]],
    ["fault", 5_000_000_500, 2, 1, 1, { kind: "status", code: 5, message: "no", details: "Ag==" }],
    ["timer", 5_000_000_400, 2, 0, 0],
    ["answer"],
  ],
};

test("a request is read as it was recorded, with masks", async () => {
  const { requests, cut } = readCapture(await capture());
  expect([requests.length, cut]).toEqual([3, false]);
  expect(requests[0]).toEqual(READ);
});

test("a file that ends in a request is cut; damaged requests and lengths are named", async () => {
  const path = await capture();
  const whole = readFileSync(path);
  const begin = whole.indexOf("\n") + 1;
  const length = 5 + whole.readUInt32BE(begin + 1);
  const reads = (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    try {
      const { requests, cut } = readCapture(path);
      return [requests.length, cut];
    } catch (thrown) {
      return (thrown as Error).message.replace(path, "file");
    }
  };
  for (const more of [1, 4, 5, length - 1]) expect(reads(whole.subarray(0, begin + length + more))).toEqual([1, true]);
  const damaged = Buffer.from(whole);
  damaged[begin + length + 5] = 0xff;
  expect(reads(damaged)).toBe("request 2 of file is damaged: it is no request in CBOR");
  damaged[begin + length] = 0;
  expect(reads(damaged)).toBe("request 2 of file is damaged: no request begins here, and what follows cannot be read");
  const other = Buffer.from(whole);
  other.set(Buffer.from("8280", "hex"), begin + 5);
  expect(reads(other)).toMatch(/^request 1 of file is damaged: /);
});

test("no damage of any byte gives anything but requests and named errors", async () => {
  const path = await capture({}, 1);
  const whole = readFileSync(path);
  const random = seeded("damage", Number(seedOf()));
  for (let i = 0; i < 300; i++) {
    const damaged = Buffer.from(whole);
    const at = whole.indexOf("\n") + 1 + Math.floor(random() * (whole.length - whole.indexOf("\n") - 1));
    damaged[at] = Math.floor(random() * 256);
    writeFileSync(path, damaged);
    try {
      readCapture(path);
    } catch (thrown) {
      expect((thrown as Error).constructor.name).toBe("CaptureError");
    }
  }
});

test("sealed requests open with a key of the list alone, and for their package", async () => {
  const sealed = { sealer: new Sealer(KEYS), purpose: sealPurpose(HEADER) };
  const path = await capture({ sealed });
  expect(readFileSync(path).includes("item breaker")).toBe(false);
  vi.stubEnv("BFF_CAPTURE_KEYS", undefined);
  expect(() => readCapture(path)).toThrow(/ is sealed, and BFF_CAPTURE_KEYS is not set: set it to 32 random bytes/);
  vi.stubEnv("BFF_CAPTURE_KEYS", KEYS[1]?.toString("base64"));
  expect(() => readCapture(path)).toThrow(/request 1 of .* is damaged: no key of BFF_CAPTURE_KEYS opens it/);
  vi.stubEnv(
    "BFF_CAPTURE_KEYS",
    KEYS.toReversed()
      .map((key) => key.toString("base64"))
      .join(),
  );
  expect(readCapture(path).requests[0]).toEqual(READ);
  writeFileSync(path, readFileSync(path, "latin1").replace('"web.v1"', '"web.v2"'), "latin1");
  expect(() => readCapture(path)).toThrow(/no key of BFF_CAPTURE_KEYS opens it/);
});

test("files of a package are deleted at their age, and no other files", async () => {
  const day = 86_400_000;
  const now = Date.now();
  const names = [
    `web.v1-17-${now - 8 * day}-0.capture`,
    `web.v1-9-${now - 6 * day}-3.jsonl`,
    `web.v1-9-${now - 9 * day}-2.jsonl`,
    `web.v1-x-1-${now - 9 * day}-2.capture`,
    `web.v1-17-${now - 9 * day}-0.txt`,
  ];
  for (const name of names) writeFileSync(join(folder, name), "");
  await capture({ maxAgeMs: 7 * day }, 0);
  expect(readdirSync(folder).sort()).toEqual([names[1], names[3], names[4]].sort());
});

test("a folder keeps the latest files of earlier processes, whatever their process numbers", async () => {
  const names = Array.from({ length: 60 }, (_, i) => `web.v1-${100 - i}-${1_000 + i}-0.capture`);
  for (const name of names) writeFileSync(join(folder, name), "");
  await capture({}, 0);
  expect(readdirSync(folder).sort()).toEqual(names.slice(4).sort());
});

test("a process keeps at most its bytes, and names a request that is larger than a file", async () => {
  const faults: string[] = [];
  const bounds = { folder, name: "web.v1", header: "{}", maxBytes: 8_000, maxAgeMs: undefined, sealed: undefined };
  const file = new CaptureFile(bounds, (text) => faults.push(text));
  await file.prepare();
  for (let i = 0; i < 400; i++) {
    file.write((writer) => writer.bytes(Buffer.alloc(100, i)));
    await new Promise(setImmediate);
  }
  file.write((writer) => writer.bytes(Buffer.alloc(1_500)));
  await file.close();
  expect(faults).toEqual(["a request is not captured: it is larger than a file, an eighth of bytes= of BFF_CAPTURE"]);
  const sizes = readdirSync(folder).map((name) => readFileSync(join(folder, name)).length);
  expect(sizes.length).toBe(8);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000);
});

test("after a failed write the next request begins a file, and a request that cannot be written leaves nothing", async () => {
  const faults: string[] = [];
  const header = JSON.stringify({ ...HEADER, texts: TEXTS, at: "" });
  const bounds = { folder, name: "web.v1", header, maxBytes: 1 << 20, maxAgeMs: undefined, sealed: undefined };
  const file = new CaptureFile(bounds, (text) => faults.push(text));
  await file.prepare();
  const handle = await open(join(folder, "handle"), "w");
  const handles: Pick<FileHandle, "appendFile"> = Object.getPrototypeOf(handle);
  await handle.close();
  const append = handles.appendFile;
  // The second one is that of the first request: the header comes before.
  const failing = vi.spyOn(handles, "appendFile").mockImplementation(async function (this: FileHandle, data) {
    if (failing.mock.calls.length !== 2) return append.call(this, data);
    await append.call(this, (data as Buffer).subarray(0, 9));
    throw new Error("no space");
  });
  onTestFinished(() => failing.mockRestore());
  const write = (id: number) => file.write((writer) => writeRequest(writer, new Map(), id, REQUEST));
  write(1);
  await vi.waitFor(() => expect(faults).toEqual(["captures cannot be written"]));
  expect(() =>
    file.write((writer) => {
      writer.value("a part");
      throw new Error("not written");
    }),
  ).toThrow("not written");
  write(2);
  write(3);
  await file.close();
  const captures = readdirSync(folder).filter((name) => name.endsWith(".capture"));
  const read = captures.map((name) => readCapture(join(folder, name)));
  expect(read.map(({ cut, requests }) => [cut, requests.map(({ id }) => id)])).toEqual([
    [true, []],
    [false, [2, 3]],
  ]);
});
