// The oracle, a third implementation that judges finished responses, accepts every frozen case that it can read: unary
// rpcs without retries, hedges and caches, outside of functions of CEL. It needs no server: the upstreams' rules give the
// ends of calls.
import { type DescMethod, fromJson, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import type { Case, Expected } from "../../../../packages/conformance/src/case.ts";
import { scriptOf } from "../../../../packages/conformance/src/play.ts";
import { ruleOf } from "../../../../packages/conformance/src/stage.ts";
import { methodOf, readSuite } from "../../../../packages/conformance/src/suite.ts";
import { selected } from "../../../../packages/conformance/src/upstreams.ts";
import { readIr } from "../../../../plugin/src/read/read-ir.ts";
import { schemaOf } from "../../../support/request.ts";
import { broken, status } from "../../oracle/faults.ts";
import { checkAnswer } from "../../oracle/oracle.ts";
import type { LoggedCall } from "../../oracle/outcomes.ts";
import type { Got } from "../../oracle/verdict.ts";
import { suiteProtos, suiteRequest } from "./suite-protos.ts";

const suite = readSuite();
const schema = schemaOf(suiteRequest());
const protos = suiteProtos();
const ir = readIr(
  schema,
  (name) => protos[name],
  () => {},
);
const { registry } = schema;
/** The oracle reads neither `l[?0]` nor details of errors, sends every item of a list, and leaves CEL to a library. */
const UNREADABLE =
  /^(policies|expressions|rest|json|callers|limits|answers|sides|breakers|resume|live|streams\.StreamService|streams\.PartsService\/Parts|.*\/(GetCopies|GetPresence|GetDetail|Enough)$)/;
/** gRPC's code for a stream that was reset with INTERNAL_ERROR. */
const INTERNAL = 13;

/** The log of a case's calls. @param most whether calls that may have been made were made */
function logOf(element: Case, most: boolean): readonly LoggedCall[] {
  const script = scriptOf(suite, element);
  return Object.entries(element.calls).flatMap(([key, expected]) => {
    const method = key.slice(0, key.indexOf(" "));
    const request = JSON.parse(key.slice(method.length + 1)) as JsonObject;
    const [least, greatest] = typeof expected === "number" ? [expected, expected] : expected;
    const { fail, reset, ...rule } = ruleOf(script, method, request);
    const desc = methodOf(registry, `up.v1.${method}`);
    const message = toBinary(desc.input, fromJson(desc.input, request));
    const failing = reset === undefined ? fail && status(fail.code, fail.message ?? "made to fail") : broken(INTERNAL);
    const ok = toBinary(desc.output, fromJson(desc.output, selected(rule, request), { registry }));
    const beside = { header: rule.headers ?? {}, trailer: rule.trailers ?? {} };
    const outcome = failing ? { failed: { ...failing, upstream: desc.parent.typeName } } : { ok, beside };
    const count = most ? greatest : least;
    return Array.from({ length: count }, (): LoggedCall => ({ method: `up.v1.${method}`, message, outcome }));
  });
}

function gotOf(desc: DescMethod, { status: end, answer = {}, degraded, headers }: Expected): Got {
  if (end !== undefined) return { kind: "status", code: end.code, message: end.message ?? "" };
  const entries = degraded?.map((line) => {
    const [path = "", effect, reason, ...rest] = line.split(" ");
    const count = /^x(\d+)$/.exec(rest.at(-1) ?? "")?.[1];
    const upstream = (count === undefined ? rest : rest.slice(0, -1)).join(" ");
    return { path, effect: `EFFECT_${effect}`, reason: `REASON_${reason}`, upstream, count: Number(count ?? 0) };
  });
  const message = toBinary(
    desc.output,
    fromJson(desc.output, { ...(answer as JsonObject), ...(entries && { degraded: entries }) }, { registry }),
  );
  return { kind: "answer", message, degradedHeader: headers?.["bff-degraded"] };
}

/** Returns the oracle's objection. */
function objection(element: Case): string | undefined {
  const desc = methodOf(registry, `conformance.${element.rpc}`);
  const request = fromJson(desc.input, element.request ?? {}, { registry });
  const headers = new Map(Object.entries(element.headers_sent ?? {}));
  const check = (most: boolean) =>
    checkAnswer(ir, desc, request, headers, {}, undefined, logOf(element, most), gotOf(desc, element));
  const first = check(true);
  return first === undefined ? undefined : check(false) && first;
}

test("the oracle accepts each frozen case of a unary rpc without retries, hedges and caches", () => {
  const readable = suite.cases.filter(({ rpc, holds }) => !UNREADABLE.test(rpc) && !holds.includes("each.7"));
  const found = readable.flatMap((element) => {
    const fault = objection(element);
    return fault === undefined ? [] : [`${element.id}: ${fault}`];
  });
  expect(readable.length).toBeGreaterThan(1500);
  expect(found).toEqual([]);
});
