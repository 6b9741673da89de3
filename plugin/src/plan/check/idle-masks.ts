import { caution, type Report } from "../../diagnostic/diagnostic.ts";
import { reachable } from "../../graph/graph.ts";
import { callsOf, composedBy } from "../../resolve/model/blocks.ts";
import type { Step } from "../../resolve/model/model.ts";
import type { PlanMessage } from "../model/messages.ts";
import type { Plan } from "../model/plan.ts";

/** Warns of masks that save no call: every step with a call runs whatever a client selects. */
export function checkIdleMasks({ files, messages }: Plan, report: Report): void {
  const byName = new Map(messages.map((message) => [message.composed.desc.typeName, message]));
  const methods = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  for (const { method, message, fields } of methods) {
    if (method.fields === undefined || fields === undefined) continue;
    const sparesShared = [...fields.needs.values()].some((need) => need !== true);
    if (sparesShared || spares(message, byName, new Set())) continue;
    caution(report, "BFF708", method.fields.at, {
      message: `no mask of "${method.desc.name}" saves a call`,
      hint: "leave out `fields`, or move calls for single fields into separate steps",
    });
  }
}

/** Returns true if some selection of fields skips a call. */
function spares(message: PlanMessage, byName: ReadonlyMap<string, PlanMessage>, seen: Set<PlanMessage>): boolean {
  if (seen.has(message)) return false;
  seen.add(message);
  const fields = new Set(
    message.composed.targets.flatMap((target) =>
      target.kind === "field" ? [target.field] : target.members.map(({ field }) => field),
    ),
  );
  return message.declared.some((step) => {
    const { source } = step.step;
    const children = composedBy([step.step], byName);
    const kept = message.keptFor?.get(step);
    const costs = callsOf(source).length > 0 || source.kind === "latest" || source.kind === "resolver";
    const skips = kept !== undefined && kept.length < fields.size;
    return (
      (skips && (costs || children.some((child) => callsBehind(child, byName)))) ||
      children.some((child) => spares(child, byName, seen))
    );
  });
}

function callsBehind(root: PlanMessage, byName: ReadonlyMap<string, PlanMessage>): boolean {
  const stepsOf = ({ declared }: PlanMessage): readonly Step[] => declared.map(({ step }) => step);
  const all = reachable([root], (message) => composedBy(stepsOf(message), byName));
  return all.flatMap(stepsOf).some(({ source }) => callsOf(source).length > 0);
}
