// Checks of a message from the rules of buf.validate.
import { type DescField, type DescMessage, isFieldSet } from "@bufbuild/protobuf";
import { type FieldRules, FieldRulesSchema, Ignore } from "@protobff/messages/buf/validate/validate_pb.js";
import type { Place } from "../../diagnostic/diagnostic.ts";
import type { IrMessageRules } from "../../ir/edge.ts";
import type { ElementRules, RuledField, RuledGroup, RuledMessage, RuleStep } from "../../model/rules.ts";
import { type CelRules, typeOfPart } from "./cel-rules.ts";
import { checksOf } from "./checks.ts";
import type { RuleFaults } from "./rule-faults.ts";
import { kindOf } from "./rule-kinds.ts";
import { RuleSettings } from "./rule-settings.ts";

/** Context for resolving rules. */
export interface RuleContext {
  readonly faults: RuleFaults;
  readonly cel: CelRules;
  /** Returns true if messages of this type are checked, by their own rules or by those of messages inside of them. */
  readonly isRuled: (desc: DescMessage) => boolean;
}

export function messageRules(desc: DescMessage, ir: IrMessageRules | undefined, cx: RuleContext): RuledMessage {
  const groups = ir === undefined ? [] : groupsOf(ir, cx.faults);
  const grouped = new Set(groups.flatMap(({ fields }) => fields));
  return {
    desc,
    cel: ir?.message === undefined ? [] : cx.cel.ofMessage(desc, ir.message.value, ir.message.place),
    groups,
    oneofs: ir?.oneofs.filter(({ rules }) => rules.value.required).map((oneof) => oneof.desc) ?? [],
    fields: desc.fields.flatMap((field) => fieldRules(field, ir, grouped.has(field), cx) ?? []),
  };
}

function fieldRules(
  field: DescField,
  ir: IrMessageRules | undefined,
  grouped: boolean,
  cx: RuleContext,
): RuledField | undefined {
  const irRules = ir?.fields.get(field);
  const hasIgnore = irRules !== undefined && isFieldSet(irRules.value, FieldRulesSchema.field.ignore);
  const unsaid = grouped ? Ignore.IF_ZERO_VALUE : Ignore.UNSPECIFIED;
  const ignore = hasIgnore ? irRules.value.ignore : unsaid;
  if (ignore === Ignore.ALWAYS) return undefined;
  const required = irRules?.value.required ?? false;
  const rules = irRules && { value: irRules.value, place: irRules.place, path: [], element: false };
  const value = valueRules(field, rules, cx);
  if (!required && value === undefined) return undefined;
  return { field, required, value: value && { ...value, unlessZero: ignore === Ignore.IF_ZERO_VALUE } };
}

/** FieldRules on a field, or on what a list or map holds. */
interface Declared {
  readonly value: FieldRules;
  readonly place: Place;
  readonly path: readonly RuleStep[];
}
type Values = Omit<ElementRules, "unlessZero">;
const NOTHING: Values = {
  cel: [],
  checks: [],
  predefined: [],
  items: undefined,
  keys: undefined,
  values: undefined,
  nested: undefined,
};

function valueRules(field: DescField, rules: Declared | undefined, cx: RuleContext): Values | undefined {
  const direct = rules && directRules(field, "field", rules, cx);
  const parts = partRules(field, rules, cx);
  const all: Values = { ...NOTHING, ...direct, ...parts };
  return isNothing(all) ? undefined : all;
}

const isNothing = ({ cel, checks, predefined, items, keys, values, nested }: Values): boolean =>
  cel.length + checks.length + predefined.length === 0 && (items ?? keys ?? values ?? nested) === undefined;

