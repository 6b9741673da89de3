import { typeName, type Variable } from "../../cel/index.ts";
import { fault } from "../../diagnostic/diagnostic.ts";
import type { IrBind, IrUpstream } from "../../ir/step.ts";
import type { MetadataBinding } from "../model/call.ts";
import { check, checkCondition, type MessageScope, where, withoutMessage } from "../scope/scope.ts";

/**
 * Returns the metadata that the entries add to every call of a method. Bindings that read the service's steps are left
 * out, because only steps see them.
 */
export function entryMetadata(scope: MessageScope, entries: readonly IrUpstream[]): MetadataBinding[] {
  const outside = withoutMessage(scope);
  return mergeByKey(entries.map((entry) => metadata(outside, entry.policy.metadata, []))).filter(({ by, if: when }) =>
    [by, when].every((expression) => !expression?.reads.some(({ variable }) => variable.role === "step")),
  );
}

/** Returns the metadata of one level. Reports values that metadata cannot hold (BFF341), and leaves them out. */
export function metadata(
  scope: MessageScope,
  binds: readonly IrBind[],
  locals: readonly Variable[],
): MetadataBinding[] {
  return binds.flatMap((bind): MetadataBinding[] => {
    if (bind.name === undefined || bind.by === undefined) return [];
    const condition = bind.if && checkCondition(scope, bind.if, "this `if`", locals);
    const by = check(where(scope, condition), bind.by, locals);
    if (by === undefined) return [];
    const binary = bind.name.value.endsWith("-bin");
    if (by.type.kind !== (binary ? "bytes" : "string")) {
      fault(scope.report, "BFF341", bind.by.at, {
        message: `metadata "${bind.name.value}" is ${binary ? "bytes" : "a string"}, not ${typeName(by.type)}`,
        hint: binary ? "write bytes(…) around it" : "write string(…) around it",
      });
      return [];
    }
    return [{ key: bind.name.value, by, if: condition, reveal: bind.reveal }];
  });
}

/** Merges levels by key: the nearest level decides, and within a level the last binding. */
export function mergeByKey(nearestFirst: readonly (readonly MetadataBinding[])[]): MetadataBinding[] {
  const merged = new Map<string, MetadataBinding>();
  for (const bindings of nearestFirst) {
    const level = new Set(merged.keys());
    for (const binding of bindings) if (!level.has(binding.key)) merged.set(binding.key, binding);
  }
  return [...merged.values()];
}
