// Requests of a capture in CBOR, in the form that lines of JSON have.
import { Sealer } from "@protobff/runtime/internal/sealing/sealer";
import { readSealingKeys } from "@protobff/runtime/internal/sealing/sealing-keys";
import { ARRIVALS, type CaptureHeader, EFFECTS, MEMBERS, sealPurpose } from "@protobff/server/capture";
import { decode } from "cborg";
import { type CaptureBytes, MAX_PART } from "./capture-bytes.ts";
import { CaptureError } from "./capture-error.ts";

/** A request of the file as JSON has it; a text: why it cannot be read; `isCut`: the file ends in it. */
type ReadRecord =
  | { readonly value: unknown; readonly problem?: undefined }
  | { readonly problem: string; readonly isCut: boolean };

/** The head of a byte string with its length in four bytes (RFC 8949, section 3). */
const HEAD = 0x5a;
const HEAD_BYTES = 5;
const KINDS: readonly string[] = [...ARRIVALS, ...EFFECTS];

/**
 * Reads the requests after the header.
 *
 * @throws CaptureError if they are sealed and the keys are not at hand
 */
export function* recordsOf(bytes: CaptureBytes, header: CaptureHeader, path: string): Generator<ReadRecord, undefined> {
  const open = header.sealed === true ? openerOf(header, path) : (sealed: Buffer) => sealed;
  for (let head = bytes.take(HEAD_BYTES); head.length > 0; head = bytes.take(HEAD_BYTES)) {
    const length = head.length === HEAD_BYTES ? head.readUInt32BE(1) : 0;
    if (head[0] !== HEAD || length > MAX_PART) {
      yield { problem: "no request begins here, and what follows cannot be read", isCut: false };
      return;
    }
    const content = bytes.take(length);
    if (head.length < HEAD_BYTES || content.length < length) {
      yield { problem: "the file ends in it", isCut: true };
      return;
    }
    yield recordOf(open(content), header);
  }
}

function recordOf(bytes: Buffer | undefined, { texts = [] }: CaptureHeader): ReadRecord {
  if (bytes === undefined) return { problem: "no key of BFF_CAPTURE_KEYS opens it", isCut: false };
  try {
    const [members, tape] = decode(bytes, { useMaps: true, allowBigInt: false }) as readonly [unknown, unknown[]];
    const request = plain(members) as Record<string, unknown>;
    const text = (value: unknown): unknown => (typeof value === "number" ? texts[value] : value);
    let at = Number(request.startedAt);
    const event = (row: unknown): unknown[] => {
      const [number, ...values] = plain(row) as unknown[];
      const kind = KINDS[Number(number)];
      if (Number(number) < ARRIVALS.length) at += Number(values[0]);
      if (Number(number) < ARRIVALS.length) return [kind, at, ...values.slice(1)];
      if (kind === "send" || kind === "open") return [kind, text(values[0]), text(values[1]), ...values.slice(2)];
      return [kind, ...values];
    };
    const date = new Date(Number(request.at)).toISOString();
    return { value: { ...request, method: text(request.method), at: date, tape: tape.map(event) } };
  } catch {
    return { problem: "it is no request in CBOR", isCut: false };
  }
}

/** Returns bytes as base64, maps as objects, and undefined and null as in JSON. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value ?? null;
  return Object.fromEntries(
    [...value].map(([name, of]) => [typeof name === "number" ? MEMBERS[name] : name, plain(of)]),
  );
}

/** @throws CaptureError without usable keys */
function openerOf(header: CaptureHeader, path: string): (sealed: Buffer) => Buffer | undefined {
  const problems: string[] = [];
  const keys = readSealingKeys("BFF_CAPTURE_KEYS", {
    optional: (name) => process.env[name],
    fault: (name, problem, remedy) => problems.push(`${path} is sealed, and ${name} ${problem}: set it to ${remedy}`),
  });
  const [problem] = problems;
  if (problem !== undefined) throw new CaptureError(problem);
  const sealer = new Sealer(keys);
  return (sealed) => sealer.openBytes(sealed, sealPurpose(header));
}
