// Stands in for the packages `typescript` and `@typescript/vfs`, which protoplugin imports and this plugin never calls.
export default {};
export const createDefaultMapFromNodeModules = undefined;
export const createSystem = undefined;
export const createVirtualCompilerHost = undefined;
