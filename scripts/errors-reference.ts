// Writes docs/errors.md from the reasons of a server's errors.
import { ERROR_REASONS, type ErrorReason } from "../runtime/src/error-info.ts";

const INTRODUCTION = `# Errors

<!-- Written by \`npm run docs\` from runtime/src/error-info.ts. Do not edit. -->

With this page a client can decide what to do about an error: change the request, sign in, retry later, or give up.
Every error of a server has these details, after those that the author declares:

| detail | fields |
|---|---|
| \`google.rpc.ErrorInfo\` | \`domain\` is \`bff.v1\`, \`reason\` is one of the table below. Absent if a declared detail is an \`ErrorInfo\` |
| \`google.rpc.RequestInfo\` | \`request_id\`, as in \`x-request-id\` and in the log |
| \`google.rpc.RetryInfo\` | the shortest wait before a retry, also in \`retry-after\` and \`grpc-retry-pushback-ms\`; only if a retry helps |

| protocol | place of the details |
|---|---|
| gRPC, gRPC-Web | \`grpc-status-details-bin\` |
| Connect, server-sent events, WebSocket | \`details\` of the error |
| REST | \`details\` of the body, a \`google.rpc.Status\` |

If \`accept\` names \`application/problem+json\`, with a weight not below the one of \`application/json\`, paths of REST
answer a problem (RFC 9457). It has \`type\` (\`about:blank\`), \`title\`, \`status\`, \`detail\`, \`code\`, \`reason\`,
\`domain\`, \`request_id\` and \`details\`. A request that the server refuses before it parses HTTP has no details.
`;

const CAUSES: Readonly<Record<ErrorReason, string>> = {
  MALFORMED: "The bytes, the frames or the headers of the request cannot be read.",
  INVALID_REQUEST: "The message breaks a rule of `buf.validate`, or a value is not accepted.",
  COST_TOO_HIGH: "The request costs more than a rate limit ever allows.",
  TOO_MANY_ELEMENTS: "The message has too many list items, map entries or JSON values.",
  TOO_LARGE: "The message is larger than `BFF_MAX_REQUEST_BYTES`.",
  TOO_MANY_STREAMS:
    "The process, the caller, the connection or the socket has too many streams, or the caller opens them too fast.",
  EXPRESSION_BUDGET: "Expressions take more steps for the request than `BFF_MAX_STEPS` allows.",
  RATE_LIMITED: "A rate limit refuses the request.",
  UNKNOWN_PATH: "No rpc and no rule has this path. Over REST the code is NOT_FOUND.",
  WRONG_METHOD: "The path takes another HTTP method.",
  UNSUPPORTED_TYPE: "The content type, the encoding or the compression is not supported.",
  WRONG_HOST: "The service answers on other hosts (`FileRule.host`).",
  CREDENTIAL_MISSING: "The rpc requires a credential, and the request has none.",
  CREDENTIAL_REFUSED: "The credential is invalid, expired, revoked, or one of several.",
  CREDENTIAL_EXPIRED: "The credential expired while its stream was open.",
  NOT_PERMITTED: "The permit does not admit the caller.",
  DENIED: "An operator has denied the caller or its address.",
  LIMIT_KEY: "The key or the cost of a rate limit cannot be evaluated.",
  IDENTITY_UNAVAILABLE: "The credential cannot be verified at present.",
  LIMIT_UNAVAILABLE: "The counters of a `closed` rate limit cannot be reached.",
  OVERLOADED: "The server has too much to do, or holds too many bytes.",
  SHARE_EXCEEDED: "Too many requests of the same party wait (`fair_share`, `BFF_MAX_REQUESTS`).",
  DRAINING: "The server is about to end.",
  DEADLINE: "The time of the rpc, or of the client, is over.",
  UPSTREAM_TIMEOUT: "A critical call had no answer in time.",
  UPSTREAM_UNAVAILABLE: "The upstream of a critical call is unavailable.",
  UPSTREAM_BREAKER_OPEN: "The breaker of the upstream is open.",
  UPSTREAM_LIMITED: "The limit of calls to the upstream is full, or it is overloaded and gets a share of the calls.",
  UPSTREAM_REJECTED: "The upstream refused a critical call.",
  UPSTREAM_INVALID: "The upstream's answer is invalid, or too large.",
  STREAM_AGE: "The stream reached its `max_age`. Continue from its last token.",
  STREAM_IDLE: "The source of the stream was silent for its `idle`.",
  STREAM_SLOW: "The client has not read the stream for 10 s.",
  DECLARED: "A guard, a `fail` of a permit, or `on_error` declares this status.",
  INTERNAL: "The server has a fault. The log has the cause.",
};

/** Returns the text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_REASONS).map(([reason, codes]: [string, readonly string[]]) => {
    const names = codes.length === 0 ? "as declared" : codes.join(", ");
    return `| \`${reason}\` | ${names} | ${CAUSES[reason as ErrorReason]} |`;
  });
  return `${INTRODUCTION}\n| reason | code | cause |\n|---|---|---|\n${rows.join("\n")}\n`;
}
