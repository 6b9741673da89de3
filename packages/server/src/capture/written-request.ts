// Writes a recording as the captured request of the file: masks, checksums and numbers.
import { crc32 } from "node:zlib";
import { type DescMethod, type DescService, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { isSecretHeader } from "../explorer/masks.ts";
import type { CborWriter } from "./cbor-writer.ts";
import { ARRIVALS, type CapturedMembers, type CapturedRequest, EFFECTS, WITHHELD } from "./format.ts";
import type { RecordedEvent, Recording } from "./recording.ts";
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

/** Returns the members of a captured request that are recorded. */
export function writtenValues({ startedAt, values, incomparable }: Recording) {
  const { headers, readings, dates, random, decisions, entries, joins, queries, unkept } = values;
  let last = startedAt;
  const differences = readings.map((reading) => {
    const difference = reading - last;
    last = reading;
    return difference;
  });
  return {
    headers: writtenHeaders(headers),
    startedAt,
    readings: differences,
    dates,
    random,
    decisions,
    entries: entries.length > 0 ? entries : undefined,
    joins: joins.length > 0 ? joins : undefined,
    queries: queries.length > 0 ? queries : undefined,
    unkept: unkept.length > 0 ? unkept : undefined,
    incomparable,
  };
}

function writtenHeaders(recorded: Recording["values"]["headers"]): CapturedRequest["headers"] {
  const headers: Record<string, string | null> = {};
  for (let at = 0; at < recorded.length; at += 2) {
    const [name, value = null] = [recorded[at] ?? "", recorded[at + 1]];
    headers[name] = value !== null && value !== "" && isSecretHeader(name) ? WITHHELD : value;
  }
  return headers;
}

/** A request whose recording has ended, before it is written. */
export interface EndedRequest {
  readonly members: Omit<CapturedMembers<Uint8Array>, "method"> & { readonly method: string; readonly at: number };
  readonly tape: readonly RecordedEvent[];
  readonly masks: Masks;
  /** Masks the messages of the RPC. */
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
  { members, tape, masks, output }: EndedRequest,
): void {
  writer.array(2);
  writer.value({ id, ...members, method: texts.get(members.method) ?? members.method });
  const paths: string[] = [];
  const streams: string[] = [];
  let before = members.startedAt;
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
export function callerIn(headers: IncomingHeaders): Pick<CapturedMembers<Uint8Array>, Of> {
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
