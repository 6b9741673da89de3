// Compiled expressions against interpreters and against the same by hand.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { celEnv, isCelError, objectType, parse, plan } from "@bufbuild/cel";
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message,
  type Registry,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Environment } from "@marcbachmann/cel-js";
import { checkExpression, emitValue, type Names } from "../../plugin/src/cel/index.ts";
import { printed, scopeOf, textOf, variable } from "../../plugin/src/cel/testing/harness.ts";
import { EXPRESSIONS, type Values } from "./expressions.ts";
import { nanoseconds } from "./measure.ts";
import { plainValues } from "./plain.ts";

const PACKAGE = "bench.shop.v1";

interface Row {
  readonly expression: string;
  readonly compiled: number;
  readonly byHand: number;
  /** @bufbuild/cel, planned once. */
  readonly bufbuild: number;
  /** @marcbachmann/cel-js, parsed once; undefined where it does not evaluate the expression. */
  readonly celJs: number | undefined;
}

type Evaluate = (values: Values) => unknown;

export async function runCel(json: boolean): Promise<void> {
  const registry = shopRegistry();
  const values = shopValues(registry);
  const compiled = await compileAll(registry);
  const rows = EXPRESSIONS.map(({ cel, byHand }, index): Row => {
    const ours = compiled[index];
    if (ours === undefined) throw new Error(`not compiled: ${cel}`);
    const celJs = interpretedByCelJs(cel, values);
    return {
      expression: cel,
      compiled: nanoseconds(() => ours(values)),
      byHand: nanoseconds(() => byHand(values)),
      bufbuild: nanoseconds(interpreted(cel, registry, values)),
      celJs: celJs && nanoseconds(celJs),
    };
  });
  print(rows, json);
}

function shopRegistry(): Registry {
  const proto = resolve(import.meta.dirname, "shop.proto");
  const buf = resolve(import.meta.dirname, "../../node_modules/.bin/buf");
  const binary = execFileSync(buf, ["build", `${proto}#include_package_files=true`, "-o", "-"], { maxBuffer: 2 ** 24 });
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, binary));
}

function message(registry: Registry, name: string): DescMessage {
  const desc = registry.getMessage(`${PACKAGE}.${name}`);
  if (desc === undefined) throw new Error(`no message ${name}`);
  return desc;
}

function shopValues(registry: Registry): Values {
  const make = (name: string, init: Record<string, unknown>): Message => create(message(registry, name), init);
  const item = (index: number): Message =>
    make("Item", {
      sku: `sku-${index}`,
      quantity: index + 1,
      price: 4.5 * (index + 1),
      available: index % 2 === 0,
      tags: index === 4 ? ["new", "sale"] : ["new"],
    });
  const user = make("User", {
    id: "u1",
    name: "Ada Lovelace",
    email: "ada.lovelace@example.com",
    age: 36,
    active: true,
    roles: ["reader", "editor", "admin"],
    tier: 2,
    labels: { team: "engines", env: "prod" },
    points: 1_250n,
    address: make("Address", { city: "London", country: "CH" }),
  });
  const order = make("Order", {
    id: "o1",
    items: [0, 1, 2, 3, 4].map(item),
    totalCents: 123_456n,
    placed: create(TimestampSchema, { seconds: 1_700_000_000n }),
    discount: 0.1,
  });
  const now = create(TimestampSchema, { seconds: 1_700_050_000n, nanos: 5 });
  // The shapes by hand are those of the generated code.
  return { user, order, now } as unknown as Values;
}

