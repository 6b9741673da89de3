// A component for fields of a partial answer.
import type { Message } from "@bufbuild/protobuf";
import { protoCamelCase, safeObjectProperty } from "@bufbuild/protobuf/reflect";
import type { ReactNode } from "react";
import type { FieldPath } from "./selection.ts";

/** An answer with the degradations that the server lists. Each is a `bff.v1.Degradation`. */
export type PartialAnswer = Message & {
  readonly degraded: readonly { readonly path: string; readonly effect: number }[];
};

/** Properties of `Degraded`. */
export interface DegradedProps<T extends PartialAnswer, P> {
  /** The answer, or the fields of it that are selected. */
  readonly of: T;
  /**
   * Name of a field of the answer in TypeScript, or the names, positions and keys on the way to a field of an inner
   * message. Members of a oneof are names like other fields.
   */
  readonly field: P extends FieldPath<T, P> ? P : FieldPath<T, P>;
  /** Shown in place of the field, or a function of the degradation that returns what is shown. */
  readonly fallback: ReactNode | ((degradation: T["degraded"][number]) => ReactNode);
  readonly children?: ReactNode;
}

// Numbers of `bff.v1.Degradation.Effect`.
const MISSING = 1;
const INCOMPLETE = 3;

/**
 * Renders its children, or a fallback if the field is missing because of a failure. Fields that are empty for another
 * reason, stale or replaced by the server, and lists without some of their items, render the children.
 *
 * @example
 * <Degraded of={page} field="available" fallback={<p>The stock is unknown.</p>}>
 *   <p>{page.available} available</p>
 * </Degraded>
 * <Degraded of={page} field={["runs", i, "ownerName"]} fallback={({ reason }) => <Unknown reason={reason} />}>
 *   {page.runs[i].ownerName}
 * </Degraded>
 */
export function Degraded<T extends PartialAnswer, const P>(props: DegradedProps<T, P>): ReactNode {
  const { of, fallback, children } = props;
  const field = [props.field].flat().map(String);
  const degradation: T["degraded"][number] | undefined = of.degraded.find(({ path, effect }) => {
    const names = namesIn(path);
    if (effect !== MISSING && effect !== INCOMPLETE) return false;
    if (!names.every((name, i) => name === undefined || name === field[i])) return false;
    // Folded paths name items that have their value, too, and incomplete lists and maps have items.
    return isAbsent(valueAt(of, field.slice(0, names.length + (effect === INCOMPLETE ? 1 : 0))));
  });
  if (degradation === undefined) return children;
  return typeof fallback === "function" ? fallback(degradation) : fallback;
}

/**
 * Returns the names in TypeScript, positions and keys in a path of the server, such as `runs[3].owner_name`. A folded
 * position or key, `[*]`, is undefined.
 */
function namesIn(path: string): (string | undefined)[] {
  return [...path.matchAll(/\[("(?:[^"\\]|\\.)*"|[^\]]*)\]|[^.[]+/g)].map(([name, key]) => {
    if (key === undefined) return safeObjectProperty(protoCamelCase(name));
    if (key === "*") return undefined;
    return key.startsWith('"') ? String(JSON.parse(key)) : key;
  });
}

function valueAt(message: unknown, names: readonly string[]): unknown {
  let value = message;
  for (const name of names) value = memberOf(Object(value), name);
  return value;
}
/** Defaults of fields with presence are inherited: they count as absent. */
function memberOf(holder: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(holder, name)) return holder[name];
  if (!("$typeName" in holder)) return undefined;
  const oneof = Object.values(holder).find((value) => Object(value).case === name && !("$typeName" in Object(value)));
  return Object(oneof).value;
}
function isAbsent(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === "object" && value !== null && !("$typeName" in value) && Object.keys(value).length === 0;
}
