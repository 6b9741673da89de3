import type { IncomingHttpHeaders } from "node:http";
import { Code } from "@connectrpc/connect";
import { REQUEST_ID } from "@protobff/runtime/internal/call/request-id";
import type { CorsHeaders } from "../headers/cors.ts";
import type { RequestIds } from "../headers/request-ids.ts";

/** Returns the headers of an answer without a message and with UNIMPLEMENTED (Trailers-Only in PROTOCOL-HTTP2.md). */
export function unimplemented(
  contentType: string,
  message: string,
  headers: IncomingHttpHeaders,
  { ids, corsHeaders }: { readonly ids: RequestIds; readonly corsHeaders: CorsHeaders },
): readonly string[] {
  return [
    ...["content-type", contentType],
    ...["grpc-status", String(Code.Unimplemented), "grpc-message", message],
    ...[REQUEST_ID, ids.of(headers)],
    ...corsHeaders(headers.origin),
  ];
}
