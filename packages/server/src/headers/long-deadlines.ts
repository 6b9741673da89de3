import * as connect from "@connectrpc/connect/protocol-connect";
import * as grpc from "@connectrpc/connect/protocol-grpc";
import { MAX_TIMER_MS } from "@protobff/runtime/internal/clock";
import type { Handler } from "../carrier/handler.ts";

/** Longest timeout of each header. Connect's adapter makes a timer of a client's deadline. */
const DEADLINES = [
  { name: "grpc-timeout", parse: grpc.parseTimeout, longest: `${Math.floor(MAX_TIMER_MS / 1000)}S` },
  { name: "connect-timeout-ms", parse: connect.parseTimeout, longest: String(MAX_TIMER_MS) },
];

/** Shortens a client's deadline of more than 24 days to 24 days. No method needs more. */
export function withLongDeadlines(handler: Handler): Handler {
  return (request, response) => {
    const { headers } = request;
    for (const { name, parse, longest } of DEADLINES) {
      const value = headers[name];
      if (typeof value !== "string") continue;
      const { timeoutMs = 0 } = parse(value, Number.MAX_SAFE_INTEGER);
      if (timeoutMs > MAX_TIMER_MS) headers[name] = longest;
    }
    handler(request, response);
  };
}
