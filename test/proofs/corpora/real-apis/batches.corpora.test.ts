// A batch over an API that was not made for ours: many keys of etcd in one transaction, wrapped on their way out, found again inside of the
// answers. The protos are those of etcd3's package of npm; a server by grpc-js and protobuf.js answers as etcd documents.
import { rmSync } from "node:fs";
import { GrpcClient } from "@protobff/runtime";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../../../../packages/server/src/listen.ts";
import { type Plain, startGates } from "../../../support/upstreams/gates-grpc-js.ts";
import { endpoints, generate } from "../../load/generate-bff.ts";
import { FAMILIES, protosOf } from "./packages.ts";

const APP = `syntax = "proto3";
package app.v1;
import "bff/v1/options.proto";
import "rpc.proto";
service AppService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page);
}
message GetPageRequest { repeated bytes keys = 1; }
message Page {
  option (bff.v1.message) = { let: [
    { name: "values" each: { var: "key" in: "args.keys" max: 50 compose: { message: "Value" args: { name: "key" by: "key" } } } }
  ] };
  repeated Value values = 1 [(bff.v1.field).by = "values"];
}
message Value {
  option (bff.v1.message) = { let: {
    name: "found"
    call: { method: "etcdserverpb.KV/Txn" read_only: true
            batch: { name: "success" by: "args.key" max: 3
                     wrap: "etcdserverpb.RequestOp{request_range: etcdserverpb.RangeRequest{key: key}}"
                     items: "responses"
                     key_by: "item.response_range.kvs.size() > 0 ? item.response_range.kvs[0].key : b''" } }
  } };
  bytes key = 1 [(bff.v1.field).by = "args.key"];
  optional bytes value = 2 [(bff.v1.field).by = "found.response_range.kvs[0].value"];
}
`;

/** The family's protos that these need. */
function protos(): Readonly<Record<string, string>> {
  const all = Object.entries(protosOf(FAMILIES.find(({ name }) => name === "etcd")!));
  return Object.fromEntries(
    all.filter(([name]) => /^(rpc|kv|auth|google\/api\/(annotations|http))\.proto$/.test(name)),
  );
}
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const STORED: Readonly<Record<string, string>> = { a: "one", b: "two", "ünï\u0000": "three", d: "four" };

/** As etcd answers a transaction of ranges: an answer for each, in their order, without pairs where there is no such key. */
function txn({ success }: Plain): Plain {
  const ranges = (success as { request_range: { key: Buffer } }[]).map(({ request_range: { key } }) => key);
  const responses = ranges.map((key) => {
    const value = STORED[key.toString()];
    const kvs = value === undefined ? [] : [{ key, value: Buffer.from(value), version: 1 }];
    return { response_range: { kvs, count: kvs.length } };
  });
  return { succeeded: true, responses };
}

test("transactions of at most `max` keys read each key of etcd once, and a missing key is absent", async () => {
  const upstreams = protos();
  const keysOf = ({ success }: Plain): string[] =>
    (success as { request_range: { key: Buffer } }[]).map(({ request_range: { key } }) => key.toString());
  const gates = await startGates(upstreams, (request) => keysOf(request).join());
  const bff = {
    name: "real-batches",
    protos: { ...upstreams, "app/v1/app.proto": APP },
    targets: ["app/v1/app.proto"],
  };
  const dir = generate(bff, false);
  const client = new GrpcClient(gates.url);
  const server = await listen(await endpoints(bff, dir, client, {}, {}));
  onTestFinished(async () => {
    await server.close();
    await client.close();
    gates.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const keys = ["a", "b", "a", "none", "ünï\u0000", "d"];
  const answer = fetch(`${server.url}/app.v1.AppService/GetPage`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ keys: keys.map(base64) }),
  });
  const calls = await Promise.all([1, 2].map(() => gates.take(() => true)));
  expect([...gates.log].sort()).toEqual(["> Txn a,b,none", "> Txn ünï\u0000,d"]);
  for (const call of calls) call.answer(txn(call.request));
  const values = keys.map((key) => ({ key: base64(key), ...(key in STORED && { value: base64(STORED[key] ?? "") }) }));
  expect(await (await answer).json()).toEqual({ values });
}, 120_000);
