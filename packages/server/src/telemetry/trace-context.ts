// Parses the headers `traceparent` and `tracestate` of W3C Trace Context, level 1 and 2.

/** Flags of a traceparent. */
export const SAMPLED = 0x01;
/** The last 7 bytes of the trace id are random (level 2). */
export const RANDOM = 0x02;

/** Content of a caller's `traceparent`. */
export interface TraceParent {
  /** 32 digits. */
  readonly traceId: string;
  /** The caller's span: 16 digits. */
  readonly spanId: string;
  /** The known flags. */
  readonly flags: number;
}

const PARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/s;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);
const LENGTH = 55;

/**
 * Parses a `traceparent`. Returns undefined for a missing or malformed one. Two headers arrive joined with a comma,
 * which is malformed.
 */
export function parseTraceparent(header: string): TraceParent | undefined {
  if (header.length < LENGTH) return undefined;
  const text = trimmed(header);
  if (!PARENT.test(text)) return undefined;
  // Later versions may have more behind a dash; 255 is none.
  if (text.startsWith("ff") || (text.startsWith("00") && text.length > LENGTH)) return undefined;
  const traceId = text.slice(3, 35);
  const spanId = text.slice(36, 52);
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  return { traceId, spanId, flags: Number.parseInt(text.slice(53, 55), 16) & (SAMPLED | RANDOM) };
}

const MAX_MEMBERS = 32;
const MEMBER = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
/**
 * Minimum length that every vendor must propagate. A longer tracestate loses its long members first, and then its last
 * ones (3.3.1.5).
 */
const MAX_CHARACTERS = 512;
const LONG_MEMBER = 128;

/**
 * Normalizes a `tracestate`: without space between members and without empty members. Returns "" if any part is
 * malformed, as the specification requires.
 *
 * @param header several of them joined with commas
 */
export function parseTracestate(header: string): string {
  if (header === "") return "";
  let members: string[] = [];
  const parts = header.split(",", MAX_PARTS + 1);
  if (parts.length > MAX_PARTS) return "";
  for (const part of parts) {
    const member = trimmed(part);
    if (member === "") continue;
    if (!MEMBER.test(member) || members.length === MAX_MEMBERS) return "";
    members.push(member);
  }
  if (members.join(",").length > MAX_CHARACTERS) members = members.filter(({ length }) => length <= LONG_MEMBER);
  while (members.join(",").length > MAX_CHARACTERS) members.pop();
  return members.join(",");
}
/** Empty ones are no members, and are not looked at without end. */
const MAX_PARTS = 4 * MAX_MEMBERS;

/** Removes the space that HTTP allows around values (OWS). */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return to - from === text.length ? text : text.slice(from, to);
}
const isSpace = (code: number): boolean => code === 0x20 || code === 0x09;

const FLAGS = ["00", "01", "02", "03"];
/** Formats flags for a traceparent. */
export function flagsText(flags: number): string {
  return FLAGS[flags] ?? "00";
}
