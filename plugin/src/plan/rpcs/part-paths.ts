// Part paths for clients: the paths of all response fields that may arrive later.

import type { DescMessage } from "@bufbuild/protobuf";
import { composesOf, messagesByName } from "../../resolve/model/blocks.ts";
import type { BffFile, Composed, Model } from "../../resolve/model/model.ts";
import { fieldsOf, partsOf, placesOf } from "../../resolve/model/parts.ts";
import type { PlanPartNames } from "../model/plan.ts";
import { NameScope, upperSnake } from "../names/name-scope.ts";

/** Returns the part names of the responses that rpcs of a file send in parts, each response once. */
export function partNames({ services }: BffFile, model: Model): readonly PlanPartNames[] {
  const byName = messagesByName(model.messages);
  const scope = new NameScope();
  const paths = new Map<DescMessage, Set<string>>();
  for (const { parts, desc, composed } of services.flatMap(({ methods }) => methods)) {
    if (parts === undefined) continue;
    const known = new Set(desc.output.fields.map(({ name }) => name));
    const found = pathsOf(composed, byName).filter((path) => known.has(path.split(".")[0] ?? ""));
    paths.set(desc.output, new Set([...(paths.get(desc.output) ?? []), ...found]));
  }
  return [...paths].map(([message, found]) => ({ name: scope.take(nameOf(message)), message, paths: [...found] }));
}

function nameOf(message: DescMessage): string {
  const names = [message.name];
  for (let parent = message.parent; parent !== undefined; parent = parent.parent) names.unshift(parent.name);
  return `${names.map(upperSnake).join("_")}_PARTS`;
}

/**
 * Returns paths in order of declaration; paths inside a field follow the field itself. Messages never compose each
 * other in a circle.
 */
function pathsOf(message: Composed, byName: ReadonlyMap<string, Composed>): string[] {
  const partFields = new Set(partsOf(message).flatMap((part) => fieldsOf(part, message)));
  const inside = new Map(
    message.steps.flatMap((step) =>
      composesOf(step.source).flatMap((source) => {
        const inner = step.source.kind === "compose" ? byName.get(source.message.typeName) : undefined;
        return inner === undefined ? [] : placesOf(step, message).map((field) => [field, inner] as const);
      }),
    ),
  );
  return message.desc.fields.flatMap((field) => {
    const inner = inside.get(field);
    const below = inner === undefined ? [] : pathsOf(inner, byName).map((path) => `${field.name}.${path}`);
    return partFields.has(field) ? [field.name, ...below] : below;
  });
}
