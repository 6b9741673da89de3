import type { DescField } from "@bufbuild/protobuf";
import { caution, fault, type Report } from "../../diagnostic/diagnostic.ts";
import type { IrField } from "../../ir/ir.ts";
import { methodsOf } from "../../resolve/model/blocks.ts";
import { isFilled } from "../../resolve/model/degradation.ts";
import { answerFields } from "../../resolve/model/field-choice.ts";
import type { Check } from "../check.ts";

/** Reports fields that no client could receive, and masks that cannot save a call. */
export const fieldChoices: Check = {
  rules: {
    BFF420:
      "A field with `on_request` is in an answer, outside of oneofs, and an rpc with `fields` reaches it. Otherwise no client could receive the field, or the choice of a oneof would depend on the mask.",
    BFF421:
      "An rpc with `fields` composes its answer from steps. A resolver of the whole answer runs for every mask, so no mask saves a call.",
  },
  run(model, report) {
    const methods = methodsOf(model).filter(({ fields }) => fields !== undefined);
    for (const { desc, composed, fields } of methods) {
      if (composed.resolver === undefined || fields === undefined) continue;
      fault(report, "BFF421", fields.at, {
        message: `a resolver supplies the whole answer of "${desc.name}", for every mask`,
        related: [{ at: composed.ir.resolver?.at ?? composed.ir.at, message: "the resolver" }],
        hint: `leave out \`fields\`, or set \`resolver\` for single fields of "${composed.desc.name}"`,
      });
    }
    // The model lacks rpcs whose messages have errors.
    const declared = model.ir.files.flatMap(({ services }) => services.flatMap((service) => service.methods));
    const reached = new Set(
      answerFields(
        declared.filter(({ fields }) => fields !== undefined),
        model.ir,
      ),
    );
    for (const { messages } of model.ir.files)
      for (const { fields } of messages) for (const field of fields) checkOnRequest(field, reached, report);
  },
};

/** Warns of fields that clients with JSON cannot name. */
export const unmaskableNames: Check = {
  rules: {
    BFF422:
      "JSON clients can name the fields of an answer in a mask. ProtoJSON writes masks in lowerCamel, and some names cannot be restored from that, such as `line_1`.",
  },
  run(model, report) {
    const methods = methodsOf(model).filter(({ fields }) => fields !== undefined);
    for (const { desc, at } of answerFields(methods, model.ir)) {
      if (/^[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*$/.test(desc.name)) continue;
      caution(report, "BFF422", at, {
        message: `masks in JSON cannot name "${desc.name}" of "${desc.parent.name}"`,
        hint: "rename the field in lower_snake_case, with a letter after each underscore",
      });
    }
  },
};

function checkOnRequest(field: IrField, reached: ReadonlySet<IrField>, report: Report): void {
  const { desc, onRequest } = field;
  if (onRequest === undefined) return;
  const { name, parent } = desc;
  const problem = faultOf(desc, reached.has(field));
  if (problem === undefined) return;
  fault(report, "BFF420", onRequest.at, {
    message: `"${name}" of "${parent.name}" ${problem.message}`,
    hint: problem.hint,
  });
}

function faultOf(
  field: DescField,
  isReached: boolean,
): { readonly message: string; readonly hint: string } | undefined {
  if (field.oneof !== undefined)
    return { message: "is in a oneof, whose choice cannot depend on a mask", hint: "leave out `on_request`" };
  if (isFilled(field)) return { message: "is filled by the runtime in every answer", hint: "leave out `on_request`" };
  if (!isReached)
    return {
      message: "is in no answer of an rpc with `fields`, so no client could receive it",
      hint: 'write `fields: "args.…"` in the rpc that returns it, or leave out `on_request`',
    };
  return undefined;
}
