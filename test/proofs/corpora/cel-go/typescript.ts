// Checks the printed code of expressions with tsc, as functions of a few modules.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DescEnum, DescMessage } from "@bufbuild/protobuf";
import { type CelType, type Code, emitAs, emitValue, fieldType, type Names } from "../../../../plugin/src/cel/index.ts";
import { printed } from "../../../../plugin/src/cel/testing/harness.ts";
import { LANGUAGE } from "../../../../plugin/src/cel/types/functions/language.ts";
import { registry, variables } from "./environment.ts";
import { FOLDER } from "./generated-files.ts";
import { checked } from "./our-compiler.ts";
import { expressionOf, type Question } from "./question.ts";

const PER_FILE = 1500;
const root = fileURLToPath(new URL("../../../..", import.meta.url));
const vars = registry.getMessage("t.Vars")!;

export interface TypeCheck {
  /** Number of functions that were checked. */
  readonly functions: number;
  /** The expression, and the error of tsc. */
  readonly errors: readonly { readonly expression: string; readonly message: string }[];
}

/** Type-checks what is printed for all that the compiler takes, in one run of tsc. */
export function typeCheck(questions: readonly Question[]): TypeCheck {
  const folder = join(FOLDER, "tsc");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compiled = questions.flatMap((question) => {
    const code = codeOf(question);
    return code === undefined ? [] : [{ expression: expressionOf(question), code }];
  });
  const files: (typeof compiled)[] = [];
  for (let at = 0; at < compiled.length; at += PER_FILE) files.push(compiled.slice(at, at + PER_FILE));
  for (const [index, functions] of files.entries()) {
    // Each function takes one line, so that the line identifies it.
    const lines = functions.map(({ code }, at) => `export function f${at}(vars: V) { return ${code}; }`);
    writeFileSync(join(folder, `e${index}.ts`), `${[...HEAD, ...lines].join("\n")}\n`);
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "tsconfig.json"),
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, allowUnreachableCode: true },
      include: ["*.ts"],
      exclude: [],
    }),
  );
  const { stdout, error } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw error;
  const errors = stdout.split("\n").flatMap((text) => {
    const [, file, line, message] = /e(\d+)\.ts\((\d+),\d+\): error (.*)/.exec(text) ?? [];
    if (message === undefined) return /error TS/.test(text) ? [{ expression: "", message: text }] : [];
    const { expression, code } = files[Number(file)]?.[Number(line) - 1 - HEAD.length] ?? { expression: "", code: "" };
    return [{ expression, message: `${message}\n      ${code}` }];
  });
  return { functions: compiled.length, errors };
}

/** Undefined for what the compiler refuses or dies over. */
function codeOf({ expression, field }: Question): string | undefined {
  try {
    const known = checked(expression, LANGUAGE);
    if (typeof known === "string") return undefined;
    const value = emitValue(known, NAMES);
    const code = field === undefined ? value : asField(value, field);
    // A comment is of no use here, and would swallow what follows.
    return code && printed(code.print);
  } catch {
    return undefined;
  }
}

function asField(value: Code, name: string): Code | undefined {
  const field = registry.getMessage("t.All")!.fields.find((candidate) => candidate.name === name)!;
  const code = emitAs(value, fieldType(field).proto, NAMES);
  if (code === undefined) return undefined;
  const type = field.oneof === undefined ? `pb.All["${field.localName}"]` : "unknown";
  return { ...code, print: ["((x: ", type, code.mayBeUndefined ? " | undefined" : "", ") => x)(", ...code.print, ")"] };
}

function wellKnown(desc: DescMessage | DescEnum): boolean {
  return desc.file.name.startsWith("google/");
}

function nameOf(desc: DescMessage | DescEnum): string {
  return desc.typeName.slice(desc.file.proto.package.length + 1).replaceAll(".", "_");
}

function qualified(desc: DescMessage | DescEnum): string {
  return `${wellKnown(desc) ? "wkt" : "pb"}.${nameOf(desc)}`;
}

const NAMES: Names = {
  variable: ({ name }) => `vars.${name}`,
  runtime: (name) => (name === "create" ? "create" : `rt.${name}`),
  schema: (desc) => `${qualified(desc)}Schema`,
  shape: qualified,
  registry: () => "MESSAGES",
  local: (name) => `${name}_`,
};

function typeScript(type: CelType): string {
  switch (type.kind) {
    case "int":
    case "uint":
      return "bigint";
    case "double":
      return "number";
    case "bool":
      return "boolean";
    case "bytes":
      return "Uint8Array";
    case "string":
    case "null":
      return type.kind;
    case "list":
      return `(${typeScript(type.element)})[]`;
    case "map":
      return `Map<${typeScript(type.key)}, ${typeScript(type.value)}>`;
    case "message":
      return qualified(type.desc);
    case "wrapper":
      return `${typeScript(type.of)} | null`;
    default:
      return "unknown";
  }
}

const DECLARED = variables.map(({ name, type, proto }) => {
  if (proto === undefined) return `readonly ${name}: ${typeScript(type)};`;
  const field = `pb.Vars["${vars.fields.find((candidate) => candidate.name === name)!.localName}"]`;
  return `readonly ${name}: NonNullable<${field}>;`;
});

const HEAD = [
  'import { create, createRegistry } from "@bufbuild/protobuf";',
  'import * as wkt from "@bufbuild/protobuf/wkt";',
  'import * as pb from "../t_pb.ts";',
  'import * as rt from "../../../../../../plugin/src/cel/testing/functions.ts";',
  "export const MESSAGES = createRegistry(pb.file_t);",
  `export interface V { ${DECLARED.join(" ")} }`,
];
