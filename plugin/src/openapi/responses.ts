// Responses of an rpc besides its message: statuses, and their headers.

import { codeName } from "../faults/index.ts";
import { type Json, type JsonObject, only } from "../json-schema/json.ts";
import type { Schemas } from "../json-schema/schemas.ts";
import type { PlanRateLimit } from "../plan/model/limits.ts";
import type { PlanMethod } from "../plan/model/plan.ts";
import { amountText } from "../text/amount.ts";

const CODES =
  "canceled unknown invalid_argument deadline_exceeded not_found already_exists permission_denied resource_exhausted failed_precondition aborted out_of_range unimplemented internal unavailable data_loss unauthenticated".split(
    " ",
  );

/** Error of Connect (https://connectrpc.com/docs/protocol#error-end-stream). */
const CONNECT_ERROR: JsonObject = {
  type: "object",
  properties: {
    code: { type: "string", enum: CODES },
    message: { type: "string" },
    details: {
      type: "array",
      items: {
        type: "object",
        properties: {
          type: { type: "string", description: "The full name of a message." },
          value: { type: "string", contentEncoding: "base64" },
          debug: {},
        },
        required: ["type", "value"],
      },
    },
  },
  required: ["code"],
};
const DETAILS: JsonObject = {
  type: "array",
  items: {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
    additionalProperties: true,
  },
};
/** google.rpc.Status as ProtoJSON. */
const STATUS: JsonObject = {
  type: "object",
  properties: {
    code: { type: "integer", format: "int32", description: "A value of google.rpc.Code." },
    message: { type: "string" },
    details: DETAILS,
  },
};

/** A problem (RFC 9457). */
const PROBLEM: JsonObject = {
  type: "object",
  properties: {
    type: { type: "string", const: "about:blank" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "integer", format: "int32", description: "A value of google.rpc.Code." },
    reason: { type: "string" },
    domain: { type: "string" },
    request_id: { type: "string" },
    details: DETAILS,
  },
  required: ["type", "title", "status", "code"],
};

const text = (description: string): JsonObject => ({ description, schema: { type: "string" } });

/** Headers of a response to a GET that HTTP caches keep. */
const TAGGED: JsonObject = {
  etag: text("Names this answer."),
  "cache-control": text("For how long it may be used again, and by whom."),
  vary: text("The headers of the request that it depends on."),
};

export interface ResponseContext {
  readonly schemas: Schemas;
  /** Codes that the rpc's guards and `on_error` answer, as numbers of google.rpc.Code. */
  readonly codes: readonly number[];
}

type Face = "connect" | "events" | "rest";

/** How the rpc is called. */
interface CallForm {
  readonly face: Face;
  readonly verb?: string;
  /** For a path of google.api.http. */
  readonly hasBody?: boolean;
}

/** `responses`; the error's body depends on how the rpc was called. */
export function responsesOf(
  planned: PlanMethod,
  { face, verb, hasBody = false }: CallForm,
  ok: JsonObject,
  { schemas, codes }: ResponseContext,
): JsonObject {
  const content = errorContent(face, schemas);
  const failed = (description: string, headers: JsonObject = {}): JsonObject =>
    only({ description, headers: Object.keys(headers).length === 0 ? undefined : headers, content });
  const { method, message } = planned;
  const limits = refusing(planned);
  const closed = method.permit !== undefined && method.permit.public === undefined;
  const ends = endsOf(planned);
  const degradable = message.degradable || method.degradedField !== undefined;
  const tagged = verb === "get" && planned.http !== undefined;
  const computed = computedHeaders(planned);
  const headers = {
    ...ends,
    ...computed,
    ...(tagged && TAGGED),
    ...(degradable && {
      "bff-degraded": text("Which parts of the answer are missing, or otherwise touched by a failure."),
    }),
  };
  const fixed: JsonObject = {
    "200": only({
      description: "The answer.",
      headers: Object.keys(headers).length === 0 ? undefined : headers,
      content: { "application/json": { schema: ok } },
    }),
    ...(tagged && {
      "304": { description: "The answer is the one that `if-none-match` names.", headers: { ...computed, ...TAGGED } },
    }),
    "400": failed(
      planned.validated === undefined ? "The request is malformed." : "The request is malformed, or breaks a rule.",
      ends,
    ),
    ...(closed && { "401": failed("No credential, or none that counts.", ends) }),
    ...((closed || limits.length > 0) && { "403": failed("The caller is not allowed.", ends) }),
    ...(face === "connect" && { "415": UNREAD }),
    ...(face === "events" && { "415": failed("`encoding` in the query is neither `json` nor `proto`.", ends) }),
    ...(hasBody && { "415": failed("The body is not `application/json`, or in no encoding that is read.", ends) }),
    ...(limits.length > 0 && { "429": failed(limitText(limits), { ...ends, ...LIMITED }) }),
    "503": failed("An upstream that the answer needs cannot be reached.", ends),
    "504": failed(
      `The answer has not been there within ${planned.method.timeout.env === undefined ? `${planned.method.timeout.value} ms` : amountText(planned.method.timeout)}, or the client's own deadline.`,
      ends,
    ),
    default: failed("Another failure.", ends),
  };
  return withDeclared(fixed, codes, (description) => failed(description, ends));
}

