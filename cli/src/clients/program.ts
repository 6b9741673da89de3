// The programs of a client: those of its tsconfig.json, and of the projects that it refers to.
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { ts as TypeScript } from "ts-morph";
import { tsMorph } from "../resolvers/ts-morph.ts";
import { Refusal } from "../terminal.ts";

const MAX_PROJECTS = 50;
const MAX_FILES = 20_000;
const MAX_BYTES = 256 << 20;

/** Codes of faults in options that another version of the compiler takes. */
const OTHER_COMPILER = new Set([5023, 5025, 5101, 5102, 5107, 5108, 6046]);

/** Returns the path of the tsconfig.json. Throws a `Refusal` if it does not exist. */
export function configOf(client: string, cwd: string): string {
  const path = resolve(cwd, client);
  const config = existsSync(path) && statSync(path).isDirectory() ? join(path, "tsconfig.json") : path;
  if (!existsSync(config))
    throw new Refusal(`there is no ${relative(cwd, config)}: --client takes a tsconfig.json, or its folder`, 2);
  return config;
}

/** Creates the programs. Throws a `Refusal` if one of them does not compile, or is too large. */
export function programsOf(ts: typeof TypeScript, config: string, cwd: string): readonly TypeScript.Program[] {
  const programs: TypeScript.Program[] = [];
  const open = [config];
  const seen = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    if (seen.size > MAX_PROJECTS) throw new Refusal(`${config} refers to more than ${MAX_PROJECTS} projects`, 2);
    const parsed = parsedConfig(ts, path, cwd);
    open.push(...(parsed.projectReferences ?? []).map((reference) => ts.resolveProjectReferencePath(reference)));
    if (parsed.fileNames.length === 0) continue;
    if (parsed.fileNames.length > MAX_FILES) throw tooLarge(path, cwd);
    const program = createProgram(parsed.fileNames, optionsFrom(parsed.options));
    let bytes = 0;
    for (const { text } of program.getSourceFiles()) bytes += text.length;
    if (program.getSourceFiles().length > MAX_FILES || bytes > MAX_BYTES) throw tooLarge(path, cwd);
    refuseErrors(ts, program, cwd);
    programs.push(program);
  }
  if (programs.length === 0) throw new Refusal(`${relative(cwd, config)} has no file of TypeScript`, 2);
  return programs;
}

/** ts-morph contains the declarations of the standard library. */
function createProgram(files: readonly string[], compilerOptions: TypeScript.CompilerOptions): TypeScript.Program {
  const { Project } = tsMorph();
  const project = new Project({ compilerOptions, skipAddingFilesFromTsConfig: true });
  for (const file of files) project.addSourceFileAtPathIfExists(file);
  return project.getProgram().compilerObject;
}

const tooLarge = (path: string, cwd: string): Refusal =>
  new Refusal(
    `${relative(cwd, path)} has more than ${MAX_FILES} files, or ${MAX_BYTES >> 20} MiB: name the tsconfig.json of a smaller part`,
    2,
  );

/** Unused variables stop no client, and files are not written. */
function optionsFrom(options: TypeScript.CompilerOptions): TypeScript.CompilerOptions {
  return {
    ...options,
    noEmit: true,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    emitDeclarationOnly: false,
    skipLibCheck: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
}

function parsedConfig(ts: typeof TypeScript, path: string, cwd: string): TypeScript.ParsedCommandLine {
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error !== undefined) throw new Refusal(`${relative(cwd, path)}: ${textOf(ts, error)}`, 2);
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path), undefined, path);
  // 18002 and 18003: no files, as in a tsconfig.json that only refers to others.
  const fault = parsed.errors.find(({ code }) => !OTHER_COMPILER.has(code) && code !== 18002 && code !== 18003);
  if (fault !== undefined) throw new Refusal(`${relative(cwd, path)}: ${textOf(ts, fault)}`, 2);
  return parsed;
}

function refuseErrors(ts: typeof TypeScript, program: TypeScript.Program, cwd: string): void {
  for (const file of program.getSourceFiles()) {
    if (program.isSourceFileFromExternalLibrary(file) || program.isSourceFileDefaultLibrary(file)) continue;
    const [first] = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].filter(
      ({ category }) => category === ts.DiagnosticCategory.Error,
    );
    if (first === undefined) continue;
    const { line, character } = file.getLineAndCharacterOfPosition(first.start ?? 0);
    throw new Refusal(
      `${relative(cwd, file.fileName)}:${line + 1}:${character + 1}: ${textOf(ts, first)}\nthe client does not compile, so its reads are unknown: install its dependencies, or correct it`,
      2,
    );
  }
}

const textOf = (ts: typeof TypeScript, { messageText }: TypeScript.Diagnostic): string =>
  ts.flattenDiagnosticMessageText(messageText, " ");
