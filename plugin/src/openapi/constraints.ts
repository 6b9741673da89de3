// Rules of buf.validate that JSON Schema has words for. The rest is checked all the same, and stands in no word.
import type { ElementRules, Test } from "../model/rules.ts";
import type { JsonObject } from "./json.ts";

export function constraintsOf(rules: ElementRules | undefined): JsonObject {
  // What holds only of values that are not zero is no word of the schema.
  if (rules === undefined || rules.unlessZero) return {};
  return Object.assign({}, ...rules.checks.map(({ test }) => wordsOf(test)));
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

/** Of numbers; 64-bit integers are texts. */
function rangeOf({ low, high }: Test & { readonly kind: "range" }): JsonObject {
  if (typeof low?.value === "bigint" || typeof high?.value === "bigint") return {};
  // Outside of the bounds, where the lower one is above the upper one.
  if (low !== undefined && high !== undefined && low.value > high.value) return {};
  return {
    ...(low !== undefined && { [low.inclusive ? "minimum" : "exclusiveMinimum"]: low.value }),
    ...(high !== undefined && { [high.inclusive ? "maximum" : "exclusiveMaximum"]: high.value }),
  };
}
