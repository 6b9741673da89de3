import { ScalarType } from "@bufbuild/protobuf";
import { presenceOf } from "../../cel/index.ts";
import { caution } from "../../diagnostic/diagnostic.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import type { Check } from "../check.ts";

/** Reports fallbacks of copies whose source always has a value, in messages that are sent to no upstream. */
export const idleFallbacks: Check = {
  rules: {
    BFF613:
      "The `fallback` of a copied field replaces an unset value. A field of the upstream without presence is never unset: it is empty or zero.",
  },
  run(model, report) {
    const { messages } = model.conversions;
    const requests = new Set(methodsOf(model).map(({ desc }) => desc.input));
    const sent = new Set(messages.flatMap(({ from, owner }) => (from === owner ? [owner] : [])));
    const reported = new Set<unknown>();
    for (const { owner, to, targets } of messages) {
      if (to !== owner || sent.has(owner)) continue;
      for (const target of targets) {
        if (target.kind !== "field" || target.fallback === undefined || presenceOf(target.from) !== "implicit")
          continue;
        const { at, value } = target.fallback.expression.text;
        if (reported.has(at)) continue;
        reported.add(at);
        if (requests.has(owner)) {
          caution(report, "BFF613", at, {
            message: `this fallback is never used: no call sends "${owner.name}"`,
            hint: 'leave it out, or send the message with `request: "args"` in a call',
          });
          continue;
        }
        const { name, scalar } = target.from;
        const zero = scalar === undefined ? undefined : ZEROS.get(scalar);
        caution(report, "BFF613", at, {
          message: `this fallback is never used: "${target.from.parent.typeName}.${name}" always has a value`,
          hint:
            zero === undefined
              ? "leave it out"
              : `leave it out, or write by: "source.${name} == ${zero} ? ${value} : source.${name}"`,
        });
      }
    }
  },
};

/** Zeros in CEL, of the types that most fields have. */
const ZEROS: ReadonlyMap<ScalarType, string> = new Map([
  [ScalarType.STRING, "''"],
  [ScalarType.DOUBLE, "0.0"],
  [ScalarType.FLOAT, "0.0"],
  [ScalarType.INT32, "0"],
  [ScalarType.INT64, "0"],
  [ScalarType.UINT32, "0u"],
  [ScalarType.UINT64, "0u"],
]);
