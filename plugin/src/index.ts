// What `protobff` uses of the compiler (`protoc-gen-bff/compiler`). No stage imports it.
export { explain } from "./command/explain.ts";
export { type CommittedLock, type Compilation, compile } from "./compile.ts";
export type { Diagnostic } from "./diagnostic/diagnostic.ts";
export { renderDiagnostics } from "./diagnostic/render.ts";
export type { Sources } from "./diagnostic/sources.ts";
export { type Parameter, parseParameter } from "./parameter.ts";
export { sourcesIn } from "./sources-in.ts";
export { VERSION } from "./version.ts";