/** One module of all expressions, as a generated file would have them: imports by name, parameters for the variables. */
async function compileAll(registry: Registry): Promise<readonly Evaluate[]> {
  const user = message(registry, "User");
  const order = message(registry, "Order");
  const scope = scopeOf(
    [
      variable("user", { kind: "message", desc: user }, { proto: { kind: "message", desc: user } }),
      variable("order", { kind: "message", desc: order }, { proto: { kind: "message", desc: order } }),
      variable(
        "now",
        { kind: "message", desc: TimestampSchema },
        { role: "now", proto: { kind: "message", desc: TimestampSchema } },
      ),
    ],
    PACKAGE,
  );
  const used = new Set<string>();
  const names: Names = {
    variable: (variable) => `values.${variable.name}`,
    runtime: (name) => {
      used.add(name);
      return name;
    },
    schema: (desc) => `schemas.getMessage("${desc.typeName}")`,
    shape: (desc) => `enums["${desc.typeName}"]`,
    local: (name) => name,
  };
  const bodies = EXPRESSIONS.map(({ cel }) => {
    const expression = checkExpression(textOf(cel), scope, registry, ({ code, message: text }) => {
      throw new Error(`${cel}: ${code} ${text}`);
    });
    if (expression === undefined) throw new Error(`refused: ${cel}`);
    return `(values) => ${printed(emitValue(expression, names).print)}`;
  });
  const folder = mkdtempSync(join(tmpdir(), "bench-cel-"));
  try {
    const enums = JSON.stringify({ [`${PACKAGE}.Tier`]: { UNSPECIFIED: 0, SILVER: 1, GOLD: 2 } });
    const from = JSON.stringify(
      pathToFileURL(resolve(import.meta.dirname, "../../plugin/src/cel/testing/functions.ts")).href,
    );
    const es = JSON.stringify(import.meta.resolve("@bufbuild/protobuf"));
    const ours = [...used].filter((name) => name !== "create");
    const source = [
      `import { create } from ${es};`,
      `import { ${ours.join(", ")} } from ${from};`,
      `const enums = ${enums};`,
      `export default (schemas) => [\n${bodies.join(",\n")}\n];`,
    ];
    const file = join(folder, "expressions.mjs");
    writeFileSync(file, source.join("\n"));
    const { default: make }: { default: (schemas: Registry) => readonly Evaluate[] } = await import(
      pathToFileURL(file).href
    );
    return make(registry);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function interpreted(cel: string, registry: Registry, values: Values): () => unknown {
  const env = celEnv({
    namespace: PACKAGE,
    registry,
    variables: {
      user: objectType(message(registry, "User")),
      order: objectType(message(registry, "Order")),
      now: objectType(TimestampSchema),
    },
  });
  const run = plan(env, parse(cel));
  const bound = { ...values } as unknown as Parameters<typeof run>[0];
  const result = run(bound);
  if (isCelError(result)) throw new Error(`@bufbuild/cel: ${cel}: ${result.message}`);
  return () => run(bound);
}

function interpretedByCelJs(cel: string, values: Values): (() => unknown) | undefined {
  const env = new Environment({ unlistedVariablesAreDyn: true });
  const bound = plainValues(values);
  try {
    const run = env.parse(cel);
    run(bound);
    return () => run(bound);
  } catch {
    return undefined;
  }
}

function print(rows: readonly Row[], json: boolean): void {
  const summary = {
    "compiled / @bufbuild/cel": median(rows.map((row) => row.compiled / row.bufbuild)),
    "compiled / cel-js": median(rows.flatMap((row) => (row.celJs === undefined ? [] : [row.compiled / row.celJs]))),
    "compiled / by hand": median(rows.map((row) => row.compiled / row.byHand)),
  };
  if (json) {
    console.log(JSON.stringify({ unit: "ns per evaluation", rows, median: summary }, undefined, 2));
    return;
  }
  const head = ["compiled", "by hand", "bufbuild", "cel-js", "/hand", "/bufbuild"];
  console.log(`${head.map((title) => title.padStart(10)).join("")}  expression (ns per evaluation)`);
  for (const { expression, compiled, byHand, bufbuild, celJs } of rows) {
    const cells = [compiled, byHand, bufbuild, celJs].map((figure) => (figure === undefined ? "-" : figure.toFixed(1)));
    const ratios = [(compiled / byHand).toFixed(2), (compiled / bufbuild).toFixed(3)];
    console.log(`${[...cells, ...ratios].map((cell) => cell.padStart(10)).join("")}  ${expression}`);
  }
  for (const [name, value] of Object.entries(summary)) console.log(`median ${name}: ${value.toFixed(3)}`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
