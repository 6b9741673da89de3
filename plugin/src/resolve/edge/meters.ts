import type { DescEnum } from "@bufbuild/protobuf";
import { type Expression, enumOf, typeName } from "../../cel/index.ts";
import { fault, type Report, type Text } from "../../diagnostic/diagnostic.ts";
import type { IrMeter, IrTelemetry } from "../../ir/edge.ts";
import type { Meter, MeterLabel } from "../model/model.ts";
import { type RpcContext, requestScope, withResult } from "../packages/rpc-context.ts";
import { check, type MessageScope } from "../scope/scope.ts";
import { checkNames, type NameRules } from "./check-names.ts";
import { fittingRpcs, reads } from "./fitting-rpcs.ts";

/** Maximum number of combinations of a meter's labels. Each is a series per RPC and process. */
const MAX_COMBINATIONS = 1_000;

/** Resolves the meters of a package for each of its RPCs that have the fields. A meter without any is a fault. */
export function resolveMeters(
  declared: readonly IrTelemetry[],
  all: readonly RpcContext[],
  report: Report,
): ReadonlyMap<RpcContext, readonly Meter[]> {
  const meters = declared.flatMap((telemetry) => telemetry.meters);
  checkNamesDiffer(declared, report);
  const found = new Map(all.map((rpc) => [rpc, [] as Meter[]]));
  for (const ir of meters) {
    const fitting = fittingRpcs(
      all,
      (rpc) => reads(rpc, textsOf(ir), ["args", "result"]),
      (rpc) => meterOf(rpc, ir),
    );
    for (const [rpc, meter] of fitting.found) found.get(rpc)?.push(meter);
    const certain = fitting.faults.flat().filter(({ code }) => /^BFF29[456]$/.test(code));
    const missing = fitting.found.size === 0 && certain.length === 0 ? (fitting.faults[0] ?? []) : [];
    for (const found of [...certain, ...missing]) report(found);
  }
  return found;
}

/** Reports names that several files declare; those of one file have been reported. */
function checkNamesDiffer(declared: readonly IrTelemetry[], report: Report): void {
  const first = new Map<string, { readonly name: Text; readonly of: IrTelemetry }>();
  for (const of of declared)
    for (const { name } of of.meters) {
      const other = first.get(name.value);
      if (other === undefined) first.set(name.value, { name, of });
      else if (other.of !== of)
        fault(report, "BFF282", name.at, {
          message: `the meter "${name.value}" is also declared in another file of the package`,
          related: [{ at: other.name.at, message: "the other declaration" }],
          hint: "leave out one of the two: meters of a file apply to all rpcs of its package",
        });
    }
}

const textsOf = ({ by, labels }: IrMeter): readonly Text[] => [by, ...labels.map((label) => label.by)];

function meterOf(rpc: RpcContext, ir: IrMeter): Meter | undefined {
  const { scope: ofRequest, env } = requestScope(rpc, { env: "package", args: true });
  const scope = withResult(ofRequest, rpc.method);
  if (textsOf(ir).some((text) => !checkNames(rpc, scope, text, "BFF294", NAMES))) return undefined;
  const by = numberOf(scope, ir.by);
  const labels = ir.labels.map((label) => labelOf(scope, label));
  const sound = labels.filter((label) => label !== undefined);
  if (by === undefined || sound.length < labels.length || !checkCombinations(ir, sound, scope)) return undefined;
  return { ir, by, labels: sound, env };
}

function checkCombinations({ name }: IrMeter, labels: readonly MeterLabel[], { report }: MessageScope): boolean {
  const combinations = labels.reduce((product, label) => product * valuesOf(label.enum), 1);
  if (combinations <= MAX_COMBINATIONS) return true;
  const counts = labels.map((label) => `${label.name} ${valuesOf(label.enum)}`);
  fault(report, "BFF296", name.at, {
    message: `the labels of this meter have ${combinations} combinations (${counts.join(", ")}), more than ${MAX_COMBINATIONS}`,
    hint: "leave out a label, or count its values as a bool, as in `args.model == Model.LARGE`",
  });
  return false;
}

/** Numbers that an enum does not declare are one value, `unknown`. */
const valuesOf = (desc: DescEnum | undefined): number =>
  desc === undefined ? 2 : new Set(desc.values.map(({ number }) => number)).size + 1;

function numberOf(scope: MessageScope, text: Text): Expression | undefined {
  const found = check(scope, text);
  if (found === undefined || NUMBERS.has(found.type.kind)) return found;
  const { type } = found;
  const number = (type.kind === "wrapper" || type.kind === "optional") && NUMBERS.has(type.of.kind);
  const zero = number && type.of.kind === "double" ? "0.0" : "0";
  const unset =
    type.kind === "optional"
      ? `write a value for the unset case: \`${text.value}.orValue(${zero})\``
      : `write a value for the unset case: \`${text.value} != null ? ${type.kind === "wrapper" ? type.of.kind : "int"}(${text.value}) : ${zero}\``;
  return fault(scope.report, "BFF295", text.at, {
    message: `this \`by\` of a meter is ${typeName(type)}, not int, uint or double`,
    hint: number ? unset : "write a number, such as `1`, a field that contains a number, or the `size` of a list",
  });
}
const NUMBERS: ReadonlySet<string> = new Set(["int", "uint", "double"]);

function labelOf(scope: MessageScope, { name, by: text }: IrMeter["labels"][number]): MeterLabel | undefined {
  const by = check(scope, text);
  if (by === undefined) return undefined;
  const desc = enumOf(by);
  if (by.type.kind === "bool" || (by.type.kind === "int" && desc !== undefined))
    return { name: name.value, by, enum: by.type.kind === "bool" ? undefined : desc };
  return fault(scope.report, "BFF295", text.at, {
    message: `this label is ${typeName(by.type)}, not an enum or a bool: its series would have no bound`,
    hint: "leave the label out, or write a condition, as in `args.count > 10`",
  });
}

const NAMES: NameRules = {
  principal: {
    message: "a meter by `principal` needs an identity, and this package has none",
    hint: "add `identity` to the file rule of this package, or read `args`, `env` or `result`",
  },
  other(names) {
    const other = ["headers", "peer", "now"].find((name) => names.has(name));
    if (other === undefined) return undefined;
    return { message: `a meter cannot read \`${other}\``, hint: "read `args`, `principal`, `env` or `result`" };
  },
  step: (name) => ({
    message: `a meter cannot read step "${name}": it counts requests by their messages`,
    hint: "read `result`, the answer, or `args`, `principal` or `env`",
  }),
};
