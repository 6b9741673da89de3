// Holds docs/errors.md: details of every error, by every protocol.
import { create, createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema, RequestInfoSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { systemClock } from "@protobff/runtime/internal/clock";
import { ERROR_REASONS, type ErrorReason, errorInfo } from "@protobff/runtime/internal/error-info";
import { type Failure, Code as FailureCode, refusal } from "@protobff/runtime/internal/failure";
import { Limits } from "@protobff/runtime/internal/limits/limits";
import { BEARER, type GateOptions, GateService, gate, sourceOf } from "@protobff/runtime/internal/testing/gate-rig";
import { testStream } from "@protobff/runtime/internal/testing/test-streams";
import { describe, expect, test } from "vitest";
import { combinations, ours } from "./testing/all-protocols.ts";
import { errorTypeFor, problemJson } from "./transcoding/status.ts";

const SOURCES = [sourceOf("user", BEARER)];
const ANN = "Bearer user-ann";

interface Case {
  readonly reason: ErrorReason;
  readonly authorization?: string;
  readonly gate?: Partial<GateOptions>;
  readonly size?: number;
}
const throws = (failure: Failure) => ({ compose: () => Promise.reject(failure) });
const CASES: readonly Case[] = [
  { reason: "CREDENTIAL_MISSING" },
  { reason: "CREDENTIAL_REFUSED", authorization: "Bearer user-bad" },
  { reason: "IDENTITY_UNAVAILABLE", authorization: "Bearer user-away" },
  { reason: "NOT_PERMITTED", authorization: ANN, gate: { permit: { scopes: ["write"] } } },
  {
    reason: "NOT_PERMITTED",
    authorization: ANN,
    gate: { permit: { check: () => Promise.reject(refusal(FailureCode.PERMISSION_DENIED)) } },
  },
  {
    reason: "DECLARED",
    authorization: ANN,
    gate: { permit: { check: () => Promise.reject(refusal(FailureCode.NOT_FOUND)) } },
  },
  { reason: "DECLARED", authorization: ANN, gate: throws(refusal(FailureCode.ABORTED)) },
  { reason: "TOO_LARGE", authorization: ANN, size: 3_000 },
  { reason: "INTERNAL", authorization: ANN, gate: { unwritable: true } },
];

describe.each(combinations.filter(({ server }) => !server.startsWith("a server")))(
  "$protocol over HTTP/$over, $server",
  ({ serve, transport }) => {
    test.each(CASES)("the reason $reason", async (row) => {
      const { authorization, gate: options, size = 0 } = row;
      const rig = await gate({ sources: SOURCES, ...options });
      const { url } = await serve(rig.endpoint, { maxRequestBytes: 2_000 });
      const headers: Record<string, string> = { "x-request-id": "r-7", ...(authorization && { authorization }) };
      const error = await failureOf(transport(url, []), headers, size);
      const [info, ...more] = error.findDetails(ErrorInfoSchema);
      expect([info?.reason, info?.domain, more.length]).toEqual([row.reason, "bff.v1", 0]);
      expect(error.findDetails(RequestInfoSchema).map(({ requestId }) => requestId)).toEqual(["r-7"]);
      expect(error.metadata.get("x-request-id") ?? "r-7").toBe("r-7");
    });
    test("a declared ErrorInfo is the only one", async () => {
      const declared = errorInfo("UNKNOWN_PATH");
      const rig = await gate({ sources: SOURCES, ...throws(refusal(FailureCode.ABORTED, "no", [declared])) });
      const { url } = await serve(rig.endpoint);
      const error = await failureOf(transport(url, []), { authorization: ANN }, 0);
      expect(error.findDetails(ErrorInfoSchema).map(({ reason }) => reason)).toEqual(["UNKNOWN_PATH"]);
    });
  },
);

async function failureOf(transport: Transport, headers: Record<string, string>, size: number): Promise<ConnectError> {
  const client = createClient(GateService, transport);
  try {
    await client.get({ fileName: "x".repeat(size) }, { headers });
  } catch (error) {
    const failure = ConnectError.from(error);
    const [info] = failure.findDetails(ErrorInfoSchema);
    const codes: readonly string[] = ERROR_REASONS[info?.reason as ErrorReason] ?? [];
    const name = Object.entries(FailureCode).find(([, code]) => code === (failure.code as number))?.[0];
    if (codes.length > 0 && info?.domain === "bff.v1" && info.reason !== "UNKNOWN_PATH") expect(codes).toContain(name);
    return failure;
  }
  return expect.fail("answered");
}

describe("REST", () => {
  async function rest(headers: Record<string, string>, path = "/gate") {
    const { endpoint } = await gate({ sources: SOURCES });
    const { url } = await ours([{ ...endpoint, rest: [{ method: "GET", segments: ["gate"] }] }]);
    const response = await fetch(`${url}${path}`, { headers: { "x-request-id": "r-7", ...headers } });
    return { response, body: (await response.json()) as Record<string, unknown> };
  }
  test.each(["/gate", "/none"])("an error of %s is a google.rpc.Status by default", async (path) => {
    const { response, body } = await rest({}, path);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("vary")).toContain("accept");
    expect(body).toMatchObject({
      code: path === "/gate" ? Code.Unauthenticated : Code.NotFound,
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", domain: "bff.v1" },
        { "@type": "type.googleapis.com/google.rpc.RequestInfo", requestId: "r-7" },
      ],
    });
  });
  test.each([
    ["/gate", 401, "Unauthorized", "CREDENTIAL_MISSING"],
    ["/none", 404, "Not Found", "UNKNOWN_PATH"],
  ])("an error of %s is a problem (RFC 9457) by request", async (path, status, title, reason) => {
    const { response, body } = await rest({ accept: "application/problem+json, application/json" }, path);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(body).toMatchObject({ type: "about:blank", title, status, reason, domain: "bff.v1", request_id: "r-7" });
  });
  test("a problem has the reason of a declared detail", () => {
    const value = create(ErrorInfoSchema, { reason: "NO_SAMPLE", domain: "lab" });
    const error = new ConnectError("no such sample", Code.NotFound, undefined, [{ desc: ErrorInfoSchema, value }]);
    const bytes = problemJson(error, 404, createRegistry());
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({ reason: "NO_SAMPLE", domain: "lab" });
  });
  test("a declared detail without JSON has its bytes", () => {
    const error = new ConnectError("wait", Code.Unavailable, undefined, [
      { desc: RetryInfoSchema, value: { retryDelay: { seconds: 315_576_000_001n } } },
    ]);
    const problem = JSON.parse(new TextDecoder().decode(problemJson(error, 503, createRegistry())));
    expect(problem.details).toEqual([{ "@type": "type.googleapis.com/google.rpc.RetryInfo", value: "CgcIgbyuzpcJ" }]);
  });
  test("a wrong method has a reason", async () => {
    const { endpoint } = await gate({ sources: SOURCES });
    const { url } = await ours([{ ...endpoint, rest: [{ method: "GET", segments: ["gate"] }] }]);
    const response = await fetch(`${url}/gate`, { method: "DELETE" });
    expect([response.status, await response.json()]).toMatchObject([
      405,
      { details: [{ reason: "WRONG_METHOD" }, {}] },
    ]);
  });
  test.each([
    [undefined, "application/json"],
    ["*/*", "application/json"],
    ["application/problem+json", "application/problem+json"],
    ["application/problem+json, */*", "application/problem+json"],
    ["application/problem+json;q=0.5, */*", "application/json"],
    ["application/problem+json;q=0.5, */*;q=0.1", "application/problem+json"],
    ["application/json, application/problem+json;q=0.9", "application/json"],
    ["application/problem+json;q=0", "application/json"],
    ["Application/Problem+JSON", "application/problem+json"],
    ["application/problem+json; q=x", "application/json"],
  ] as const)("accept %s gets %s (RFC 9110, 12.5.1)", (accept, type) => {
    expect(errorTypeFor(accept)).toBe(type);
  });
});

