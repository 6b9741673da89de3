// Permits, as the lock records them: a widened permit is a difference that a reviewer sees.
import type { Model, Permit } from "../resolve/model/model.ts";

/** As written in the lock. */
interface LockedPermit {
  /** Callers need no credentials. */
  readonly public?: true;
  /** Any of these. */
  readonly sources?: readonly string[];
  /** All of these. */
  readonly scopes?: readonly string[];
  /** Any role of each list. */
  readonly roles?: readonly (readonly string[])[];
  /** All of these hold. */
  readonly if?: readonly string[];
}
/** Returns the permit in force. A permit without sources accepts all sources. */
export function lockedPermit(permit: Permit, { packages }: Pick<Model, "packages">): LockedPermit {
  if (permit.public !== undefined) return { public: true };
  const { sources, scopes, roles, conditions } = permit;
  const identity = packages.find(({ name }) => name === permit.file.desc.proto.package)?.identity;
  const all = sources ?? identity?.sources.map(({ name }) => name) ?? [];
  const texts = conditions.flatMap(({ source }) => (source.kind === "guard" ? [source.if.text.value] : []));
  return {
    sources: [...all].sort(),
    ...(scopes.length > 0 && { scopes: [...scopes].sort() }),
    ...(roles.length > 0 && { roles: roles.map((any) => [...any].sort()) }),
    ...(texts.length > 0 && { if: texts }),
  };
}
