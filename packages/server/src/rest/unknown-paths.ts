import { createRegistry } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { stackless } from "@protobff/runtime/internal/endpoint/connect-error";
import { type ErrorReason, errorInfo } from "@protobff/runtime/internal/error-info";
import type { Handler } from "../carrier/handler.ts";
import { grpcTypeOf, unimplementedStatus } from "../fast/grpc-refusal.ts";
import { allDetails, completeError } from "../headers/error-details.ts";
import { errorAnswer } from "../transcoding/status.ts";

/** Error types of google.rpc are known without a registry. */
const NO_TYPES = createRegistry();

/** An error of a path, before any rpc is known. */
export interface PathError {
  readonly code: Code;
  readonly message: string;
  readonly reason: ErrorReason;
  readonly status: number;
}

/** Returns the JSON of Connect's protocol, and its headers. */
export function connectAnswer(error: PathError, requestId: string): ReturnType<typeof errorAnswer> {
  const complete = completeError(stackless(error.message, error.code, undefined, error.reason), requestId);
  return { bytes: errorToJsonBytes(complete, undefined), headers: ["content-type", "application/json"] };
}
/** Returns the JSON of paths of REST, and its headers. */
export function restAnswer(
  { code, message, reason, status }: PathError,
  requestId: string,
  accept: string | undefined,
): ReturnType<typeof errorAnswer> {
  const details = [...allDetails({ code, details: [errorInfo(reason)] }, requestId)];
  return errorAnswer({ code, rawMessage: message, details }, { status, accept, registry: NO_TYPES });
}

const UNKNOWN_PATH = { reason: "UNKNOWN_PATH", status: 404 } as const;
const NO_RPC: PathError = {
  ...UNKNOWN_PATH,
  code: Code.Unimplemented,
  message: "no rpc is served here: its path is /package.Service/Method",
};
const NOTHING: PathError = { ...UNKNOWN_PATH, code: Code.NotFound, message: "nothing is served at this path" };
/** Content types of Connect and gRPC-Web that no path of REST takes. */
const RPC_TYPE = /^application\/(?:proto|connect\+)/;
const NO_BYTES = new Uint8Array();

/**
 * Returns a handler of unknown paths. It answers UNIMPLEMENTED to clients of gRPC and gRPC-Web (Trailers-Only in
 * PROTOCOL-HTTP2.md), and 404 to others: as Connect to clients of rpcs, or as REST if the server has such paths.
 */
export function unknownPaths(hasRest: boolean): Handler {
  return (request, response) => {
    const {
      accept,
      "content-type": type = "",
      [REQUEST_ID]: id,
      "connect-protocol-version": version,
    } = request.headers;
    const contentType = grpcTypeOf(type);
    const isRpc = !hasRest || version !== undefined || RPC_TYPE.test(type);
    let answer: ReturnType<typeof errorAnswer>;
    if (contentType !== undefined)
      answer = { bytes: NO_BYTES, headers: unimplementedStatus({ ...NO_RPC, contentType }, String(id)) };
    else answer = isRpc ? connectAnswer(NO_RPC, String(id)) : restAnswer(NOTHING, String(id), accept);
    const out: Answerable = response;
    out.statusCode = contentType === undefined ? UNKNOWN_PATH.status : 200;
    const { headers, bytes } = answer;
    for (let i = 0; i + 1 < headers.length; i += 2) out.setHeader(headers[i] ?? "", headers[i + 1] ?? "");
    out.setHeader("cache-control", "no-store");
    out.end(bytes);
  };
}

/** Response methods that both versions of HTTP have. */
interface Answerable {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: Uint8Array): unknown;
}
