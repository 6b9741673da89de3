// Fields without which the result of a client differs, and those that the analysis of its types reports as read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Analysed, analyseClient } from "../../../cli/src/clients/analyse.ts";
import { errorsWithout } from "../../proofs/corpora/clients/removal.ts";
import { CALL_SHAPES } from "./call-shapes.ts";
import { writeLibraries } from "./libraries.ts";
import { REACT_IMPORTS, REACT_SHAPES } from "./react-shapes.ts";
import { ANSWER_FIELDS, answersFor, FIELDS, type Field, generatedCode, messageWithout, SHAPES } from "./read-shapes.ts";

const seed = Number(process.env.PROTOBFF_SEED ?? Date.now() % 1_000_000);
let state = seed + 1;
const pick = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (state >> 8) % below;
};
const field = (): Field => FIELDS[pick(FIELDS.length)] as Field;
const SETS = [
  { shapes: SHAPES, imports: "", ending: "ts" },
  { shapes: CALL_SHAPES, imports: "", ending: "ts" },
  { shapes: REACT_SHAPES, imports: REACT_IMPORTS, ending: "tsx" },
];
/** Two programs for each shape. */
const cases = SETS.flatMap(({ shapes, imports, ending }) =>
  Object.entries(shapes).flatMap(([name, shape]) =>
    [0, 1].map(() => {
      const a = field();
      const b = FIELDS[(FIELDS.indexOf(a) + 1 + pick(FIELDS.length - 1)) % FIELDS.length] as Field;
      return { name: `${name} ${a} ${b}`, imports, ending, text: shape(a, b) };
    }),
  ),
);
// Inside of the repository, so that imports of packages are found.
const root = fileURLToPath(new URL("../../..", import.meta.url));
let folder = "";
let found: Analysed;

/** Fields that the analysis does not report as read or as taken whole, as `M.title`. */
const unreadOf = (i: number): readonly string[] =>
  ANSWER_FIELDS.filter((full) => {
    const [message, name = ""] = full.split(".");
    const reads = found.messages.get(`t.${message}${i}`);
    return reads === undefined || (!reads.fields.has(name) && reads.all.length + reads.cannotTell.length === 0);
  });

beforeAll(() => {
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  folder = mkdtempSync(join(root, "test/.generated/client-reads-"));
  mkdirSync(join(folder, "gen"));
  writeFileSync(join(folder, "gen/t_pb.ts"), generatedCode(cases.length));
  writeFileSync(
    join(folder, "helper.ts"),
    "export const read = <T>(of: T, by: (of: T) => unknown): unknown => by(of);\n",
  );
  writeLibraries(folder);
  cases.forEach(({ imports, ending, text }, i) => {
    const names = ["M", "R"].map((name) => `type ${name}${i} as ${name}`);
    const own = `import { ${names.join(", ")}, R${i}Schema as RSchema, S${i} as S } from "./gen/t_pb.ts";
import type { Client } from "@connectrpc/connect";\ntype C = Client<typeof S>;\n`;
    writeFileSync(join(folder, `case${i}.${ending}`), `${imports}${own}${text}\n`);
  });
  const compilerOptions = {
    target: "ES2024",
    lib: ["ES2024"],
    module: "NodeNext",
    jsx: "react-jsx",
    strict: true,
    types: [],
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts", "*.tsx", "gen"] }));
  found = analyseClient(folder, root, answersFor(cases.length));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(cases.map(({ name }, i) => ({ name, i })))(`$name (seed ${seed})`, async ({ i }) => {
  const path = join(folder, `case${i}.${cases[i]?.ending}`);
  const { run } = (await import(pathToFileURL(path).href)) as { run: (m: unknown, client: unknown) => unknown };
  const resultOf = async (removed?: string): Promise<string> => {
    const m = messageWithout(i, removed);
    Object.assign(globalThis, { answer: m });
    const client = {
      get: async () => m,
      watch: async function* () {
        yield m;
      },
      send: async (request: unknown) => request,
    };
    try {
      return JSON.stringify(await run(m, client));
    } catch (error) {
      return String(error);
    }
  };
  const result = await resultOf();
  const unseen: string[] = [];
  for (const name of unreadOf(i)) if ((await resultOf(name)) !== result) unseen.push(name);
  expect(unseen).toEqual([]);
});

test(`the clients compile without all fields called unread (seed ${seed})`, { timeout: 120_000 }, () => {
  const removed = cases.flatMap((_, i) => unreadOf(i).map((full) => `t.${full.replace(".", `${i}.`)}`));
  expect(errorsWithout(join(folder, "tsconfig.json"), new Set(removed))).toEqual([]);
});

test("the fields of most clients are decided by name", () => {
  const decided = cases.filter((_, i) => {
    const { all = [], cannotTell = [] } = found.messages.get(`t.M${i}`) ?? {};
    return all.length + cannotTell.length === 0;
  });
  expect(decided.length / cases.length).toBeGreaterThan(0.65);
});
