import { create } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type CodeGeneratorResponse,
} from "@bufbuild/protobuf/wkt";
import { createEcmaScriptPlugin, type Schema } from "@bufbuild/protoplugin";
import type { Parameter } from "../options/parameter.ts";
import { VERSION } from "../package/version.ts";

/** The TypeScript that `generate` prints. protoplugin adds imports and the first lines, which name the options that shape the files. */
export function printFiles(
  request: CodeGeneratorRequest,
  { importExtension, mapImports, shaping }: Pick<Parameter, "importExtension" | "mapImports" | "shaping">,
  generate: (schema: Schema) => void,
): CodeGeneratorResponse {
  const mapped = mapImports.map((mapping) => `map_imports=${mapping}`);
  const parameter = ["target=ts", `import_extension=${importExtension}`, ...mapped].join(",");
  const plugin = createEcmaScriptPlugin({ name: "protoc-gen-bff", version: VERSION, generateTs: generate });
  // The paths of imports depend on the parameter, and on which well-known types are generated. No other descriptor is
  // passed, because protoplugin would build a second registry of them.
  const fileToGenerate = request.fileToGenerate.filter(isWellKnown);
  const protoFile = request.protoFile.filter(({ name }) => isWellKnown(name));
  const response = plugin.run(create(CodeGeneratorRequestSchema, { fileToGenerate, protoFile, parameter }));
  const shown = shaping === "" ? "" : ` with parameter "${shaping}"`;
  for (const file of response.file)
    file.content = file.content.replace(` with parameter "${parameter}"`, shown).replace(UNLINTED, `${USED}$&`);
  return response;
}

const UNLINTED = "/* eslint-disable */\n";
/** ESLint warns about a directive that suppresses no report, so each file has one report. */
const USED =
  '/* eslint no-restricted-syntax: [1, "Program > :first-child"] -- keeps the next line from counting as unused */\n';

const isWellKnown = (file: string): boolean => file.startsWith("google/protobuf/");
