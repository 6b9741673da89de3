import type { IncomingHttpHeaders } from "node:http";
import { Code } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import { type ErrorReason, errorInfo } from "@protobff/runtime/internal/error-info";
import type { CorsHeaders } from "../headers/cors.ts";
import { allDetails } from "../headers/error-details.ts";
import { withStatus } from "../headers/grpc-status.ts";
import type { RequestIds } from "../headers/request-ids.ts";

export interface GrpcRefusal {
  readonly contentType: string;
  readonly message: string;
  readonly reason: ErrorReason;
}

/** Returns the headers of an answer without a message and with UNIMPLEMENTED (Trailers-Only in PROTOCOL-HTTP2.md). */
export function unimplemented(
  { contentType, message, reason }: GrpcRefusal,
  headers: IncomingHttpHeaders,
  { ids, corsHeaders }: { readonly ids: RequestIds; readonly corsHeaders: CorsHeaders },
): readonly string[] {
  const id = ids.of(headers);
  return [
    ...["content-type", contentType],
    ...withStatus(
      [],
      Code.Unimplemented,
      message,
      allDetails({ code: Code.Unimplemented, details: [errorInfo(reason)] }, id),
    ),
    ...[REQUEST_ID, id],
    ...corsHeaders(headers.origin),
  ];
}
