// Turns a recording into the captured request of the file: masks, checksums and texts.
import { crc32 } from "node:zlib";
import { type DescMethod, type DescService, toBinary } from "@bufbuild/protobuf";
import { CredentialSchema } from "@protobff/messages/bff/v1/identity_pb.js";
import { AuthenticatedRequest } from "@protobff/runtime/internal/identity/authenticated-request";
import { type IncomingHeaders, incomingOf } from "@protobff/runtime/internal/identity/incoming-request";
import { PREFIX_BYTES } from "@protobff/runtime/internal/wire/frame";
import { isSecretHeader } from "../explorer/masks.ts";
import { base64 } from "./captured-fault.ts";
import { type CapturedRequest, type TapeEvent, WITHHELD } from "./format.ts";
import type { RecordedEvent, Recording } from "./recording.ts";
import { maskOf } from "./secrets.ts";

/** Masks the messages of a method by its path, `/package.Service/Method`. Methods without secrets are absent. */
export type Masks = ReadonlyMap<string, (bytes: Uint8Array) => Uint8Array>;

/** Returns the masks of the answers of these services. */
export function masksOf(services: readonly DescService[]): Masks {
  const masks = new Map<string, (bytes: Uint8Array) => Uint8Array>();
  const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;
  for (const { methods } of services)
    for (const method of methods) {
      const mask = maskOf(method.output);
      if (mask !== undefined) masks.set(pathOf(method), mask);
    }
  return masks;
}

/**
 * Returns the members of a captured request that are recorded.
 *
 * @param output masks the messages of the RPC
 */
export function writtenValues(
  { startedAt, values, incomparable }: Recording,
  masks: Masks,
  output: ReturnType<typeof maskOf>,
) {
  const { headers, readings, dates, random, decisions, tape, entries, joins, queries, unkept } = values;
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
    tape: writtenTape(tape, masks, output),
  };
}

function writtenHeaders(recorded: Recording["values"]["headers"]): CapturedRequest["headers"] {
  const headers: Record<string, string | null> = {};
  for (let at = 0; at < recorded.length; at += 2) {
    const [name = "", value = null] = recorded.slice(at, at + 2) as [string, string | null];
    headers[name] = value !== null && value !== "" && isSecretHeader(name) ? WITHHELD : value;
  }
  return headers;
}

function writtenTape(
  tape: readonly RecordedEvent[],
  masks: Masks,
  output: ReturnType<typeof maskOf>,
): readonly TapeEvent[] {
  const paths: string[] = [];
  const streams: string[] = [];
  const maskFor = ([kind, ...values]: RecordedEvent): ReturnType<typeof maskOf> => {
    if (kind === "message") return output;
    if (kind !== "reply" && kind !== "received") return undefined;
    return masks.get((kind === "reply" ? paths : streams)[values[3] as number] ?? "");
  };
  const written = (event: RecordedEvent): readonly unknown[] => {
    const [kind] = event;
    if (kind === "send" || kind === "open") {
      const [, client, path, frame, ...attempt] = event as readonly [string, string, string, Uint8Array, ...unknown[]];
      (kind === "send" ? paths : streams).push(path);
      return [kind, client, path, crc32(frame.subarray(PREFIX_BYTES)), ...attempt];
    }
    const mask = maskFor(event);
    return event.map((value) => (value instanceof Uint8Array ? base64(mask?.(value) ?? value) : value));
  };
  // The types of an event are those of its kind.
  return tape.map(written) as unknown as readonly TapeEvent[];
}

/** Returns the caller of a request, without secrets. */
export function callerIn(headers: IncomingHeaders): Pick<CapturedRequest, "caller" | "peer" | "rechecks" | "passed"> {
  if (!(headers instanceof AuthenticatedRequest)) return { peer: incomingOf(headers).peer };
  const { caller, peer, recheck } = headers;
  const checks = {
    peer,
    rechecks: recheck === undefined ? undefined : true,
    passed: headers.passed === undefined ? undefined : true,
  } as const;
  if (caller === undefined) return { ...checks, caller: null };
  const credential = base64(toBinary(CredentialSchema, caller.credential));
  return { ...checks, caller: { principal: base64(caller.bytes), credential, token: caller.token !== undefined } };
}
