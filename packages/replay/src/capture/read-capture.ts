import { closeSync, openSync, readSync } from "node:fs";
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

/** Maximum size of a line. A server captures requests of at most 1 MiB by default. */
const MAX_LINE = 1 << 28;
const CHUNK = 1 << 20;

/** A capture that is read request by request. */
interface OpenedCapture {
  readonly header: CaptureHeader;
  /** The requests in their order, once. A damaged line is an error among them. */
  readonly requests: Iterable<CapturedRequest | CaptureError>;
  /** True if the last line is incomplete. Known when all requests are read. */
  readonly isCut: () => boolean;
}

/**
 * Reads a capture.
 *
 * @throws CaptureError
 * @example
 * const { requests } = readCapture("captures/web.v1-17-1800000000000-0.jsonl");
 */
export function readCapture(path: string): CaptureContent {
  const { header, requests, isCut } = openCapture(path);
  const all = [...requests].map((request) => {
    if (request instanceof CaptureError) throw request;
    return request;
  });
  return { header, requests: all, cut: isCut() };
}

/**
 * Opens a capture whose requests are read one by one.
 *
 * @throws CaptureError if the file cannot be read, or has no known header
 */
export function openCapture(path: string): OpenedCapture {
  const lines = linesOf(path);
  const { value: first = { text: "", isWhole: false } } = lines.next();
  const header = headerOf(first.text, path);
  let isCut = false;
  function* requests(): Generator<CapturedRequest | CaptureError> {
    let number = 1;
    for (const { text, isWhole } of lines) {
      number++;
      isCut = !isWhole;
      if (isWhole) yield requestOf(text, `${path}:${number}`);
    }
  }
  return { header, requests: requests(), isCut: () => isCut };
}

