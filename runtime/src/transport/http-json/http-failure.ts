// Faults of answers that are no success, from the status and the body.
import { create, type Registry, toBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "@protobff/messages/google/rpc/status_pb.js";
import { Code, type Fault } from "../../failure.ts";
import { isMembers, type JsonMembers, type JsonTree, NumberText } from "../../json/json-tree.ts";
import { parseExact } from "../../json/parse-exact.ts";
import { readJsonTree } from "../../json/read-json.ts";

/**
 * The reverse of the table in google/rpc/code.proto. If that table has several codes for a status, the map contains the
 * least specific one.
 */
const CODES: ReadonlyMap<number, Code> = new Map([
  [400, Code.INVALID_ARGUMENT],
  [401, Code.UNAUTHENTICATED],
  [403, Code.PERMISSION_DENIED],
  [404, Code.NOT_FOUND],
  [408, Code.UNAVAILABLE], // the server did not wait for the request, so it may be sent again
  [409, Code.ABORTED],
  [412, Code.FAILED_PRECONDITION],
  [416, Code.OUT_OF_RANGE],
  [429, Code.RESOURCE_EXHAUSTED],
  [499, Code.CANCELLED],
  [501, Code.UNIMPLEMENTED],
  [502, Code.UNAVAILABLE], // from a proxy whose server is unavailable
  [503, Code.UNAVAILABLE],
  [504, Code.DEADLINE_EXCEEDED],
]);

function codeOfHttp(status: number): Code {
  const known = CODES.get(status);
  if (known !== undefined) return known;
  if (status >= 400 && status < 500) return Code.FAILED_PRECONDITION;
  return status >= 500 && status < 600 ? Code.INTERNAL : Code.UNKNOWN;
}

/**
 * Returns the fault for an answer with this status.
 *
 * @param text its body, if that is JSON
 * @param registry of the types of details
 */
export function httpFault(
  status: number,
  text: string | undefined,
  pushbackMs: number | undefined,
  registry: Registry,
): Fault {
  const body = text === undefined ? undefined : errorBodyIn(text, registry);
  const code = body?.code ?? codeOfHttp(status);
  // `error.message` is the message of the upstream, in any protocol.
  const message = body?.message || `HTTP ${status}`;
  return { kind: "status", code, message, upstreamText: body?.message, details: body?.details, pushbackMs };
}

interface ErrorBody {
  readonly code: Code | undefined;
  readonly message: string | undefined;
  /** An encoded google.rpc.Status. */
  readonly details: Uint8Array | undefined;
}

/**
 * Reads a google.rpc.Status, or the envelope of Google's APIs: `{"error": {"code": 404, "status": "NOT_FOUND",
 * "message": …}}`.
 */
function errorBodyIn(text: string, registry: Registry): ErrorBody | undefined {
  let json: JsonTree;
  try {
    json = parseExact(text);
  } catch {
    return undefined;
  }
  if (!isMembers(json)) return undefined;
  const { error } = json;
  const status = isMembers(error) ? error : json;
  const code = isMembers(error) ? named(error.status) : numbered(json.code);
  const message = typeof status.message === "string" ? status.message.toWellFormed() : undefined;
  const details = Array.isArray(status.details)
    ? status.details.flatMap((detail) => anyOf(detail, registry) ?? [])
    : [];
  if (code === undefined && message === undefined && details.length === 0) return undefined;
  return { code, message, details: details.length === 0 ? undefined : encoded(code, message, details) };
}

/** Returns the code of a name. In an envelope `code` is the HTTP status. */
function named(name: JsonTree | undefined): Code | undefined {
  if (typeof name !== "string" || name === "OK" || !Object.hasOwn(Code, name)) return undefined;
  return Code[name as keyof typeof Code];
}
function numbered(json: JsonTree | undefined): Code | undefined {
  const code = json instanceof NumberText ? Number(json.text) : undefined;
  const known = typeof code === "number" && Number.isInteger(code) && code > Code.OK && code <= Code.UNAUTHENTICATED;
  return known ? (code as Code) : undefined;
}

const MAX_DETAILS = 100;
function encoded(code: Code | undefined, message: string | undefined, details: Any[]): Uint8Array {
  const status = { code: code ?? Code.UNKNOWN, message: message ?? "", details: details.slice(0, MAX_DETAILS) };
  return toBinary(StatusSchema, create(StatusSchema, status));
}

/** Returns undefined for a detail of an unknown type, whose JSON does not determine its bytes. */
function anyOf(json: JsonTree, registry: Registry): Any | undefined {
  if (!isMembers(json)) return undefined;
  try {
    return readJsonTree(AnySchema, json, { registry, ignoreUnknownFields: true }) as Any;
  } catch {
    return asBytes(json);
  }
}
/** Reads a detail of an unknown type in the form that our servers and grpc-gateway write. */
function asBytes({ "@type": type, value }: JsonMembers): Any | undefined {
  if (typeof type !== "string" || typeof value !== "string") return undefined;
  try {
    return create(AnySchema, { typeUrl: type, value: base64Decode(value) });
  } catch {
    return undefined;
  }
}
