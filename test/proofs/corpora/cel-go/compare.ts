import type { GoAnswer } from "./oracle.ts";
import type { OurAnswer } from "./our-compiler.ts";

/** Difference between two answers. The first three are faults, whatever cel-go answers. */
export type Kind =
  /** Something that is no ExpressionError is thrown, or the compiler dies. */
  | "crash"
  /** It throws although the compiler excludes that. */
  | "unannounced"
  /** A value of a shape that its type does not have. */
  | "malformed"
  /** cel-go dies. */
  | "go-panics"
  | "go-refuses"
  | "we-refuse"
  /** Only the language that people write refuses it, and cel-go has a value. */
  | "strictly-refused"
  | "type"
  | "go-fails"
  | "we-fail"
  | "value";

/** Returns the differences; empty when both agree. Any error equals any other. */
export function differences(go: GoAnswer, our: OurAnswer): readonly Kind[] {
  const kinds: Kind[] = [];
  if (our.crash) kinds.push("crash");
  if (our.unannounced) kinds.push("unannounced");
  if (our.value?.includes("?") && /(^|[^a-z"\\])\?\w/.test(withoutTexts(our.value))) kinds.push("malformed");
  if (go.panic) return [...kinds, "go-panics"];
  if (go.refused !== undefined) return our.refused === undefined ? [...kinds, "go-refuses"] : kinds;
  if (our.refused !== undefined) return [...kinds, "we-refuse"];
  if (our.crash) return kinds;
  if (go.type !== our.type) kinds.push("type");
  if (go.error !== undefined && our.error === undefined) kinds.push("go-fails");
  else if (go.error === undefined && our.error !== undefined) kinds.push("we-fail");
  else if (go.value !== our.value) kinds.push("value");
  if (our.strict !== undefined && go.error === undefined) kinds.push("strictly-refused");
  return kinds;
}

function withoutTexts(value: string): string {
  return value.replace(/"(?:\\.|[^"\\])*"/g, "");
}
