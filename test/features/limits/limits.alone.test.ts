// Limits of a generated server, over the wire: what is refused, how clients of other hands learn of it, and that no upstream does.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { QuotaFailureSchema, RetryInfoSchema } from "@protobff/messages/google/rpc/error_details_pb.js";
import { StatusSchema } from "@protobff/messages/google/rpc/status_pb.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Issuer, startIssuer } from "../../../examples/dashboard/issuer.ts";
import { GeneratedProject } from "../../support/generated-project.ts";

const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "up/v1/up.proto";
option (bff.v1.file) = {
  env: { name: "ISSUER" type: "string" }
  identity: {
    type: "app.v1.Person"
    source: { name: "user" jwt: { issuer: "{env.ISSUER}" audience: "app" } set: { name: "id" by: "credential.subject" } }
  }
  rate_limit: { name: "arrival" if: "headers['x-run'] != ''" key: "peer.address + headers['x-run']" rate: 3 per: "1d" }
  upstream: { retry: { attempts: 1 } }
};
message Person { string id = 1; optional string team = 2; }
service App {
  option (bff.v1.service).permit = {};
  rpc Get(Request) returns (Page) {
    option (bff.v1.method).rate_limit = { name: "user" key: "principal.id" rate: 2 per: "1d" };
  }
  rpc Spend(Request) returns (Page) {
    option (bff.v1.method).rate_limit = {
      name: "tokens" key: "principal.id" rate: 100 per: "month" cost: "args.most" settle: "result.used"
    };
  }
  rpc ByTeam(Request) returns (Page) {
    option (bff.v1.method).rate_limit = { name: "team" key: "principal.team" rate: 2 per: "1d" };
  }
}
service Open {
  option (bff.v1.service).permit.public = true;
  rpc Look(Request) returns (Page) {
    option (bff.v1.method).rate_limit = { name: "known" key: "principal.id" if: "ok(principal)" rate: 1 per: "day" };
  }
}
message Request { string id = 1; int32 most = 2; }
message Page {
  option (bff.v1.message).let = { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } };
  string name = 1 [(bff.v1.field).by = "item.name"];
  int32 used = 2 [(bff.v1.field).by = "size(item.name)"];
}
`;

const project = new GeneratedProject("limits", { "app/v1/app.proto": APP });
let issuer: Issuer;
beforeAll(async () => {
  project.generate();
  const accounts = Object.fromEntries(["ann", "bob", "cat", "dan"].map((id) => [id, { name: id, claims: {} }]));
  issuer = await startIssuer({ accounts, client: { id: "app", redirectUri: () => "http://127.0.0.1/" } });
}, 60_000);
afterAll(async () => {
  project.remove();
  await issuer?.close();
});

async function started() {
  const calls: string[] = [];
  const getItem = ({ id }: { readonly id: string }) => {
    calls.push(id);
    return { name: id };
  };
  const server = await project.served(
    "app/v1/server.ts",
    { "up.v1.ItemService/GetItem": getItem },
    { ISSUER: issuer.url },
  );
  return { ...server, calls };
}
const as = async (who: string) => ({ authorization: `Bearer ${await issuer.token(who, "app")}` });

/** What a proxy, a script, a person sees: status line and headers by name, and the body. */
async function curl(url: string, headers: Readonly<Record<string, string>>, body: object) {
  const lines = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const args = ["-sS", "-i", "-H", "content-type: application/json", ...lines, "-d", JSON.stringify(body), url];
  const { stdout } = await promisify(execFile)("curl", args);
  const [head = "", text = ""] = stdout.split("\r\n\r\n");
  const [status = "", ...rest] = head.split("\r\n");
  const pairs = rest.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]);
  return { status, headers: Object.fromEntries(pairs) as Readonly<Record<string, string>>, body: JSON.parse(text) };
}

test("the third request at a limit of two gets 429 with retry headers, and makes no upstream call", async () => {
  const { post, calls, url } = await started();
  const ann = await as("ann");
  for (const id of ["a", "b"])
    expect(await post("app.v1.App/Get", { id }, { headers: ann })).toMatchObject({ status: 200 });
  const refused = await curl(`${url}/app.v1.App/Get`, ann, { id: "c" });
  expect(refused.status).toMatch(/^HTTP\/1\.1 429 /);
  // A day for two: one is free again after half of it.
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(43_000);
  expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(43_200 * 1.1 + 1);
  expect(refused.headers["ratelimit-policy"]).toBe('"user";q=2;w=86400');
  expect(refused.headers.ratelimit).toMatch(/^"user";r=0;t=43[12]\d\d$/);
  expect(refused.body).toMatchObject({ code: "resource_exhausted", message: "too many requests" });
  expect(refused.body.details.map(({ type }: { readonly type: string }) => type)).toEqual([
    "google.rpc.ErrorInfo",
    "google.rpc.RetryInfo",
    "google.rpc.QuotaFailure",
    "google.rpc.RequestInfo",
  ]);
  expect(calls).toEqual(["a", "b"]);
  // Others are others.
  expect(await post("app.v1.App/Get", { id: "d" }, { headers: await as("bob") })).toMatchObject({ status: 200 });
}, 60_000);

test("grpc-js reads RESOURCE_EXHAUSTED with RetryInfo, QuotaFailure and the time to wait", async () => {
  const { post, calls, url } = await started();
  const ann = await as("ann");
  for (const id of ["a", "b"]) await post("app.v1.App/Get", { id }, { headers: ann });
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  const metadata = new grpc.Metadata();
  metadata.set("authorization", ann.authorization);
  const { promise, resolve } = Promise.withResolvers<grpc.ServiceError | null>();
  const bytes = (message: Buffer): Buffer => message;
  client.makeUnaryRequest("/app.v1.App/Get", bytes, bytes, Buffer.alloc(0), metadata, resolve);
  const error = await promise;
  client.close();
  expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  const [details] = error?.metadata.get("grpc-status-details-bin") ?? [];
  const status = fromBinary(StatusSchema, details as Buffer);
  const [, retry, quota] = status.details.map(({ value }) => value);
  const seconds = Number(fromBinary(RetryInfoSchema, retry as Uint8Array).retryDelay?.seconds);
  expect(seconds).toBeGreaterThan(43_000);
  expect(fromBinary(QuotaFailureSchema, quota as Uint8Array).violations).toMatchObject([{ quotaId: "app.v1/user" }]);
  expect(Number(error?.metadata.get("grpc-retry-pushback-ms")[0])).toBeGreaterThan(43_000_000);
  expect(calls).toEqual(["a", "b"]);
}, 60_000);

test("a limit by address refuses before credentials are verified, and counts requests without credentials", async () => {
  const { post, calls } = await started();
  const run = { "x-run": "early" };
  for (let i = 0; i < 3; i++) expect(await post("app.v1.App/Get", {}, { headers: run })).toMatchObject({ status: 401 });
  expect(await post("app.v1.App/Get", {}, { headers: run })).toMatchObject({ status: 429 });
  const ann = await as("ann");
  expect(await post("app.v1.App/Get", {}, { headers: { ...run, ...ann } })).toMatchObject({ status: 429 });
  expect(calls).toEqual([]);
  // What was refused there has not been charged to ann.
  for (const id of ["a", "b"])
    expect(await post("app.v1.App/Get", { id }, { headers: ann })).toMatchObject({ status: 200 });
}, 60_000);

test("a budget reserves the maximum and returns the unused part; a request above the budget is the client's fault", async () => {
  const { post, calls } = await started();
  const cat = { headers: await as("cat") };
  // 90 are taken, and 3 used: then 90 fit again.
  expect(await post("app.v1.App/Spend", { id: "abc", most: 90 }, cat)).toMatchObject({
    status: 200,
    body: { used: 3 },
  });
  expect(await post("app.v1.App/Spend", { id: "abcd", most: 90 }, cat)).toMatchObject({ status: 200 });
  expect(await post("app.v1.App/Spend", { id: "x", most: 94 }, cat)).toMatchObject({ status: 429 });
  expect(await post("app.v1.App/Spend", { id: "x", most: 101 }, cat)).toMatchObject({
    status: 400,
    body: { code: "invalid_argument" },
  });
  expect(await post("app.v1.App/Spend", { id: "x".repeat(50), most: -5 }, cat)).toMatchObject({ status: 200 });
  expect(await post("app.v1.App/Spend", { id: "x", most: 44 }, cat)).toMatchObject({ status: 429 });
  expect(calls).toHaveLength(3);
}, 60_000);

test("a missing key refuses every request", async () => {
  const { post, calls } = await started();
  expect(await post("app.v1.App/ByTeam", { id: "a" }, { headers: await as("ann") })).toMatchObject({ status: 403 });
  expect(calls).toEqual([]);
}, 60_000);

test("a limit over the principal does not count anonymous callers of a public rpc", async () => {
  const { post } = await started();
  for (let i = 0; i < 3; i++) expect(await post("app.v1.Open/Look", { id: "a" })).toMatchObject({ status: 200 });
  const dan = { headers: await as("dan") };
  expect(await post("app.v1.Open/Look", { id: "a" }, dan)).toMatchObject({ status: 200 });
  expect(await post("app.v1.Open/Look", { id: "a" }, dan)).toMatchObject({ status: 429 });
}, 60_000);
