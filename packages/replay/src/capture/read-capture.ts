import { CAPTURE_FORMAT, type CapturedRequest, type CaptureHeader } from "@protobff/server/capture";
import { printableLine } from "../report/printable.ts";
import { CaptureBytes } from "./capture-bytes.ts";
import { CaptureError } from "./capture-error.ts";
import { recordsOf } from "./read-records.ts";

/** Content of a capture. */
export interface CaptureContent {
  readonly header: CaptureHeader;
  readonly requests: readonly CapturedRequest[];
  /** True if the last request is incomplete, because the process was killed while it wrote. */
  readonly cut: boolean;
}

/** A capture that is read request by request. */
interface OpenedCapture {
  readonly header: CaptureHeader;
  /** The requests in their order, once. A damaged one is an error among them. */
  readonly requests: Iterable<CapturedRequest | CaptureError>;
  /** True if the last request is incomplete. Known when all requests are read. */
  readonly isCut: () => boolean;
}

/**
 * Reads a capture.
 *
 * @throws CaptureError
 * @example
 * const { requests } = readCapture("captures/web.v1-17-1800000000000-0.capture");
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
  const [header] = reading(path, function* (bytes) {
    yield headerOf(bytes.line()?.text ?? "", path);
  });
  if (header === undefined) throw new CaptureError(`${path} has no header`);
  let isCut = false;
  function* lines(bytes: CaptureBytes): Generator<CapturedRequest | CaptureError> {
    let number = 1;
    for (let line = bytes.line(); line !== undefined; line = bytes.line()) {
      number++;
      isCut = !line.isWhole;
      if (line.isWhole) yield requestOf(parsed(line.text), `${path}:${number}`, IN_LINES);
    }
  }
  function* records(bytes: CaptureBytes): Generator<CapturedRequest | CaptureError> {
    let number = 1;
    for (const record of recordsOf(bytes, header as CaptureHeader, path)) {
      const place = `request ${number++} of ${path}`;
      if (record.problem === undefined) yield requestOf(record.value, place, IN_RECORDS);
      else if (record.isCut) isCut = true;
      else yield new CaptureError(`${place} is damaged: ${record.problem}`);
    }
  }
  const requests = reading(path, function* (bytes) {
    bytes.line();
    yield* header.texts === undefined ? lines(bytes) : records(bytes);
  });
  return { header, requests, isCut: () => isCut };
}

/** Opens a file when the first value is read, and closes it after the last one. */
function* reading<T>(path: string, read: (bytes: CaptureBytes) => Generator<T>): Generator<T> {
  const bytes = new CaptureBytes(path);
  try {
    yield* read(bytes);
  } finally {
    bytes.close();
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
    !optional(isTexts)(header.texts) ||
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
  timer: rowOf(isAny, isNumber, isNumber, isAny, isNumber, optional(isNumber), optional(isNumber)),
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

/** Words of errors about one request. */
const IN_LINES = { none: "it is no object of JSON; remove the line", remedy: "; remove the line" };
const IN_RECORDS = { none: "it has no members", remedy: "" };

function requestOf(request: unknown, place: string, { none, remedy }: typeof IN_LINES): CapturedRequest | CaptureError {
  if (!isObject(request)) return new CaptureError(`${place} is damaged: ${none}`);
  const wrong = wrongMember(request as Readonly<Record<string, unknown>>, MEMBERS);
  if (wrong !== undefined)
    return new CaptureError(`${place} is damaged: \`${wrong}\` is missing or of another type${remedy}`);
  return request as CapturedRequest;
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
