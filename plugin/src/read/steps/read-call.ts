import type { Batch, Call } from "@protobff/messages/options.js";
import { fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrBatch, IrCall } from "../../ir/step.ts";
import { checkMethod, checkReference } from "../values/names.ts";
import { child, count, type Declared, expression, sourced, text } from "../values/values.ts";
import { readBinds } from "./read-binds.ts";
import { readPolicy } from "./read-policy.ts";
import { readShardKey } from "./read-shards.ts";

export function readCall({ value, place }: Declared<Call>, report: Report): IrCall {
  const batch = child(value.batch, place, "batch");
  const shard = child(value.shard, place, "shard");
  const call: IrCall = {
    kind: "call",
    at: place.at,
    method: text(value.method, place, "method"),
    set: readBinds(value.set, place, "set", "request field", report),
    request: expression(value.request, place, "request", report),
    policy: readPolicy({ value, place }, report),
    batch: batch && readBatch(batch, report),
    shard: shard && readShardKey(shard, report),
  };
  if (call.method === undefined) {
    fault(report, "BFF117", place.at, {
      message: 'this call has no "method"',
      hint: 'add `method: "package.Service/Method"`',
    });
  }
  checkMethod(call.method, report);
  const keys = call.batch?.name;
  const set = call.set.find((bind) => keys !== undefined && bind.name?.value === keys.value)?.name;
  if (keys !== undefined && set !== undefined) {
    fault(report, "BFF108", set.at, {
      message: `the request field "${keys.value}" is set twice`,
      related: [{ at: keys.at, message: "the batch sets it to the keys" }],
      hint: "leave it out of `set`",
    });
  }
  return call;
}

function readBatch({ value, place }: Declared<Batch>, report: Report): IrBatch {
  const batch: IrBatch = {
    at: place.at,
    name: text(value.name, place, "name"),
    by: expression(value.by, place, "by", report),
    items: text(value.items, place, "items"),
    key: text(value.key, place, "key"),
    keyBy: expression(value.keyBy, place, "key_by", report),
    wrap: expression(value.wrap, place, "wrap", report),
    many: sourced(value.many, place, "many"),
    max: count(value.max, place, "max", "write the maximum number of keys in one call", report),
  };
  const missing = (["name", "by", "items"] as const).filter((part) => batch[part] === undefined);
  if (missing.length > 0) {
    fault(report, "BFF118", place.at, {
      message: `this batch has no ${missing.map((part) => `"${part}"`).join(", ")}`,
      hint: "set the request field for the keys (`name`), the key (`by`) and the response field with the items (`items`)",
    });
  }
  if (batch.key !== undefined && batch.keyBy !== undefined)
    fault(report, "BFF173", batch.keyBy.at, {
      message: 'this batch has a "key" and a "key_by"',
      related: [{ at: batch.key.at, message: "the field with the key" }],
      hint: "leave out one of them",
    });
  checkReference(batch.name, "a request field", report);
  checkReference(batch.items, "a response field", report);
  checkReference(batch.key, "a field of the items", report);
  return batch;
}
