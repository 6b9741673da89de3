// Telemetry of the RPCs of a package: merged from the files that govern it, with each attribute in the scope of each
// RPC.

import { ScalarType } from "@bufbuild/protobuf";
import { type CelType, type Proto, typeName } from "../../cel/index.ts";
import { distinctReport, fault, type Report, type Sourced, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrFile, IrMethod } from "../../ir/ir.ts";
import type { Attribute, Telemetry } from "../model/model.ts";
import { bareStep, type RpcContext, requestScope, rpcBlock, rpcContexts } from "../packages/rpc-context.ts";
import { governing } from "../policies/entries.ts";
import { check } from "../scope/scope.ts";
import type { Run } from "../steps/context.ts";
import { checkNames, type NameRules } from "./check-names.ts";
import { fittingRpcs, reads } from "./fitting-rpcs.ts";
import { resolveMeters } from "./meters.ts";

/** Resolves the telemetry of every RPC in each package that declares any. */
export function resolveTelemetry(run: Run): ReadonlyMap<IrMethod, Telemetry> {
  const found = new Map<IrMethod, Telemetry>();
  const report = distinctReport(run.report);
  const packages = new Set(run.ir.files.filter(({ services }) => services.length > 0).map(packageOf));
  for (const name of packages) {
    const declared = governing(run.ir, name).telemetries;
    if (declared.length === 0) continue;
    const sample = agreed(
      declared.map((telemetry) => telemetry.sample),
      "sample",
      (value) => String(value),
      report,
    );
    const slow = agreed(
      declared.map((telemetry) => telemetry.slow),
      "slow",
      (value) => `${value} ms`,
      report,
    );
    const texts = [
      ...new Map(declared.flatMap(({ attributes }) => attributes).map((text) => [text.value, text])).values(),
    ];
    const files = run.ir.files.filter((file) => packageOf(file) === name);
    const rpcs = rpcContexts(run, report, files);
    const attributes = new Map(rpcs.map((rpc) => [rpc, [] as Attribute[]]));
    for (const text of texts) resolveAttribute(text, attributes, report);
    const meters = resolveMeters(declared, rpcs, report);
    for (const [rpc, its] of attributes) {
      const parts = { attributes: its, meters: meters.get(rpc) ?? [] };
      found.set(rpc.method, blockOf(rpc, parts, sample?.value, slow?.value));
    }
  }
  return found;
}
const packageOf = ({ desc }: IrFile): string => desc.proto.package;

/** Returns the one value on which several files agree. */
function agreed(
  values: readonly (Sourced<number> | undefined)[],
  name: string,
  written: (value: number) => string,
  report: Report,
): Sourced<number> | undefined {
  const [first, ...others] = values.filter((value) => value !== undefined);
  const other = others.find(({ value }) => value !== first?.value);
  if (first !== undefined && other !== undefined) {
    fault(report, "BFF282", other.at, {
      message: `"${name}" is ${written(other.value)} here, but ${written(first.value)} in another file of the package`,
      related: [{ at: first.at, message: "the other value" }],
      hint: "leave out one of the two: settings of a file for traces apply to all rpcs of its package",
    });
  }
  return first;
}

/**
 * Resolves an attribute for every RPC that has the values it reads: an attribute that reads `args` needs a request with
 * these fields. An attribute without any matching RPC is a fault.
 */
function resolveAttribute(text: Text, all: ReadonlyMap<RpcContext, Attribute[]>, report: Report): void {
  const differs = (rpc: RpcContext): boolean => reads(rpc, [text], ["args"]);
  const { found, faults } = fittingRpcs(all.keys(), differs, (rpc) => attributeOf(rpc, text));
  for (const [rpc, attribute] of found) all.get(rpc)?.push(attribute);
  const [first = []] = faults;
  if (found.size === 0 || first.some(({ code }) => code.startsWith("BFF28"))) for (const found of first) report(found);
}

function attributeOf(rpc: RpcContext, text: Text): Attribute | undefined {
  const { scope, env } = requestScope(rpc, { env: "package", args: true });
  if (!checkNames(rpc, scope, text, "BFF284", NAMES)) return undefined;
  const expression = check(scope, text);
  if (expression === undefined) return undefined;
  const proto = carried(expression.type);
  if (proto !== undefined) return { text, expression, proto, env };
  return fault(scope.report, "BFF283", text.at, {
    message: `this attribute is ${typeName(expression.type)}, which a span cannot contain`,
    hint: hintFor(expression.type),
  });
}

function hintFor(type: CelType): string {
  if (type.kind === "bytes") return "write text, as in `base64.encode(…)`";
  if (type.kind === "message" && type.desc.typeName.startsWith("google.protobuf."))
    return "write text, as in `string(…)`";
  if (type.kind === "message") return "name a field of it";
  return "write text, a number, a bool, or a list of one of these types";
}

/** Returns the type in which a value is sent, or undefined if it cannot be sent. */
export function carried(type: CelType): Proto | undefined {
  switch (type.kind) {
    case "string":
      return { kind: "scalar", scalar: ScalarType.STRING };
    case "bool":
      return { kind: "scalar", scalar: ScalarType.BOOL };
    case "double":
      return { kind: "scalar", scalar: ScalarType.DOUBLE };
    case "int":
      return { kind: "scalar", scalar: ScalarType.INT64 };
    case "uint":
      return { kind: "scalar", scalar: ScalarType.UINT64 };
    case "wrapper":
    case "optional":
      return type.of.kind === "list" ? undefined : carried(type.of);
    case "list": {
      const of = type.element.kind === "list" ? undefined : carried(type.element);
      return of?.kind === "scalar" && type.element.kind !== "wrapper" && type.element.kind !== "optional"
        ? { kind: "list", of }
        : undefined;
    }
    default:
      return undefined;
  }
}

const NAMES: NameRules = {
  principal: {
    message: "an attribute by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or leave out the attribute",
  },
  other: (names) =>
    names.has("result") ? { message: "an attribute cannot read `result`", hint: READABLE } : undefined,
  step: (name) => ({
    message: `an attribute cannot read step "${name}": the trace already shows its call`,
    hint: READABLE,
  }),
};
const READABLE = "read `args`, `principal`, `peer`, `headers`, `env` or `now`";

/** Returns a block, so that every walk over all expressions visits these. */
function blockOf(
  rpc: RpcContext,
  { attributes, meters }: Pick<Telemetry, "attributes" | "meters">,
  sample: number | undefined,
  slowMs: number | undefined,
): Telemetry {
  return {
    ...rpcBlock(rpc),
    kind: "telemetry",
    attributes,
    meters,
    sample,
    slowMs,
    env: [...attributes, ...meters].flatMap(({ env }) => env),
    steps: [
      ...attributes.map(({ expression }) => expression),
      ...meters.flatMap(({ by, labels }) => [by, ...labels.map((label) => label.by)]),
    ].map((expression) => bareStep(expression.text.at, expression)),
  };
}
