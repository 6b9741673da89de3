// Who may call, as the lock records it: a permit that has been widened is a difference that a reviewer sees.
import type { Model, Permit } from "../resolve/model/model.ts";

/** As written in the lock. */
export interface LockedPermit {
  /** Nobody has to be known. */
  readonly public?: true;
  /** Any of these. */
  readonly sources?: readonly string[];
  /** All of these. */
  readonly scopes?: readonly string[];
  /** Of each list any. */
  readonly roles?: readonly (readonly string[])[];
  /** All of these hold. */
  readonly if?: readonly string[];
}
/** By the name of the generated file, then by the rpc: "web.v1.WebService/GetPage". */
export type LockedPermits = ReadonlyMap<string, ReadonlyMap<string, LockedPermit>>;

/** What is in force, so that a permit of a service is seen in each of its rpcs. Without one of its own, sources are all that there are. */
export function permitsOf(model: Model): LockedPermits {
  return new Map(
    model.files.map(({ desc, services }) => [
      desc.proto.name,
      new Map(
        services.flatMap((service) =>
          service.methods.flatMap(({ desc: rpc, permit }) =>
            permit === undefined
              ? []
              : [[`${service.desc.typeName}/${rpc.name}`, lockedPermit(permit, model)] as const],
          ),
        ),
      ),
    ]),
  );
}

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

/** Of a text that `parseLock` has read. What another version of the plugin may write there is kept as it is. */
export function readPermits(text: string): LockedPermits {
  const { permits } = JSON.parse(text) as { readonly permits?: unknown };
  return new Map(
    entriesOf(permits).map(([file, rpcs]) => [file, new Map(entriesOf(rpcs) as [string, LockedPermit][])]),
  );
}
const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null ? Object.entries(value) : [];

/** The first rpc of a file that differs. */
export function changedPermit(old: LockedPermits, next: LockedPermits): { file: string; rpc: string } | undefined {
  for (const file of [...new Set([...next.keys(), ...old.keys()])].sort()) {
    const [before, after] = [old.get(file), next.get(file)];
    for (const rpc of [...new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])].sort())
      if (JSON.stringify(before?.get(rpc)) !== JSON.stringify(after?.get(rpc))) return { file, rpc };
  }
  return undefined;
}
