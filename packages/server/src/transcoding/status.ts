// Errors as HTTP has them: a google.rpc.Status in JSON, and the status of HTTP by the table of google/rpc/code.proto.
import { create, createRegistry, fromBinary, type JsonObject, type Registry, toJson } from "@bufbuild/protobuf";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "@protobff/messages/google/rpc/error_details_pb.js";

/** An error whose status of HTTP is not that of its code. */
export class HttpError extends ConnectError {
  readonly status: number;
  constructor(status: number, message: string, code: Code, headers?: ConstructorParameters<typeof Headers>[0]) {
    super(message, code, headers);
    this.status = status;
  }
}

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

const STANDARD = createRegistry(file_google_rpc_error_details);

/**
 * Returns the error as a google.rpc.Status in ProtoJSON. A detail of an unknown type has its bytes as `value`, in
 * base64.
 */
export function statusJson(
  error: Pick<ConnectError, "code" | "rawMessage" | "details">,
  registry: Registry,
): Uint8Array {
  const status: JsonObject = { code: error.code };
  if (error.rawMessage !== "") status.message = error.rawMessage;
  if (error.details.length > 0) status.details = error.details.map((detail) => detailJson(detail, registry));
  return new TextEncoder().encode(JSON.stringify(status));
}

function detailJson(detail: ConnectError["details"][number], registry: Registry): JsonObject {
  const options = { registry };
  if ("desc" in detail) {
    const type = `type.googleapis.com/${detail.desc.typeName}`;
    const json = toJson(detail.desc, create(detail.desc, detail.value), options);
    return typed(type, json as JsonObject, detail.desc.typeName);
  }
  const desc = STANDARD.getMessage(detail.type) ?? registry.getMessage(detail.type);
  const type = `type.googleapis.com/${detail.type}`;
  try {
    if (desc !== undefined)
      return typed(type, toJson(desc, fromBinary(desc, detail.value), options) as JsonObject, detail.type);
  } catch {
    // Malformed details are returned as bytes below.
  }
  return { "@type": type, value: base64Encode(detail.value) };
}

/** Returns the JSON of a google.protobuf.Any, in which a well-known type is in `value`. */
function typed(type: string, json: JsonObject, name: string): JsonObject {
  return name.startsWith("google.protobuf.") ? { "@type": type, value: json } : { "@type": type, ...json };
}
