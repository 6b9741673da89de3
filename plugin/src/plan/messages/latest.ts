import { isPosition } from "../../model/stream-fields.ts";
import type { Composed, Step } from "../../resolve/model/model.ts";

/** Returns the step that holds a client's position: the only `latest` of a response with a position field. */
export function latestOf({ desc, steps }: Pick<Composed, "desc" | "steps">): Step | undefined {
  const [step, other] = steps.filter(({ source }) => source.kind === "latest");
  return other === undefined && desc.fields.some(isPosition) ? step : undefined;
}
