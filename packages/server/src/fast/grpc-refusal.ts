import type { IncomingHttpHeaders } from "node:http";
import { Code } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { type ErrorReason, errorInfo } from "@protobff/runtime/internal/error-info";
import type { CorsHeaders } from "../headers/cors.ts";
import { allDetails } from "../headers/error-details.ts";
import { withStatus } from "../headers/grpc-status.ts";
import type { RequestIds } from "../headers/request-ids.ts";

/** Content types of gRPC and gRPC-Web without parameters. Clients expect the codec of their request. */
const GRPC_OR_WEB = /^application\/grpc(?:-web(?:-text)?)?(?:\+[a-z]{1,16})?(?=$|;)/;

/** Returns the content type of an answer to gRPC or gRPC-Web; undefined: the request is neither. */
export const grpcTypeOf = (type: string): string | undefined => GRPC_OR_WEB.exec(type)?.[0];

interface GrpcRefusal {
  readonly contentType: string;
  readonly message: string;
  readonly reason: ErrorReason;
}

/** Returns type and status of an answer without a message and with UNIMPLEMENTED (Trailers-Only in PROTOCOL-HTTP2.md). */
export function unimplementedStatus({ contentType, message, reason }: GrpcRefusal, requestId: string): string[] {
  const error = { code: Code.Unimplemented, details: [errorInfo(reason)] };
  return withStatus(["content-type", contentType], error.code, message, allDetails(error, requestId));
}

/** Returns all headers of such an answer. */
export function unimplemented(
  refusal: GrpcRefusal,
  headers: IncomingHttpHeaders,
  { ids, corsHeaders }: { readonly ids: RequestIds; readonly corsHeaders: CorsHeaders },
): readonly string[] {
  const id = ids.of(headers);
  return [...unimplementedStatus(refusal, id), REQUEST_ID, id, ...corsHeaders(headers.origin)];
}
