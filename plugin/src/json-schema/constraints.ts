// Rules of buf.validate as keywords of JSON Schema. Rules without a keyword are checked, but do not appear in the
// schema.
import type { ElementRules, Test } from "../model/rules.ts";
import type { JsonObject } from "./json.ts";

export function constraintsOf(rules: ElementRules | undefined): JsonObject {
  if (rules === undefined) return {};
  const words: JsonObject = Object.assign({}, ...rules.checks.map(({ test }) => wordsOf(test)));
  const zero = rules.unlessZero
    ? rules.checks.map(({ test }) => zeroOf(test)).find((found) => found !== undefined)
    : {};
  if (!rules.unlessZero || Object.keys(words).length === 0) return words;
  return zero === undefined ? {} : { anyOf: [zero, words] };
}

/** Returns the schema of the zero value to which a rule does not apply. */
function zeroOf(test: Test): JsonObject | undefined {
  switch (test.kind) {
    case "size":
      if (test.unit === "items") return { maxItems: 0 };
      return test.unit === "pairs" ? { maxProperties: 0 } : { maxLength: 0 };
    case "pattern":
    case "format":
      return { maxLength: 0 };
    case "range":
      return { const: 0 };
    case "equal":
    case "in": {
      const value = test.kind === "equal" ? test.value : test.values[0];
      if (typeof value === "number") return { const: 0 };
      return typeof value === "string" ? { maxLength: 0 } : undefined;
    }
    default:
      return undefined;
  }
}

const SIZES: Readonly<Record<string, readonly [least: string, most: string]>> = {
  characters: ["minLength", "maxLength"],
  items: ["minItems", "maxItems"],
  pairs: ["minProperties", "maxProperties"],
};
const FORMATS: Readonly<Record<string, string>> = {
  isEmail: "email",
  isHostname: "hostname",
  isUri: "uri",
  isUriRef: "uri-reference",
  isUuid: "uuid",
};

function wordsOf(test: Test): JsonObject {
  switch (test.kind) {
    case "size": {
      const words = SIZES[test.unit];
      if (words === undefined || test.count > BigInt(Number.MAX_SAFE_INTEGER)) return {};
      const [least, most] = words;
      const count = Number(test.count);
      if (test.is === "exact") return { [least]: count, [most]: count };
      return { [test.is === "least" ? least : most]: count };
    }
    case "pattern":
      return test.bytes || !isPattern(test.pattern) ? {} : { pattern: test.pattern };
    case "unique":
      return { uniqueItems: true };
    case "format": {
      const version = test.name === "isIp" && typeof test.others[0] === "number" ? `ipv${test.others[0]}` : undefined;
      const format = version ?? FORMATS[test.name];
      return format === undefined ? {} : { format };
    }
    case "range":
      return rangeOf(test);
    case "equal":
      return typeof test.value === "bigint" ? {} : { const: test.value };
    case "in": {
      const values = test.values.filter((value) => typeof value !== "bigint");
      return test.not || values.length < test.values.length ? {} : { enum: values };
    }
    default:
      return {};
  }
}

/** Patterns are RE2's, and those of the schema ECMAScript's. */
function isPattern(text: string): boolean {
  try {
    return new RegExp(text, "u").source !== "";
  } catch {
    return false;
  }
}

/** Returns the bounds of numbers, but not of 64-bit integers, which are texts. */
function rangeOf({ low, high }: Test & { readonly kind: "range" }): JsonObject {
  if (typeof low?.value === "bigint" || typeof high?.value === "bigint") return {};
  // Outside of the bounds, where the lower one is above the upper one.
  if (low !== undefined && high !== undefined && low.value > high.value) return {};
  return {
    ...(low !== undefined && { [low.inclusive ? "minimum" : "exclusiveMinimum"]: low.value }),
    ...(high !== undefined && { [high.inclusive ? "maximum" : "exclusiveMaximum"]: high.value }),
  };
}
