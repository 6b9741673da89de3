// Errors as HTTP has them: a google.rpc.Status in JSON, and the status of HTTP by the table of google/rpc/code.proto.
import { create, createRegistry, type JsonObject, type Registry, toBinary } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  ErrorInfoSchema,
  file_google_rpc_error_details,
  RequestInfoSchema,
} from "@protobff/messages/google/rpc/error_details_pb.js";
import { detailIn, type ErrorReason, errorInfo } from "@protobff/runtime/internal/error-info";
import { exactText } from "@protobff/runtime/internal/json/json-text";
import { jsonOf } from "@protobff/runtime/internal/json/write-json";
import { acceptedWeight, namedWeight } from "@protobff/runtime/internal/routes/accept";
import { readMessage } from "@protobff/runtime/internal/wire/reader";

/** An error whose status of HTTP is not that of its code. */
export class HttpError extends ConnectError {
  readonly status: number;
  constructor(status: number, message: string, code: Code, headers?: ConstructorParameters<typeof Headers>[0]) {
    super(message, code, headers);
    this.status = status;
    const reason = STATUS_REASONS[status];
    if (reason !== undefined) this.details.push(errorInfo(reason));
  }
}

const STATUS_REASONS: Readonly<Partial<Record<number, ErrorReason>>> = {
  405: "WRONG_METHOD",
  413: "TOO_LARGE",
  415: "UNSUPPORTED_TYPE",
};

const STATUSES: Readonly<Record<Code, number>> = {
  [Code.Canceled]: 499,
  [Code.Unknown]: 500,
  [Code.InvalidArgument]: 400,
  [Code.DeadlineExceeded]: 504,
  [Code.NotFound]: 404,
  [Code.AlreadyExists]: 409,
  [Code.PermissionDenied]: 403,
  [Code.ResourceExhausted]: 429,
  [Code.FailedPrecondition]: 400,
  [Code.Aborted]: 409,
  [Code.OutOfRange]: 400,
  [Code.Unimplemented]: 501,
  [Code.Internal]: 500,
  [Code.Unavailable]: 503,
  [Code.DataLoss]: 500,
  [Code.Unauthenticated]: 401,
};

export function httpStatusOf(error: ConnectError): number {
  // Connect's own `instanceof` does not recognize subclasses of its error.
  return "status" in error && typeof error.status === "number" ? error.status : STATUSES[error.code];
}

/** Parts of an error that clients see. */
interface RpcError {
  readonly code: Code;
  readonly rawMessage: string;
  readonly details: ConnectError["details"];
}

const STANDARD = createRegistry(file_google_rpc_error_details);

/**
 * Returns the error as a google.rpc.Status in ProtoJSON. A detail of an unknown type has its bytes as `value`, in
 * base64.
 */
function statusJson(error: RpcError, registry: Registry): Uint8Array {
  const status: JsonObject = { code: error.code };
  if (error.rawMessage !== "") status.message = error.rawMessage;
  if (error.details.length > 0) status.details = error.details.map((detail) => detailJson(detail, registry));
  return new TextEncoder().encode(exactText(status));
}

/** Returns the error as a problem (RFC 9457), with the members of its google.rpc.ErrorInfo and google.rpc.RequestInfo. */
export function problemJson(error: RpcError, status: number, registry: Registry): Uint8Array {
  const info = detailIn(error.details, ErrorInfoSchema);
  const problem: JsonObject = {
    type: "about:blank",
    title: process.getBuiltinModule("node:http").STATUS_CODES[status] ?? "Error",
    status,
    ...(error.rawMessage !== "" && { detail: error.rawMessage }),
    code: error.code,
    ...(info !== undefined && { reason: info.reason, domain: info.domain }),
  };
  const request = detailIn(error.details, RequestInfoSchema);
  if (request !== undefined) problem.request_id = request.requestId;
  problem.details = error.details.map((detail) => detailJson(detail, registry));
  return new TextEncoder().encode(exactText(problem));
}
/** Content type of an error for a client. */
type ErrorType = "application/problem+json" | "application/json";
/**
 * Returns the type of errors that `accept` prefers: problems only if it names them, with a weight not below the one of
 * JSON (RFC 9110, 12.5.1).
 */
export function errorTypeFor(accept: string | undefined): ErrorType {
  if (accept === undefined) return JSON_TYPE;
  const problem = namedWeight(accept, PROBLEM);
  return problem > 0 && problem >= acceptedWeight(accept, JSON_TYPE) ? PROBLEM : JSON_TYPE;
}
const PROBLEM = "application/problem+json";
const JSON_TYPE = "application/json";

/** Returns an error's JSON, and the headers that describe it. */
export function errorAnswer(
  error: RpcError,
  {
    status,
    accept,
    registry,
  }: { readonly status: number; readonly accept: string | undefined; readonly registry: Registry },
): { readonly bytes: Uint8Array; readonly headers: readonly string[] } {
  const type = errorTypeFor(accept);
  const bytes = type === PROBLEM ? problemJson(error, status, registry) : statusJson(error, registry);
  return { bytes, headers: ["content-type", type, "vary", "accept"] };
}

function detailJson(detail: ConnectError["details"][number], registry: Registry): JsonObject {
  const name = "desc" in detail ? detail.desc.typeName : detail.type;
  const desc = "desc" in detail ? detail.desc : (STANDARD.getMessage(name) ?? registry.getMessage(name));
  const type = `type.googleapis.com/${name}`;
  const bytes = "desc" in detail ? toBinary(detail.desc, create(detail.desc, detail.value)) : detail.value;
  try {
    if (desc !== undefined) return typed(type, jsonOf(desc, readMessage(desc, bytes), registry) as JsonObject, name);
  } catch {
    // Malformed details, and those without JSON, are returned as bytes below.
  }
  return { "@type": type, value: base64Encode(bytes) };
}

/** Returns the JSON of a google.protobuf.Any, in which a well-known type is in `value`. */
function typed(type: string, json: JsonObject, name: string): JsonObject {
  return name.startsWith("google.protobuf.") ? { "@type": type, value: json } : { "@type": type, ...json };
}
