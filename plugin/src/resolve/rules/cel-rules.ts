// Rules in CEL at their declarations: on a message, a field, or the contents of a list or a map, and as users'
// predefined rules.

import { type DescField, getExtension, type Message, type Registry } from "@bufbuild/protobuf";
import {
  type FieldRules,
  FieldRulesSchema,
  type MessageRules,
  type Rule,
} from "@protobff/messages/buf/validate/validate_pb.js";
import { type FieldType, fieldType, messageType, scalarType, unwrapped } from "../../cel/index.ts";
import { fault, type Origin, type Place, type Report } from "../../diagnostic/diagnostic.ts";
import type { Ir } from "../../ir/ir.ts";
import type { CelRule, RuleStep } from "../../model/rules.ts";
import { celRule, type DeclaredRule, type RuleSite } from "./cel/cel-rule.ts";
import type { RuleConstants } from "./cel/rule-constants.ts";
import type { RuleSettings } from "./rule-settings.ts";

/** Returns the type of a field, or of a key or value in its list or map. */
export function typeOfPart(field: DescField, part: "field" | "key" | "value"): FieldType {
  if (part === "key" && field.fieldKind === "map") return scalarType(field.mapKey);
  const whole = fieldType(field);
  const { type, proto } = whole;
  if (part === "field") return whole;
  if (type.kind === "list" && proto.kind === "list") return { type: type.element, proto: proto.of };
  return type.kind === "map" && proto.kind === "map" ? { type: type.value, proto: proto.of } : whole;
}

export class CelRules {
  readonly #registry: Registry;
  readonly #predefined: Ir["predefined"];
  readonly #report: Report;
  constructor({ registry, predefined }: Pick<Ir, "registry" | "predefined">, report: Report) {
    this.#registry = registry;
    this.#predefined = predefined;
    this.#report = report;
  }

  /** `(buf.validate.message).cel` and `cel_expression`. */
  ofMessage(desc: DescField["parent"], { cel, celExpression }: MessageRules, place: Place): readonly CelRule[] {
    const site = { this: messageType(desc), registry: this.#registry };
    const expressions = celExpression.map((text, i) => expressionAt(text, place.field("cel_expression", i), []));
    return this.#all([...expressions, ...this.#declared(cel, place, () => [])], site);
  }

  /** The same of a field, or of a part of it; `path` leads to its FieldRules. */
  ofValue(
    type: FieldType,
    { cel, celExpression }: FieldRules,
    place: Place,
    path: readonly RuleStep[],
  ): readonly CelRule[] {
    const step = (name: "cel" | "celExpression", index: number): readonly RuleStep[] => {
      const field = FieldRulesSchema.field[name];
      return [...path, [field.name, field.number, field.proto.type, index]];
    };
    const expressions = celExpression.map((text, i) =>
      expressionAt(text, place.field("cel_expression", i), step("celExpression", i)),
    );
    const declared = this.#declared(cel, place, (i) => step("cel", i));
    return this.#all([...declared, ...expressions], { this: type, registry: this.#registry });
  }

  /**
   * Returns the rules of extensions that are set in a message of rules. For a wrapper, the rules apply to its content.
   */
  predefined(type: FieldType, rules: Message, settings: RuleSettings): readonly CelRule[] {
    const held = type.proto.kind === "message" ? unwrapped(type.proto.desc) : undefined;
    const bare = type.type.kind === "wrapper" ? type.type.of : type.type;
    const value: FieldType = { type: bare, proto: held ?? type.proto };
    return (rules.$unknown ?? []).flatMap(({ no }) => {
      const extension = this.#registry.getExtensionFor(settings.desc, no);
      const found = extension && this.#predefined.get(extension.typeName);
      if (extension === undefined || found === undefined) return [];
      const constants: RuleConstants = {
        extension,
        value: getExtension(rules, extension),
        desc: settings.desc,
        rules,
      };
      const path: readonly RuleStep[] = [
        ...settings.path,
        [`[${extension.typeName}]`, extension.number, extension.proto.type],
      ];
      const site = { this: value, registry: this.#registry, constants };
      const declared = this.#declared(found.value.cel, found.place, () => path);
      const is = JSON.stringify(constants.value, (_, value) => (typeof value === "bigint" ? String(value) : value));
      return this.#all(declared, site).map((rule) => ({ ...rule, is }));
    });
  }

  #declared(
    rules: readonly Rule[],
    place: Place,
    path: (index: number) => readonly RuleStep[],
  ): readonly DeclaredRule[] {
    const seen = new Map<string, Origin>();
    return rules.map(({ id, message, expression }, index) => {
      const at = place.field("cel", index);
      this.#checkId(id, at, seen);
      return { id, message, path: path(index), expression: at.field("expression").text(expression) };
    });
  }

  #checkId(id: string, place: Place, seen: Map<string, Origin>): void {
    const { at } = id === "" ? place : place.field("id");
    const first = seen.get(id);
    if (id === "") {
      const hint = 'add an id, as in `id: "order.total"`: clients identify the violation by it';
      fault(this.#report, "BFF256", at, { message: "a rule has no `id`", hint });
    } else if (first !== undefined) {
      const related = [{ at: first, message: "the first rule" }];
      const hint = "give each rule of a field or a message a different id";
      fault(this.#report, "BFF257", at, { message: `two rules have the id "${id}"`, related, hint });
    } else seen.set(id, at);
  }

  #all(declared: readonly DeclaredRule[], site: RuleSite): readonly CelRule[] {
    return declared.flatMap((rule) => celRule(rule, site, this.#report) ?? []);
  }
}

function expressionAt(text: string, place: Place, path: readonly RuleStep[]): DeclaredRule {
  return { id: text, message: "", path, expression: place.text(text) };
}
