/** Returns the path of a field in proto names: `filter.owner_id`. */
export const pathName = (path: readonly { readonly name: string }[]): string => path.map(({ name }) => name).join(".");
