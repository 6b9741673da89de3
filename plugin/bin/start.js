import module from "node:module";

/**
 * Shortens the start of a command of this repository. A Node that lacks one of the means starts as before.
 */
export function shortenStart() {
  // Half of what a start takes is to compile.
  module.enableCompileCache?.();
  // protoplugin loads a TypeScript compiler of 9 MB for targets that no command here has.
  module.registerHooks?.({
    resolve: (specifier, context, next) =>
      /^(typescript|@typescript\/vfs)$/.test(specifier) && context.parentURL?.includes("/@bufbuild/protoplugin/")
        ? { url: new URL("no-typescript.js", import.meta.url).href, shortCircuit: true }
        : next(specifier, context),
  });
}
