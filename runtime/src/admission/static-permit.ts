import type { Caller } from "../identity/caller.ts";

/** The part of a permit that the caller's credential alone decides. */
export interface StaticPermit {
  /** True if unknown callers are admitted. */
  readonly public?: boolean | undefined;
  /** Any of these sources; undefined: every source. */
  readonly sources?: readonly string[] | undefined;
  /** All of these, of the principal's `scopes`. */
  readonly scopes?: readonly string[] | undefined;
  /** One of each list, of the principal's `roles`. */
  readonly roles?: readonly (readonly string[])[] | undefined;
}

export const isFromSource = ({ sources }: StaticPermit, { credential }: Caller): boolean =>
  sources === undefined || sources.includes(credential.source);

export function hasScopes({ scopes = [] }: StaticPermit, caller: Caller): boolean {
  if (scopes.length === 0) return true;
  const has = held(caller, "scopes");
  return scopes.every((scope) => has.includes(scope));
}

export function hasRoles({ roles = [] }: StaticPermit, caller: Caller): boolean {
  if (roles.length === 0) return true;
  const has = held(caller, "roles");
  return roles.every((any) => any.some((role) => has.includes(role)));
}

/** Returns a list of texts that the principal may have. */
function held({ principal }: Caller, field: "scopes" | "roles"): readonly unknown[] {
  const value: unknown = (principal as unknown as { readonly [name: string]: unknown })[field];
  return Array.isArray(value) ? value : [];
}
