// The compiler, in order: read → resolve → check → plan → emit. Pure: a request in, a response out.
import { create, createRegistry } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin } from "@bufbuild/protoplugin";
import { checkAll } from "./check/all-checks.ts";
import type { Diagnostic, Report } from "./diagnostic/diagnostic.ts";
import { renderDiagnostics } from "./diagnostic/render.ts";
import type { Sources } from "./diagnostic/sources.ts";
import { emit } from "./emit/emit.ts";
import { parseParameter, withSeverity } from "./parameter.ts";
import { plan } from "./plan/plan-run.ts";
import { readIr } from "./read/read-ir.ts";
import { resolve } from "./resolve/resolve.ts";
import { VERSION } from "./version.ts";

export interface Compilation {
  /** Files, or an error and no files. */
  readonly response: CodeGeneratorResponse;
  readonly warnings: readonly Diagnostic[];
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Thrown through protoplugin, which offers no other way to end without files. */
class Rejected extends Error {}

export function compile(request: CodeGeneratorRequest, sources: Sources): Compilation {
  const { parameter, faults } = parseParameter(request.parameter);
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => diagnostics.push(withSeverity(diagnostic, parameter));
  const failed = (error: string): Compilation => ({
    response: create(CodeGeneratorResponseSchema, { error }),
    warnings: diagnostics.filter(({ severity }) => severity === "warning"),
    diagnostics,
  });
  if (faults.length > 0) return failed(faults.join("\n"));

  const plugin = createEcmaScriptPlugin({
    name: "protoc-gen-bff",
    version: VERSION,
    generateTs: (schema) => {
      const registry = createRegistry(...schema.allFiles);
      const ir = readIr({ files: schema.files, allFiles: schema.allFiles, registry }, sources, report);
      const model = resolve(ir, report);
      checkAll(model, report);
      if (diagnostics.some(({ severity }) => severity === "error")) throw new Rejected();
      emit(plan(model), schema, parameter);
    },
  });
  const typescript = create(CodeGeneratorRequestSchema, {
    ...request,
    parameter: `target=ts,import_extension=${parameter.importExtension}`,
  });
  try {
    const response = plugin.run(typescript);
    return { response, warnings: diagnostics.filter(({ severity }) => severity === "warning"), diagnostics };
  } catch (thrown) {
    if (!(thrown instanceof Rejected)) throw thrown;
    // buf prints its own words before the first line.
    return failed(
      `\n${renderDiagnostics(
        diagnostics.filter(({ severity }) => severity === "error"),
        sources,
        parameter.errorFormat,
      )}`,
    );
  }
}
