import type { DescField } from "@bufbuild/protobuf";
import { caution, fault } from "../../diagnostic/diagnostic.ts";
import { blocksOf, callsIn } from "../../resolve/model/blocks.ts";
import { maskReads } from "../../resolve/model/read-paths.ts";
import type { Check } from "../check.ts";

/** Reports FieldMasks of requests whose answers are passed on as a whole. */
export const requestMasks: Check = {
  rules: {
    BFF326:
      "A FieldMask by `fields` needs an answer whose fields are read one by one. A message that is passed on as a whole may be read in any way.",
  },
  run(model, report) {
    for (const [{ masks, method }, { whole, resolver }] of maskReads(model)) {
      const [mask] = masks;
      if (mask === undefined || (whole === undefined && resolver === undefined)) continue;
      fault(report, "BFF326", mask.at, {
        message: `the answer of "${method.name}" is passed on as a whole, so its mask cannot name the fields that are read`,
        related: [
          whole === undefined
            ? { at: resolver?.ir.at ?? mask.at, message: "a function of yours receives it" }
            : { at: whole.text.at, message: "it is passed on here" },
        ],
        hint: "pass on the fields that are needed, or write the mask with `by`",
      });
    }
  },
};

export const unsetMasks: Check = {
  rules: {
    BFF709:
      "A call that reads sets the FieldMask of its request. Without it the upstream computes and sends fields that nothing reads.",
  },
  run(model, report) {
    for (const { method, set, masks, request, effects, batch, methodAt } of blocksOf(model).flatMap(callsIn)) {
      if (request !== undefined) continue;
      const sent = new Set<DescField | undefined>([...set, ...masks].map(({ path }) => path[0]));
      const field = method.input.fields.find(
        (candidate) =>
          candidate.fieldKind === "message" &&
          candidate.message.typeName === "google.protobuf.FieldMask" &&
          NAMES.has(candidate.name) &&
          (effects === "none" || candidate.name === READ_MASK) &&
          candidate !== batch?.keys &&
          !sent.has(candidate),
      );
      if (field === undefined) continue;
      caution(report, "BFF709", methodAt, {
        message: `nothing sets "${field.name}" of "${method.name}", so the upstream sends all fields`,
        hint: `add \`{ name: "${field.name}" fields: true }\` to \`set\``,
      });
    }
  },
};

/** Names that mean the fields of an answer, even in requests that change something. */
const READ_MASK = "read_mask";
const NAMES: ReadonlySet<string> = new Set([READ_MASK, "field_mask", "fields"]);