/** Resolves the rules of a value itself. */
function directRules(
  field: DescField,
  of: "field" | "key" | "value",
  { value, place, path }: Declared,
  { faults, cel: inCel }: RuleContext,
): Pick<Values, "cel" | "checks" | "predefined"> {
  const kind = kindOf(field, of === "field" ? undefined : of);
  const self = typeOfPart(field, of);
  const cel = inCel.ofValue(self, value, place, path);
  const { type } = value;
  faults.unknown(value, FieldRulesSchema, place);
  if (type.case === undefined) return { cel, checks: [], predefined: [] };
  const rule = FieldRulesSchema.fields.find(({ localName }) => localName === type.case);
  if (rule?.message === undefined) return { cel, checks: [], predefined: [] };
  const at = place.field(rule.name);
  if (rule.name !== kind) {
    faults.misfit(field, rule.name, kind, at.at);
    return { cel, checks: [], predefined: [] };
  }
  const settings = new RuleSettings(rule.message, type.value, at, [...path, [rule.name, rule.number, rule.proto.type]]);
  faults.unknown(type.value, rule.message, at);
  const checks = checksOf(kind, settings, field);
  faults.contradictions(checks);
  return { cel, checks, predefined: inCel.predefined(self, type.value, settings) };
}

/** Resolves the rules for the contents of a list or a map, or the check of a message by its own rules. */
function partRules(field: DescField, rules: Declared | undefined, cx: RuleContext): Partial<Values> {
  switch (field.fieldKind) {
    case "list": {
      const settings = rules?.value.type.case === "repeated" ? rules.value.type.value.items : undefined;
      return { items: elementRules(field, settings && part(rules, "repeated", "items", settings), "value", cx) };
    }
    case "map": {
      const mapRules = rules?.value.type.case === "map" ? rules.value.type.value : undefined;
      const { keys, values } = mapRules ?? {};
      return {
        keys: elementRules(field, keys && part(rules, "map", "keys", keys), "key", cx),
        values: elementRules(field, values && part(rules, "map", "values", values), "value", cx),
      };
    }
    case "message":
      return { nested: cx.isRuled(field.message) ? field.message : undefined };
    default:
      return {};
  }
}

function part(rules: Declared | undefined, kind: string, name: string, value: FieldRules): Declared | undefined {
  if (rules === undefined) return undefined;
  return { value, place: rules.place.field(kind).field(name), path: [...rules.path, ...ruleSteps(kind, name)] };
}

function elementRules(
  field: DescField,
  rules: Declared | undefined,
  of: "key" | "value",
  cx: RuleContext,
): ElementRules | undefined {
  const ignore = rules?.value.ignore ?? Ignore.UNSPECIFIED;
  if (ignore === Ignore.ALWAYS) return undefined;
  const direct = rules && directRules(field, of, rules, cx);
  const nested = of === "value" && field.message !== undefined && cx.isRuled(field.message) ? field.message : undefined;
  const all: Values = { ...NOTHING, ...direct, nested };
  if (isNothing(all)) return undefined;
  return { ...all, unlessZero: ignore === Ignore.IF_ZERO_VALUE && (of === "key" || field.message === undefined) };
}

/** The steps from FieldRules to rules inside of them: `repeated`, `items`. */
function ruleSteps(...names: readonly string[]): readonly RuleStep[] {
  const steps: RuleStep[] = [];
  let desc: DescMessage | undefined = FieldRulesSchema;
  for (const name of names) {
    const field: DescField | undefined = desc?.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`buf.validate.FieldRules has no ${names.join(".")}`);
    steps.push([field.name, field.number, field.proto.type]);
    desc = field.message;
  }
  return steps;
}

/** `(buf.validate.message).oneof`. */
function groupsOf({ desc, message }: IrMessageRules, faults: RuleFaults): readonly RuledGroup[] {
  if (message === undefined) return [];
  return message.value.oneof.map((rule, index) => {
    const place = message.place.field("oneof", index);
    const fields = new Set<DescField>();
    if (rule.fields.length === 0) faults.emptyGroup(desc, place.at);
    for (const [i, name] of rule.fields.entries()) {
      const field = desc.fields.find((candidate) => candidate.name === name);
      const { at } = place.field("fields", i);
      if (field === undefined) faults.noSuchField(desc, name, at);
      else if (fields.has(field)) faults.twice(name, at);
      else fields.add(field);
    }
    return { fields: [...fields], required: rule.required };
  });
}
