import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CaptureError } from "./capture-error.ts";
import { readCapture } from "./read-capture.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "protobff-replay-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = { capture: 1, package: "web.v1", version: "0.1.0", digest: "d", clients: [], events: [], at: "" };
const REQUEST = {
  id: 1,
  method: "web.v1.A/B",
  at: "",
  message: "",
  headers: {},
  startedAt: 0,
  endedAt: 1,
  readings: [],
  dates: [],
  random: [],
  decisions: [],
  tape: [],
  outcome: {},
};
const text = (...lines: object[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join("");
function read(content: string) {
  const path = join(folder, "a.jsonl");
  writeFileSync(path, content);
  return readCapture(path);
}
function faultOf(content: string): string {
  try {
    read(content);
  } catch (thrown) {
    if (thrown instanceof CaptureError) return thrown.message.replace(`${folder}/`, "");
    throw thrown;
  }
  return "no fault";
}

test("a capture has a header and requests", () => {
  const { header, requests, cut } = read(text(HEADER, REQUEST, { ...REQUEST, id: 2 }));
  expect([header.package, requests.map(({ id }) => id), cut]).toEqual(["web.v1", [1, 2], false]);
});

test("an incomplete last line is left out: the process was killed while it wrote", () => {
  const { requests, cut } = read(text(HEADER, REQUEST).concat('{"id":2,"method'));
  expect([requests.length, cut]).toEqual([1, true]);
});

test.each([
  ["", "a.jsonl:1 is no capture: the first line is no header; pass a file that a server wrote with BFF_CAPTURE"],
  ["{}\n", "a.jsonl:1 is no capture: the first line is no header; pass a file that a server wrote with BFF_CAPTURE"],
  [
    "\u0000\u0001\n",
    "a.jsonl:1 is no capture: the first line is no header; pass a file that a server wrote with BFF_CAPTURE",
  ],
  [
    text({ ...HEADER, capture: 7, version: "9.0.0" }),
    "a.jsonl:1 has format 7, written by @protobff/server 9.0.0; this version reads up to 5: npm install --save-dev @protobff/replay@latest",
  ],
  [
    text({ ...HEADER, clients: "agent" }),
    "a.jsonl:1 is damaged: the header lacks package, digest, clients or events; pass a file that a server wrote with BFF_CAPTURE",
  ],
  [`${text(HEADER)}{"id":\n`, "a.jsonl:2 is damaged: it is no object of JSON; remove the line"],
  [
    text(HEADER, REQUEST, { ...REQUEST, tape: {} }),
    "a.jsonl:3 is damaged: `tape` is missing or of another type; remove the line",
  ],
])("an invalid capture is refused: %j", (content, fault) => {
  expect(faultOf(content)).toBe(fault);
});

const REPLY = ["reply", 1, 1, 0, 0, "", 0];
test.each([
  ["message", { message: null }],
  ["clientMs", { clientMs: "1" }],
  ["resume", { resume: 1 }],
  ["headers", { headers: { a: 1 } }],
  ["peer", { peer: { address: "a", direct: "a" } }],
  ["peer", { peer: null }],
  ["caller", { caller: { principal: "", credential: 5 } }],
  ["caller", { caller: { credential: "" } }],
  ["caller", { caller: "zz" }],
  ["rechecks", { rechecks: 1 }],
  ["passed", { passed: "true" }],
  ["incomparable", { incomparable: {} }],
  ["readings", { readings: [null] }],
  ["decisions", { decisions: [["0", "g", "no"]] }],
  ["entries", { entries: [[0, 5, 1, 1]] }],
  ["entries", { entries: [[0, "", 1, 1, {}]] }],
  ["joins", { joins: 1 }],
  ["tape", { tape: [null] }],
  ["tape", { tape: [REPLY.with(1, "1")] }],
  ["tape", { tape: [REPLY.with(5, 5)] }],
  ["tape", { tape: [REPLY.concat(5)] }],
  ["tape", { tape: [["fault", 1, 1, 0, 0, null]] }],
  ["tape", { tape: [["fault", 1, 1, 0, 0, { kind: "status", code: 1, message: "", details: 1 }]] }],
  ["tape", { tape: [["received", 1, 1, 0, 0]] }],
  ["tape", { tape: [["broken", 1, 1, 0, 0, "x"]] }],
  ["tape", { tape: [["lost", 1, 1, 0, 0, {}]] }],
  ["tape", { tape: [["joined", 1, 1, 0, 0, "found", null]] }],
  ["tape", { tape: [["joined", 1, 1, 0, 0, "received", 5]] }],
  ["outcome", { outcome: { answer: 5 } }],
  ["outcome", { outcome: { failure: "x" } }],
  ["outcome", { outcome: { stream: "x" } }],
])("a request with a damaged member is refused: %s %j", (name, damage) => {
  expect(faultOf(text(HEADER, { ...REQUEST, ...damage }))).toBe(
    `a.jsonl:2 is damaged: \`${name}\` is missing or of another type; remove the line`,
  );
});

test("a missing file is refused", () => {
  expect(() => readCapture(join(folder, "none.jsonl"))).toThrow(/none\.jsonl cannot be read: ENOENT/);
});
