import { caution } from "../../diagnostic/diagnostic.ts";
import { declaredMessages } from "../../resolve/model/blocks.ts";
import { type Check, fieldExpressions } from "../check.ts";

/**
 * Reports a step with `autobind` that fills no field, and would fill none even if fields had no other source. If
 * nothing reads the step at all, another check reports it.
 */
export const idleAutobind: Check = {
  rules: {
    BFF612:
      "`autobind` fills a field. If no field matches the name, type and presence of a field of the step, a renamed field may be the reason.",
  },
  run(model, report) {
    for (const message of declaredMessages(model)) {
      const origins = new Set(fieldExpressions(message).map((expression) => expression.text.at));
      const read = new Set<unknown>([
        ...message.steps.flatMap((step) => step.reads),
        ...fieldExpressions(message).flatMap((expression) => expression.reads.map(({ variable }) => variable)),
      ]);
      for (const step of message.steps) {
        const at = step.ir.autobind?.at;
        if (!step.autobind || at === undefined || origins.has(at)) continue;
        if (step.name !== undefined && !read.has(step) && !read.has(step.variable)) continue;
        const { type } = step.variable ?? {};
        const names = new Set(type?.kind === "message" ? type.desc.fields.map((field) => field.name) : []);
        if (message.ir.fields.some((field) => field.by !== undefined && names.has(field.desc.name))) continue;
        caution(report, "BFF612", at, {
          message: "this `autobind` fills no field",
          hint: "leave it out, or give fields the names of fields in the step's message, with the same types and presence",
        });
      }
    }
  },
};
