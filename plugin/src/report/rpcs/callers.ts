import type { Permit } from "../../resolve/model/model.ts";

/** A permit as it is told: names, and conditions as they are written. */
export interface PermittedCallers {
  /** Nobody has to be known. */
  readonly open: boolean;
  /** Any of these; undefined: any at all. */
  readonly sources: readonly string[] | undefined;
  /** All of these. */
  readonly scopes: readonly string[];
  /** Of each list any. */
  readonly roles: readonly (readonly string[])[];
  /** All of these hold. */
  readonly conditions: readonly string[];
}

export function permittedCallers({ public: open, sources, scopes, roles, conditions }: Permit): PermittedCallers {
  return {
    open: open !== undefined,
    sources,
    scopes,
    roles,
    conditions: conditions.flatMap(({ source }) => (source.kind === "guard" ? [source.if.text.value] : [])),
  };
}
