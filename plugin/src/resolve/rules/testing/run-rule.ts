// For tests: one rule in CEL, compiled by us and run, and the same rule run by @bufbuild/protovalidate.
import * as protobuf from "@bufbuild/protobuf";
import { create, createRegistry, type DescMessage, type Message, type Registry } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { RuleSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import { CelManager } from "../../../../../node_modules/@bufbuild/protovalidate/dist/esm/cel.js";
import { re2RegexMatch } from "../../../../../node_modules/@bufbuild/protovalidate/dist/esm/regex.js";
import * as formatEmail from "../../../../../runtime/src/validate/formats/email.ts";
import * as formatHost from "../../../../../runtime/src/validate/formats/host.ts";
import * as formatIp from "../../../../../runtime/src/validate/formats/ip.ts";
import * as formatUri from "../../../../../runtime/src/validate/formats/uri.ts";
import * as functions from "../../../../../runtime/src/validate/functions.ts";
import * as cel from "../../../cel/testing/functions.ts";
import { asJavaScript, LOOKED_UP, printed, textOf } from "../../../cel/testing/harness.ts";
import type { Diagnostic } from "../../../diagnostic/diagnostic.ts";
import { outcomeOf } from "../../../emit/rules/rule-names.ts";
import type { CelRule } from "../../../model/rules.ts";
import { celRule, type RuleSite } from "../cel/cel-rule.ts";

export const validate: Readonly<Record<string, unknown>> = {
  ...formatEmail,
  ...formatHost,
  ...formatIp,
  ...formatUri,
  ...functions,
};

export function compiled(
  expression: string,
  site: RuleSite,
): { readonly rule: CelRule | undefined; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const text = textOf(expression);
  const declared = { id: "id", message: "", path: [], expression: text };
  return { rule: celRule(declared, site, (diagnostic) => diagnostics.push(diagnostic)), diagnostics };
}

/**
 * Compiles a rule. The function returns undefined if a value satisfies the rule, otherwise the violation or the
 * failure.
 */
export function runner(rule: CelRule, registry: Registry): (value: unknown) => string | undefined {
  const code = printed(outcomeOf(rule, LOOKED_UP, (name) => `validate.${name}`).print);
  const run = new Function("rt", "schemas", "enums", "validate", "now", "value", `return ${asJavaScript(code)};`);
  const schemas = (name: string) => registry.getMessage(name);
  const enums = new Proxy({}, { get: (_, name) => enumOf(registry, String(name)) });
  return (value) => {
    try {
      const result = run({ ...protobuf, ...cel }, schemas, enums, validate, timestampNow(), value);
      if (typeof result !== "boolean" && typeof result !== "string") return "fails";
      if (result === true || result === "") return undefined;
      return rule.rule.message === "" ? String(result) : rule.rule.message;
    } catch (error) {
      if (error instanceof cel.ExpressionError) return "fails";
      throw new Error(`${code}: ${error}`, { cause: error });
    }
  };
}

function enumOf(registry: Registry, name: string): Readonly<Record<string, number>> {
  return Object.fromEntries((registry.getEnum(name)?.values ?? []).map((value) => [value.localName, value.number]));
}

/** Returns the same function by protovalidate, with `this` in its form. */
export function theirRunner(
  expression: string,
  registry: Registry,
  variables: Readonly<Record<string, unknown>> = {},
): (value: unknown) => string | undefined {
  const manager = new CelManager(registry as ConstructorParameters<typeof CelManager>[0], re2RegexMatch);
  const rule = manager.compileRule(create(RuleSchema, { id: "id", expression }) as never);
  for (const [name, value] of Object.entries(variables)) manager.setEnv(name as never, value as never);
  return (value) => {
    manager.setEnv("this", value as never);
    try {
      return manager.eval(rule)?.message;
    } catch {
      return "fails";
    }
  };
}

export function reflected(desc: DescMessage, message: Message): unknown {
  return reflect(desc, message);
}

export const NO_TYPES = createRegistry();
