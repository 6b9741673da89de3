// Additions to standard CEL for rules: functions of protovalidate, and the time of a validation.
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import type { CelType, Overload, Variable } from "../cel/index.ts";

const BOOL: CelType = { kind: "bool" };
const INT: CelType = { kind: "int" };
const STRING: CelType = { kind: "string" };
const BYTES: CelType = { kind: "bytes" };
const DOUBLE: CelType = { kind: "double" };
const DYN: CelType = { kind: "dyn" };

/** The function of the runtime is called as the overload. */
function method(id: string, fn: string, params: readonly CelType[]): Overload {
  return { id, fn, method: true, params, result: BOOL, fails: false };
}

const UNIQUE = ["uint", "int", "string", "bool", "double", "bytes"] as const;

export const RULE_FUNCTIONS: readonly Overload[] = [
  method("math_is_nan", "isNan", [DOUBLE]),
  method("math_is_inf", "isInf", [DOUBLE]),
  method("isInf", "isInf", [DOUBLE, INT]),
  method("isHostname", "isHostname", [STRING]),
  method("isHostAndPort", "isHostAndPort", [STRING, BOOL]),
  method("isEmail", "isEmail", [STRING]),
  method("isIp", "isIp", [STRING]),
  method("isIp", "isIp", [STRING, INT]),
  method("isIpPrefix", "isIpPrefix", [STRING]),
  method("isIpPrefix", "isIpPrefix", [STRING, INT]),
  method("isAnyIpPrefix", "isIpPrefix", [STRING, BOOL]),
  method("isIpPrefix", "isIpPrefix", [STRING, INT, BOOL]),
  method("isUri", "isUri", [STRING]),
  method("isUriRef", "isUriRef", [STRING]),
  ...UNIQUE.map((kind) => method("unique", "unique", [{ kind: "list", element: { kind } }])),
  method("bytesContain", "contains", [BYTES, BYTES]),
  method("bytesStartWith", "startsWith", [BYTES, BYTES]),
  method("bytesEndWith", "endsWith", [BYTES, BYTES]),
  { id: "select", fn: "getField", method: false, params: [DYN, STRING], result: DYN, fails: true },
];

/** The functions that @protobff/runtime/validate has; all others are CEL's. */
export const VALIDATE_FUNCTIONS: ReadonlySet<string> = new Set(
  RULE_FUNCTIONS.map(({ id }) => id).filter((id) => id !== "select" && !id.startsWith("math_")),
);

/** The time at which a message is validated: one for all of its rules. */
export const NOW: Variable = {
  name: "now",
  role: "var",
  type: { kind: "message", desc: TimestampSchema },
  proto: { kind: "message", desc: TimestampSchema },
  absent: false,
};