/** Lines of a file. The last one may lack its end. */
function* linesOf(path: string): Generator<{ readonly text: string; readonly isWhole: boolean }, undefined> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (thrown) {
    throw new CaptureError(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
  try {
    const chunk = Buffer.alloc(CHUNK);
    let parts: Buffer[] = [];
    let held = 0;
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      let from = 0;
      for (let end = chunk.indexOf(10); end >= 0 && end < read; end = chunk.indexOf(10, from)) {
        yield { text: Buffer.concat([...parts, chunk.subarray(from, end)]).toString(), isWhole: true };
        [parts, held, from] = [[], 0, end + 1];
      }
      held += read - from;
      if (held > MAX_LINE) throw new CaptureError(`${path} has a line of more than ${MAX_LINE} bytes; ${NO_CAPTURE}`);
      parts.push(Buffer.from(chunk.subarray(from, read)));
    }
    if (held > 0) yield { text: Buffer.concat(parts).toString(), isWhole: false };
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
  const { clients, events, principal } = header;
  if (
    typeof header.package !== "string" ||
    typeof header.digest !== "string" ||
    !isTexts(clients) ||
    !isTexts(events) ||
    !optional(objectOf({ type: isText, fields: isNumbers }))(principal)
  )
    throw new CaptureError(`${path}:1 is damaged: the header lacks package, digest, clients or events; ${NO_CAPTURE}`);
  return header as unknown as CaptureHeader;
}

type Test = (value: unknown) => boolean;

const optional =
  (isValid: Test): Test =>
  (value) =>
    value === undefined || isValid(value);
/** Returns the test of an object with these members, or with none that fails them. */
const objectOf =
  (members: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isObject(value) && wrongMember(value as Readonly<Record<string, unknown>>, members) === undefined;
const listOf =
  (isValid: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(isValid);
/** Returns the test of a list that begins with these. */
const rowOf =
  (...columns: readonly Test[]): Test =>
  (value) =>
    Array.isArray(value) && columns.every((isValid, i) => isValid(value[i]));

const isAny: Test = () => true;
const isFlag: Test = (value) => value === undefined || value === true;
const isNumbers = listOf(isNumber);
const isTexts = listOf(isText);
const isOptionalText = optional(isText);
const isFault = objectOf({ kind: isText, code: isNumber, message: isText, details: isOptionalText });
const isFailure = objectOf({ code: isNumber, reason: isNumber, callee: isText, message: isText, clientCode: isNumber });
const isMetadata = optional(rowOf(isObject, isObject));
const ENTRY = [isText, isNumber, isNumber, optional(isFailure)];

/** Tests of the results of joined fetches, by kind. */
const JOINED: Readonly<Record<string, Test>> = {
  received: isText,
  found: rowOf(...ENTRY),
  spared: rowOf(...ENTRY),
  failed: isFailure,
};
const isJoined: Test = (row) => Array.isArray(row) && (JOINED[String(row[5])] ?? isAny)(row[6]);

/** Columns after kind, time, readings and turn, of the arrivals that have values. */
const ARRIVALS: Readonly<Record<string, Test>> = {
  reply: rowOf(isAny, isNumber, isNumber, isAny, isNumber, isText, isNumber, isMetadata),
  fault: rowOf(isAny, isNumber, isNumber, isAny, isNumber, isFault, isMetadata),
  received: rowOf(isAny, isNumber, isNumber, isAny, isNumber, isText),
  broken: rowOf(isAny, isNumber, isNumber, isAny, isNumber, isFault),
  lost: rowOf(isAny, isNumber, isNumber, isAny, isNumber, isFailure),
  joined: isJoined,
  second: rowOf(isAny, isNumber, isNumber, isAny, isNumber, (value) => value === null || isText(value), isNumber),
};
const isEvent: Test = (row) =>
  Array.isArray(row) && (Object.hasOwn(ARRIVALS, String(row[0])) ? ARRIVALS[String(row[0])] : isAny)?.(row) === true;

/** The members that a replay reads, with tests of their values. */
const MEMBERS: Readonly<Record<string, Test>> = {
  id: isNumber,
  method: isText,
  at: isText,
  message: isText,
  clientMs: optional(isNumber),
  resume: isOptionalText,
  headers: (value) => isObject(value) && Object.values(value as object).every((of) => of === null || isText(of)),
  peer: optional(objectOf({ address: isText, direct: isText, names: isTexts })),
  caller: (value) => value === null || optional(objectOf({ principal: isText, credential: isText }))(value),
  rechecks: isFlag,
  passed: isFlag,
  incomparable: isOptionalText,
  startedAt: isNumber,
  endedAt: isNumber,
  readings: isNumbers,
  dates: isNumbers,
  random: isNumbers,
  decisions: listOf(rowOf(isNumber, isText, isText, optional(isNumber))),
  entries: optional(listOf(rowOf(isNumber, ...ENTRY))),
  joins: optional(isNumbers),
  queries: optional(isNumbers),
  unkept: optional(isNumbers),
  tape: listOf(isEvent),
  outcome: objectOf({
    answer: isOptionalText,
    degraded: isOptionalText,
    failure: optional(objectOf({ code: isNumber, message: isText })),
    stream: (value) => value === undefined || value === "ended" || value === "cut",
    token: isOptionalText,
  }),
};
const wrongMember = (of: Readonly<Record<string, unknown>>, members: Readonly<Record<string, Test>>) =>
  Object.entries(members).find(([name, isValid]) => !isValid(of[name]))?.[0];

/**
 * Returns the message of captured bytes.
 *
 * @param what the bytes, as `message` of request 1
 * @throws CaptureError if they are no such message
 */
export function readCaptured<T>(what: string, bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
  try {
    return read(bytes);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CaptureError(`the capture is damaged: ${what} cannot be read: ${why}; remove the line of the request`);
  }
}

function requestOf(line: string, place: string): CapturedRequest | CaptureError {
  const request = parsed(line);
  if (request === undefined) return new CaptureError(`${place} is damaged: it is no object of JSON; remove the line`);
  const wrong = wrongMember(request, MEMBERS);
  if (wrong !== undefined)
    return new CaptureError(`${place} is damaged: \`${wrong}\` is missing or of another type; remove the line`);
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
