/** `workspace_id` → `workspaceId`; what would not be an identifier any more keeps a `_`: `_1`, `_`. */
export const camel = (name: string): string =>
  name
    .replace(/_+([a-zA-Z0-9])/g, (_, c: string) => c.toUpperCase())
    .replace(/_+$/, "")
    .replace(/^(?![A-Za-z])/, "_");
