import type { Report } from "../diagnostic/diagnostic.ts";
import type { Block, Composed, Model, Step } from "../resolve/model.ts";
import { composesOf } from "../resolve/source-parts.ts";

/** A response with supplementary parts should have a `repeated bff.v1.Degradation` field: without it a client cannot tell "none" from "lost". */
export function checkDegradationField(model: Model, report: Report): void {
  const byName = new Map(model.messages.map((message) => [message.desc.typeName, message]));
  const seen = new Set<Composed>();
  for (const method of model.files.flatMap((file) => file.services).flatMap((service) => service.methods)) {
    const { composed } = method;
    if (seen.has(composed) || method.degradedField !== undefined) continue;
    seen.add(composed);
    const seenInside = new Set<Composed>();
    const step =
      supplementary({ steps: method.shared }, byName, seenInside) ?? supplementary(composed, byName, seenInside);
    if (step === undefined) continue;
    report({
      code: "BFF603",
      severity: "warning",
      message: `parts of "${composed.desc.name}" may be missing, and it has no field to say so`,
      at: composed.ir.at,
      related: [{ at: step.ir.supplementary?.at ?? step.ir.at, message: "this may be missing" }],
      hint: "add `repeated bff.v1.Degradation degraded = 15;`",
    });
  }
}

function supplementary(
  { steps }: Pick<Block, "steps">,
  byName: ReadonlyMap<string, Composed>,
  seen: Set<Composed>,
): Step | undefined {
  // A guard that says it has been told.
  const own = steps.find((step) => step.supplementary && step.source.kind !== "guard");
  if (own !== undefined) return own;
  for (const { message: desc } of steps.flatMap((step) => composesOf(step.source))) {
    const child = byName.get(desc.typeName);
    if (child === undefined || seen.has(child)) continue;
    seen.add(child);
    const inner = supplementary(child, byName, seen);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
