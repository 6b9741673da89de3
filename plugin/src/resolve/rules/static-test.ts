// Evaluation of rules for values that are known when code is generated.
import type { Scalar, Test } from "../../model/rules.ts";

/** Returns true if a value satisfies a rule, as far as that is known when code is generated. */
export function keeps(test: Test, value: Scalar): boolean {
  switch (test.kind) {
    case "equal":
      return test.value === value;
    case "in":
      return test.values.includes(value) !== test.not;
    case "size": {
      if (typeof value !== "string") return true;
      const size = BigInt(test.unit === "utf8" ? Buffer.byteLength(value) : [...value].length);
      if (test.is === "exact") return size === test.count;
      return test.is === "least" ? size >= test.count : size <= test.count;
    }
    case "text": {
      if (typeof value !== "string") return true;
      const has = {
        prefix: value.startsWith(test.text),
        suffix: value.endsWith(test.text),
        contains: value.includes(test.text),
      };
      return has[test.part] !== test.not;
    }
    case "range": {
      const { low, high } = test;
      if (typeof value !== "number" && typeof value !== "bigint") return true;
      const above = low === undefined || value > low.value || (low.inclusive && value === low.value);
      const below = high === undefined || value < high.value || (high.inclusive && value === high.value);
      return low !== undefined && high !== undefined && high.value < low.value ? above || below : above && below;
    }
    case "defined":
      return typeof value !== "number" || test.numbers.includes(value);
    case "finite":
      return Number.isFinite(value);
    case "notEmpty":
      return value !== "";
    default:
      return true;
  }
}