describe("limits and streams", () => {
  test("a refusal by a limit has the wait before a retry, in all forms", async () => {
    const limit = { name: "few", package: "test.v1", rate: 1, per: 60_000, burst: 1 };
    const counters = new Limits({ clock: systemClock, fault: () => {} });
    const limits = { counters, early: [{ limit, key: () => "all" }], late: [] };
    const { endpoint } = await gate({ sources: SOURCES, limits });
    const { url } = await ours([endpoint]);
    const transport = createGrpcTransport({ baseUrl: url });
    const client = createClient(GateService, transport);
    await client.get({}, { headers: { authorization: ANN } });
    const error = await failureOf(transport, { authorization: ANN }, 0);
    const [retry] = error.findDetails(RetryInfoSchema);
    const ms = Number(retry?.retryDelay?.seconds) * 1000 + Number(retry?.retryDelay?.nanos) / 1e6;
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "RATE_LIMITED", domain: "bff.v1" }]);
    expect([String(ms), String(Math.ceil(ms / 1000))]).toEqual([
      error.metadata.get("grpc-retry-pushback-ms"),
      error.metadata.get("retry-after"),
    ]);
  });

  const reasonIn = (text: string): unknown => {
    const [{ value }] = (JSON.parse(text) as { details: [{ value: string }] }).details;
    return Buffer.from(value, "base64").toString("latin1");
  };
  test("an error of server-sent events has its details", async () => {
    const stream = testStream((it) => it.follower.failed(refusal(FailureCode.NOT_FOUND), undefined, undefined));
    const { url } = await ours([{ ...stream, route: () => {} }]);
    const path = `/${stream.method.parent.typeName}/${stream.method.name}?encoding=json&message={}`;
    const response = await fetch(url + path, { headers: { accept: "text/event-stream" } });
    expect(reasonIn(await response.text())).toContain("DECLARED");
  });
  test("an error over a WebSocket has its details", async () => {
    const stream = testStream();
    const { port } = await ours([{ ...stream, route: () => {} }]);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/bff.v1/follow`, ["bff.v1.json"]);
    await new Promise((opened) => socket.addEventListener("open", opened));
    const { promise, resolve } = Promise.withResolvers<unknown>();
    socket.addEventListener("message", ({ data }) => {
      const { error } = JSON.parse(String(data)) as { error?: unknown };
      if (error !== undefined) resolve(error);
    });
    socket.send(JSON.stringify({ id: 1, follow: "none.v1.None/Get" }));
    expect(reasonIn(JSON.stringify(await promise))).toContain("UNKNOWN_PATH");
    socket.close();
  });
});
