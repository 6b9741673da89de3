import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CAPTURE_FORMAT, type CapturedRequest, type CaptureHeader } from "@protobff/server/capture";
import { printableLine } from "../report/printable.ts";

/** A file that is no capture, or none that this version can read. The message names the file, the line and a remedy. */
export class CaptureError extends Error {}

/** Content of a capture. */
export interface CaptureContent {
  readonly header: CaptureHeader;
  readonly requests: readonly CapturedRequest[];
  /** True if the last line is incomplete, because the process was killed while it wrote. */
  readonly cut: boolean;
}

/** Maximum size of a file. A process writes 8 MiB to each by default. */
const MOST_BYTES = 1 << 30;

/**
 * Reads a capture.
 *
 * @throws CaptureError
 * @example
 * const { requests } = readCapture("captures/web.v1-17-1800000000000-0.jsonl");
 */
export function readCapture(path: string): CaptureContent {
  const text = textOf(path);
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const [first = last, ...rest] = lines;
  const header = headerOf(first, path);
  const requests = rest.map((line, i) => requestOf(line, `${path}:${i + 2}`));
  return { header, requests, cut: last !== "" && lines.length > 0 };
}

function textOf(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (thrown) {
    throw new CaptureError(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  try {
    const { size } = fstatSync(file);
    if (size > MOST_BYTES)
      throw new CaptureError(`${path} has ${size} bytes; at most ${MOST_BYTES} are read: split it`);
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let read = -1; read !== 0 && length < size; length += read)
      read = readSync(file, bytes, length, size - length, null);
    return bytes.toString("utf8", 0, length);
  } finally {
    closeSync(file);
  }
}

const NO_CAPTURE = "pass a file that a server wrote with BFF_CAPTURE";

function headerOf(line: string, path: string): CaptureHeader {
  const header = parsed(line);
  if (header === undefined || typeof header.capture !== "number")
    throw new CaptureError(`${path}:1 is no capture: the first line is no header; ${NO_CAPTURE}`);
  if (header.capture > CAPTURE_FORMAT) {
    const by = typeof header.version === "string" ? ` by @protobff/server ${printableLine(header.version)}` : "";
    throw new CaptureError(
      `${path}:1 has format ${header.capture}, written${by}; this version reads up to ${CAPTURE_FORMAT}: npm install --save-dev @protobff/replay@latest`,
    );
  }
  const { clients, events } = header;
  if (typeof header.package !== "string" || typeof header.digest !== "string" || !isTexts(clients) || !isTexts(events))
    throw new CaptureError(`${path}:1 is damaged: the header lacks package, digest, clients or events; ${NO_CAPTURE}`);
  return header as unknown as CaptureHeader;
}

/** The members that a replay reads, with tests of their types. */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  id: isNumber,
  method: isText,
  at: isText,
  message: isText,
  headers: isObject,
  startedAt: isNumber,
  endedAt: isNumber,
  readings: isNumbers,
  dates: isNumbers,
  random: isNumbers,
  decisions: isRows,
  tape: isRows,
  outcome: isObject,
};

function requestOf(line: string, place: string): CapturedRequest {
  const request = parsed(line);
  if (request === undefined) throw new CaptureError(`${place} is damaged: it is no object of JSON; remove the line`);
  const wrong = Object.entries(MEMBERS).find(([name, isValid]) => !isValid(request[name]));
  if (wrong !== undefined)
    throw new CaptureError(`${place} is damaged: \`${wrong[0]}\` is missing or of another type; remove the line`);
  return request as unknown as CapturedRequest;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
function isNumber(value: unknown): boolean {
  return typeof value === "number";
}
function isText(value: unknown): boolean {
  return typeof value === "string";
}
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.every(isNumber);
}
function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
function isRows(value: unknown): boolean {
  return Array.isArray(value) && value.every(Array.isArray);
}
