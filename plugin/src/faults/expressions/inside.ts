// Composed messages inside of a value, and what failures have touched in them.

import type { Taint, Touched } from "../values/results.ts";
import { isListValue, MapValue, MessageValue, OptionalValue, type Value } from "../values/values.ts";
import type { TreeRead } from "./field-reads.ts";

/** Returns the taints of all fields within a composed value. */
export function inside(value: Value, touched: Touched, rank: number): Taint[] {
  return messagesIn(value).flatMap((message) =>
    (touched.get(message) ?? []).flatMap(({ path: field, effects, causes, optional }) =>
      // Other paths belong to the messages inside.
      /[.[]/.test(field)
        ? []
        : causes.map((cause) => ({
            cause,
            rank,
            leftOut: effects.every((effect) => effect === "INCOMPLETE") ? ("either" as const) : false,
            soft: optional,
            place: { message, field },
          })),
    ),
  );
}

/** Returns the taints of messages that a value holds. */
export function held(value: Value, taints: readonly Taint[]): readonly Taint[] {
  if (taints.length === 0) return taints;
  const messages = new Set(messagesIn(value));
  return taints.filter(({ place }) => place === undefined || messages.has(place.message));
}

/** Returns true if a read of a value comes across a taint. */
export function meets(value: Value | undefined, { path, ...read }: TreeRead, taint: Taint): boolean {
  if (taint.place === undefined) return true;
  const { message, field } = taint.place;
  if (value instanceof MessageValue && path[0] !== undefined)
    return (
      (value === message && path[0] === field) ||
      meets(value.fields.get(path[0]), { ...read, path: path.slice(1) }, taint)
    );
  if (path.length === 0) return read.whole && value !== undefined && messagesIn(value).includes(message);
  return value !== undefined && itemsOf(value).some((item) => meets(item, { ...read, path }, taint));
}

function messagesIn(value: Value): readonly MessageValue[] {
  if (!(value instanceof MessageValue)) return itemsOf(value).flatMap(messagesIn);
  return [value, ...[...value.fields.values()].flatMap(messagesIn)];
}
function itemsOf(value: Value): readonly Value[] {
  if (isListValue(value)) return value;
  if (value instanceof MapValue) return value.entries.map(([, item]) => item);
  return value instanceof OptionalValue && value.value !== undefined ? [value.value] : [];
}
