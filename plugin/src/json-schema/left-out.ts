import type { DescField } from "@bufbuild/protobuf";

/** Fields of a request that a schema leaves out, by the messages that contain them. */
export type LeftOut = ReadonlyMap<DescField, LeftOutField>;
interface LeftOutField {
  /** True if the field itself is left out; false: fields inside of it. */
  readonly whole: boolean;
  /** True if the server sets it, or a field inside of it. */
  readonly isSet: boolean;
  readonly inside: LeftOut;
}

export const NOTHING: LeftOut = new Map();

/**
 * Returns the fields at the ends of paths.
 *
 * @param paths `isSet`: the server sets the field
 */
export function leftOut(paths: readonly { readonly path: readonly DescField[]; readonly isSet: boolean }[]): LeftOut {
  const byFirst = Map.groupBy(paths, ({ path: [first] }) => first);
  return new Map(
    [...byFirst].flatMap(([field, all]) => {
      if (field === undefined) return [];
      const deeper = all.filter(({ path }) => path.length > 1);
      const inside = leftOut(deeper.map(({ path, isSet }) => ({ path: path.slice(1), isSet })));
      return [[field, { whole: deeper.length < all.length, isSet: all.some(({ isSet }) => isSet), inside }] as const];
    }),
  );
}
