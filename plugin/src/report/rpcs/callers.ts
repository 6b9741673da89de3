import type { Permit } from "../../resolve/model/model.ts";

/** Report of a permit: names, and conditions as written. */
interface PermittedCallers {
  /** True if no caller must be identified. */
  readonly open: boolean;
  /** Any of these; undefined: any source. */
  readonly sources: readonly string[] | undefined;
  /** All of these. */
  readonly scopes: readonly string[];
  /** Any role of each list. */
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
