// Fields that a step fills by their names: `autobind`.
import type { DescField } from "@bufbuild/protobuf";
import { fieldName, fieldType } from "../../cel/index.ts";
import type { Origin } from "../../diagnostic/diagnostic.ts";
import { type BoundExpression, canBeAbsent } from "../../model/conversion.ts";
import { conversion } from "../conversions/convert.ts";
import { distinctTypeNames } from "../conversions/same-form.ts";
import type { Step } from "../model/model.ts";
import { syntheticText } from "../names/synthetic-text.ts";
import { check } from "../scope/scope.ts";
import type { MessageContext } from "../steps/context.ts";

/** Returns the field from a step's automatic binding: same name, type, cardinality and presence, or aliased. */
export function autobound(cx: MessageContext, step: Step, field: DescField): { step: Step; bound: BoundExpression }[] {
  const { variable } = step;
  const source = sourceOf(step, field);
  if (variable === undefined || source === undefined) return [];
  if (source.fieldKind !== field.fieldKind || canBeAbsent(source) !== canBeAbsent(field)) return [];
  const how = conversion(fieldType(source), fieldType(field), cx.run.aliases);
  if (how.kind === "misfit" || (how.kind === "represent" && field.fieldKind === "scalar")) return [];
  const text = syntheticText(`${variable.name}.${fieldName(field.name)}`, boundAt(step));
  const expression = check(cx.scope, text, [variable]);
  return expression === undefined ? [] : [{ step, bound: { expression, conversion: how } }];
}

/** Returns the reasons why a step with a field of this name does not fill it, with hints. */
export function nearMiss(
  step: Step,
  field: DescField,
): { readonly at: Origin; readonly message: string; readonly hint: string }[] {
  const source = sourceOf(step, field);
  if (source === undefined) return [];
  const path = step.name === undefined ? undefined : `${step.name}.${fieldName(field.name)}`;
  const miss = (why: string, hint: string) => {
    const message = `"${field.name}" of "${source.parent.typeName}" ${why}, so this \`autobind\` does not fill it`;
    return [{ at: boundAt(step), message, hint }];
  };
  if (source.fieldKind === field.fieldKind && canBeAbsent(source) !== canBeAbsent(field)) {
    const by = path === undefined ? "" : `, or add [(bff.v1.field).by = "${path}"]`;
    return canBeAbsent(source)
      ? miss("may be unset", `declare it \`optional\`${by}`)
      : miss("always has a value", `leave out \`optional\`${by}`);
  }
  const [is, expected] = distinctTypeNames(fieldType(source), fieldType(field));
  const by =
    path === undefined ? "name the step, and convert its value with `by`" : `convert it with \`by\`, from "${path}"`;
  return is === expected ? [] : miss(`is ${is}, not ${expected}`, `give it the same type, or ${by}`);
}

function sourceOf({ autobind, variable }: Step, field: DescField): DescField | undefined {
  if (!autobind || variable?.type.kind !== "message") return undefined;
  return variable.type.desc.fields.find((candidate) => candidate.name === field.name);
}

const boundAt = ({ ir }: Step): Origin => ir.autobind?.at ?? ir.at;

/** A step in a diagnostic. */
export const stepCalled = ({ name, index }: Step): string =>
  name === undefined ? `step ${index + 1}` : `step "${name}"`;