function errorContent(face: Face, schemas: Schemas): JsonObject {
  if (face !== "rest") return { "application/json": { schema: schemas.add("connect.Error", CONNECT_ERROR) } };
  return {
    "application/json": { schema: schemas.add("google.rpc.Status", STATUS) },
    "application/problem+json": { schema: schemas.add("bff.v1.Problem", PROBLEM) },
  };
}

/** Returns the headers that the rpc computes for its answers. */
export function computedHeaders({ headers }: PlanMethod): JsonObject {
  const all = headers?.of.headers ?? [];
  return Object.fromEntries(all.map(({ name }) => [name, text("Computed for each answer; left out if it is empty.")]));
}

/** Returns the headers of all answers about the end of the rpc, and of fields of its request. */
function endsOf({ version, deprecatedFields }: PlanMethod): JsonObject {
  const dates = (version?.headers ?? []).flatMap((name, i, all) =>
    i % 2 === 1 ? [] : [[name, { ...text(ENDS[name] ?? ""), example: all[i + 1] ?? "" }] as const],
  );
  return {
    ...Object.fromEntries(dates),
    ...(deprecatedFields !== undefined && {
      "bff-deprecated-fields": text("The deprecated fields that the request sets, 20 at most."),
    }),
  };
}

/**
 * Adds the statuses of codes that the rpc declares. Only 400 gets their names as well, because the other statuses are
 * clear enough.
 */
function withDeclared(
  fixed: JsonObject,
  codes: readonly number[],
  failed: (description: string) => JsonObject,
): JsonObject {
  const all: Record<string, Json> = { ...fixed };
  for (const [status, of] of Map.groupBy(
    codes.toSorted((a, b) => a - b),
    (code) => HTTP_STATUSES[code] ?? 500,
  )) {
    const names = `A guard or \`on_error\` answers ${of.map(codeName).join(" or ")}.`;
    const response = fixed[status] as JsonObject | undefined;
    if (response === undefined) all[status] = failed(names);
    else if (status === 400) all[status] = { ...response, description: `${response.description} ${names}` };
  }
  return all;
}
/** By number of google.rpc.Code (google/rpc/code.proto; Connect's are the same). */
const HTTP_STATUSES = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** Connect has no body for it (https://connectrpc.com/docs/protocol#unary-request). */
const UNREAD: JsonObject = {
  description: "The content type, or `encoding` in the query, is none that rpcs are read in.",
};

const ENDS: Readonly<Record<string, string>> = {
  deprecation: "Since when it is deprecated (RFC 9745).",
  sunset: "When it may be gone (RFC 8594).",
  link: "The successor (RFC 5829).",
};
const LIMITED: JsonObject = {
  "retry-after": { description: "Seconds until it would pass.", schema: { type: "integer", minimum: 0 } },
  ratelimit: text("The remaining quota of the limits that refuse, and the time of its reset."),
  "ratelimit-policy": text("The limits that refuse."),
};

/** The limits of an rpc that refuse requests. */
function refusing({ limits }: PlanMethod): readonly PlanRateLimit[] {
  const all = [...(limits?.early ?? []), ...(limits?.late ?? [])].map(({ limit }) => limit);
  return all.filter(({ dryRun }) => !dryRun);
}

function limitText(limits: readonly PlanRateLimit[]): string {
  const all = limits.map(
    ({ name, rate, per }) =>
      `${name} (${amountText(rate, "count")} per ${typeof per === "string" ? per : amountText(per)})`,
  );
  return `Too many requests: ${[...new Set(all)].join(", ")}.`;
}
