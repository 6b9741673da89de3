// Generated checks beside @bufbuild/protovalidate: random protos with random rules, and for each random messages.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator, violationsToProto } from "@bufbuild/protovalidate";
import { type Violation, ViolationsSchema } from "@protobff/messages/buf/validate/validate_pb.js";
import { Failure } from "@protobff/runtime";
import { ExpressionError } from "@protobff/runtime/expressions";
import { seeded } from "../../bffs/second/random-message.ts";
import { compileCase } from "../../support/golden.ts";
import { messagesOf } from "../../support/messages.ts";
import { requestFor } from "../../support/request.ts";
import { randomProtos } from "./random-protos.ts";
import { randomValues } from "./random-values.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Generated {
  readonly desc: DescMessage;
  readonly validate: (message: Message) => void;
  readonly registry: ReturnType<typeof createFileRegistry>;
  readonly folder: string;
}

/** Generates below `test/.generated`, where the code finds the packages that it imports. */
export async function generate(protos: Readonly<Record<string, string>>, name: string): Promise<Generated> {
  const { request, response } = accepted(protos);
  const folder = join(root, `test/.generated/validation-${process.pid}-${name}`);
  rmSync(folder, { recursive: true, force: true });
  const emitted = response.file.map(({ name, content }) => [name, content] as const);
  for (const [file, content] of [...Object.entries(messagesOf(request)), ...emitted]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  }
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
  const desc = registry.getMessage("val.v1.Request");
  if (desc === undefined) throw new Error("no val.v1.Request");
  if (!response.file.some((file) => file.name === "val/v1/val_rules.ts"))
    return { desc, validate: () => {}, registry, folder };
  const module = (await import(pathToFileURL(join(folder, "val/v1/val_rules.ts")).href)) as {
    readonly validateRequest?: (message: Message) => void;
  };
  return { desc, validate: module.validateRequest ?? (() => {}), registry, folder };
}

/** Compiles protos. Fields with rules that no value satisfies cause an error, so they are left without rules. */
function accepted(protos: Readonly<Record<string, string>>) {
  const request = requestFor(protos, [TARGET]);
  const { response, diagnostics } = compileCase(request, protos, "import_extension=ts");
  if (response.error === "") return { request, response };
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (errors.some(({ code }) => code !== "BFF251")) throw new Error(response.error);
  const lines = new Set(errors.map(({ at }) => at.line));
  const text = (protos[TARGET] ?? "")
    .split("\n")
    .map((row, i) => (lines.has(i + 1) ? row.replace(/ \[.*;$/, ";") : row));
  return accepted({ ...protos, [TARGET]: text.join("\n") });
}
const TARGET = "val/v1/val.proto";

/** Violations as JSON, one each; or that a rule fails at run time. */
type Outcome = readonly string[] | "error";

export function ours({ validate }: Generated, message: Message): Outcome {
  try {
    validate(message);
    return [];
  } catch (error) {
    if (error instanceof ExpressionError) {
      lastErrors.ours = error.message;
      return "error";
    }
    if (!(error instanceof Failure)) throw error;
    const [detail] = error.details;
    if (detail === undefined || !(detail.value instanceof Uint8Array)) throw error;
    return fromBinary(ViolationsSchema, detail.value).violations.map(shown);
  }
}

export function theirs({ desc, registry }: Generated, message: Message): Outcome {
  const result = validatorOf(registry).validate(desc, message);
  switch (result.kind) {
    case "valid":
      return [];
    case "invalid": {
      const [violations] = violationsToProto(result.violations);
      const bytes = toBinary(ViolationsSchema, violations as never);
      return fromBinary(ViolationsSchema, bytes).violations.map(shown);
    }
    case "error":
      if (result.error.name === "CompilationError") throw result.error;
      lastErrors.theirs = result.error.message;
      return "error";
  }
}

/** Message of the last rule that failed. */
const lastErrors = { ours: "", theirs: "" };

const validators = new WeakMap<Generated["registry"], ReturnType<typeof createValidator>>();
function validatorOf(registry: Generated["registry"]): ReturnType<typeof createValidator> {
  const known = validators.get(registry) ?? createValidator({ registry });
  validators.set(registry, known);
  return known;
}

/** Formats a violation in one line. */
function shown({ ruleId, message, forKey, field, rule }: Violation): string {
  const path = (fieldPath: Violation["field"]): string =>
    (fieldPath?.elements ?? [])
      .map(({ fieldName, fieldNumber, fieldType, keyType, valueType, subscript }) => {
        const types = [fieldNumber, fieldType, keyType, valueType].filter((type) => type !== undefined).join(",");
        const at = subscript.case === undefined ? "" : `[${subscript.case} ${JSON.stringify(String(subscript.value))}]`;
        return `${fieldName}(${types})${at}`;
      })
      .join(".");
  return `${ruleId}${forKey ? " of the key" : ""} at ${path(field)} by ${path(rule)}: ${message}`;
}

export interface Compared {
  readonly messages: number;
  readonly invalid: number;
  readonly failing: number;
  readonly violations: number;
  readonly differences: readonly string[];
  /** Ids of the rules that were broken. */
  readonly broken: ReadonlySet<string>;
}

/** Compares one set of protos, with `messages` messages. */
export async function compare(seed: string, messages: number): Promise<Compared> {
  const protos = randomProtos(seed);
  const generated = await generate(protos, seed.replaceAll(/\W/g, "-"));
  const random = seeded("messages", seed);
  const differences: string[] = [];
  const broken = new Set<string>();
  let [invalid, failing, violations] = [0, 0, 0];
  try {
    for (let i = 0; i < messages; i++) {
      const message = randomValues(generated.desc, random);
      const mine = ours(generated, message);
      const other = theirs(generated, message);
      if (other === "error") failing++;
      else if (other.length > 0) invalid++;
      if (other !== "error") {
        violations += other.length;
        for (const line of other) broken.add(line.split(" ", 1)[0] ?? "");
      }
      if (!same(mine, other)) {
        const { registry, desc } = generated;
        const text = [
          `seed ${seed}, message ${i}`,
          toJsonString(desc, message, { registry }),
          ...difference(mine, other),
        ];
        differences.push(text.join("\n  "));
      }
    }
  } finally {
    rmSync(generated.folder, { recursive: true, force: true });
  }
  return { messages, invalid, failing, violations, differences, broken };
}

/**
 * Number of violations above which a refusal may be cut off. It lists at most 32 violations, of 6 KiB together; later
 * violations, even a failing rule, are ignored.
 */
const CUT = 20;
function same(mine: Outcome, other: Outcome): boolean {
  if (mine === "error") return other === "error";
  if (other === "error") return mine.length > CUT;
  if (mine.length < other.length && mine.length > CUT) return mine.every((line) => other.includes(line));
  // The order of the rules of one value is not specified.
  const sorted = other.toSorted();
  return mine.length === other.length && mine.toSorted().every((line, i) => line === sorted[i]);
}

function difference(mine: Outcome, other: Outcome): readonly string[] {
  if (mine === "error" || other === "error") {
    const summary = (outcome: Outcome, error: string): string =>
      outcome === "error" ? `fails: ${error}` : `finds ${outcome.length}`;
    return [`ours ${summary(mine, lastErrors.ours)}`, `theirs ${summary(other, lastErrors.theirs)}`];
  }
  return [
    ...mine.filter((line) => !other.includes(line)).map((line) => `only ours   ${line}`),
    ...other.filter((line) => !mine.includes(line)).map((line) => `only theirs ${line}`),
  ];
}
