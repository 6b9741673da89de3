// Headers of an answer, evaluated by edge.md.
import type { CelInput } from "@bufbuild/cel";
import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Ir } from "../../../plugin/src/ir/ir.ts";
import { Evaluator } from "./cel/evaluator.ts";
import { expression } from "./cel/expression.ts";
import { globals } from "./oracle.ts";

/** Returns the declared headers that a successful answer has, by name; those that are left out are undefined. */
export function headersOf(
  ir: Ir,
  method: DescMethod,
  request: Message,
  headers: ReadonlyMap<string, string>,
  answer: Message,
): ReadonlyMap<string, string | undefined> {
  const methods = ir.files.flatMap(({ services }) => services).flatMap((service) => service.methods);
  const rpc = methods.find(({ desc }) => desc.toString() === method.toString());
  if (rpc === undefined) throw new Error(`no ${method.toString()}`);
  const { input, output } = rpc.desc;
  const evaluator = new Evaluator(ir.registry, rpc.desc.parent.file.proto.package);
  const values: Record<string, CelInput> = {
    ...globals(ir, headers, {}, undefined),
    args: reflect(input, fromBinary(input, toBinary(method.input, request))),
    result: reflect(output, fromBinary(output, toBinary(method.output, answer))),
  };
  const evaluate = (source: string): unknown => {
    try {
      return evaluator.value(expression(source).plain, values);
    } catch {
      return undefined;
    }
  };
  return new Map(
    rpc.headers.map(({ name, by, if: condition }) => {
      const applies = condition === undefined || evaluate(condition.value) === true;
      const value = applies && by !== undefined ? String(evaluate(by.value) ?? "").trim() : "";
      return [name?.value ?? "", /^[ -~]{1,1024}$/.test(value) ? value : undefined];
    }),
  );
}
