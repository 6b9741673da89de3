// Writes a recording as the captured request of the file: masks, checksums and numbers.
import { crc32 } from "node:zlib";
import { type DescMethod, type DescService, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { isSecretHeader } from "../explorer/masks.ts";
import type { CborWriter } from "./cbor-writer.ts";
import { ARRIVALS, type CapturedMembers, EFFECTS, WITHHELD } from "./format.ts";
import type { Recording } from "./recording.ts";
import { maskOf } from "./secrets.ts";

/** Masks the messages of a method by its path, `/package.Service/Method`. Methods without secrets are absent. */
export type Masks = ReadonlyMap<string, (bytes: Uint8Array) => Uint8Array>;

/** Returns the masks of the answers of these services. */
export function masksOf(services: readonly DescService[]): Masks {
  const masks = new Map<string, (bytes: Uint8Array) => Uint8Array>();
  for (const method of services.flatMap(({ methods }) => methods)) {
    const mask = maskOf(method.output);
    if (mask !== undefined) masks.set(pathOf(method), mask);
  }
  return masks;
}
/** `/package.Service/Method` */
export const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;

/** A request whose recording has ended, before it is written. */
export interface EndedRequest
  extends Pick<CapturedMembers<Uint8Array>, "method" | "message" | "clientMs" | "resume" | "endedAt" | "outcome"> {
  readonly of: Pick<Recording, "startedAt" | "values" | "incomparable">;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly incoming: IncomingHeaders;
  readonly masks: Masks;
  /** True if any message of the RPC is masked. */
  readonly isMasked: boolean;
  /** Masks the messages for the client. */
  readonly output: ReturnType<typeof maskOf>;
}

const NUMBERS: ReadonlyMap<string, number> = new Map([...ARRIVALS, ...EFFECTS].map((kind, number) => [kind, number]));

/**
 * Writes a request as `[members, tape]`.
 *
 * @param texts numbers of the texts in the header; others are written themselves
 */
export function writeRequest(
  writer: CborWriter,
  texts: ReadonlyMap<string, number>,
  id: number,
  request: EndedRequest,
): void {
  writer.array(2);
  writer.begin();
  writer.member("id", id);
  writer.member("method", texts.get(request.method) ?? request.method);
  for (const name of OF_REQUEST) writer.member(name, request[name]);
  const caller = callerIn(request.incoming);
  for (const name of OF_CALLER) writer.member(name, caller[name]);
  if (request.isMasked) writer.member("masked", true);
  writeValues(writer, request.of);
  writer.end();
  writeTape(writer, texts, request);
}
const OF_REQUEST = ["at", "message", "clientMs", "resume", "endedAt", "outcome"] as const;
const OF_CALLER = ["peer", "caller", "rechecks", "passed"] as const;

function writeValues(writer: CborWriter, { startedAt, values, incomparable }: EndedRequest["of"]): void {
  writer.member("startedAt", startedAt);
  writer.member("incomparable", incomparable);
  writer.name("headers");
  writer.begin();
  for (const [name, value] of values.headers)
    writer.member(name, value !== null && value !== "" && isSecretHeader(name) ? WITHHELD : value);
  writer.end();
  writer.name("readings");
  writer.array(values.readings.length);
  let last = startedAt;
  for (const reading of values.readings) {
    writer.number(reading - last);
    last = reading;
  }
  for (const name of ["dates", "random", "decisions"] as const) writer.member(name, values[name]);
  for (const name of ["entries", "joins", "queries", "unkept"] as const)
    if (values[name].length > 0) writer.member(name, values[name]);
}

function writeTape(
  writer: CborWriter,
  texts: ReadonlyMap<string, number>,
  { of: { startedAt, values }, masks, output }: EndedRequest,
): void {
  const { tape } = values;
  const paths: string[] = [];
  const streams: string[] = [];
  let before = startedAt;
  writer.array(tape.length);
  for (const event of tape) {
    const kind = event[0];
    const number = NUMBERS.get(kind) ?? 0;
    if (kind === "send" || kind === "open") {
      const [, client, path, frame, ...attempt] = event as readonly [string, string, string, Uint8Array, number?];
      (kind === "send" ? paths : streams).push(path);
      const checksum = crc32(frame.subarray(PREFIX_BYTES));
      writer.list([number, texts.get(client) ?? client, texts.get(path) ?? path, checksum, ...attempt]);
      continue;
    }
    let mask: ReturnType<typeof maskOf>;
    if (kind === "message") mask = output;
    else if (kind === "reply") mask = masks.get(paths[event[4] as number] ?? "");
    else if (kind === "received") mask = masks.get(streams[event[4] as number] ?? "");
    writer.array(event.length);
    writer.number(number);
    let from = 1;
    if (number < ARRIVALS.length) {
      const at = event[from++] as number;
      writer.number(at - before);
      before = at;
    }
    for (let i = from; i < event.length; i++) {
      const value = event[i];
      writer.value(mask !== undefined && value instanceof Uint8Array ? mask(value) : value);
    }
  }
}

type Of = "caller" | "peer" | "rechecks" | "passed";
/** Returns the caller of a request, without secrets. */
function callerIn(headers: IncomingHeaders): Pick<CapturedMembers<Uint8Array>, Of> {
  if (!(headers instanceof AuthenticatedRequest)) return { peer: incomingOf(headers).peer };
  const { caller, peer, recheck } = headers;
  const checks = {
    peer,
    rechecks: recheck === undefined ? undefined : true,
    passed: headers.passed === undefined ? undefined : true,
  } as const;
  if (caller === undefined) return { ...checks, caller: null };
  const credential = toBinary(CredentialSchema, caller.credential);
  return { ...checks, caller: { principal: caller.bytes, credential, token: caller.token !== undefined } };
}
