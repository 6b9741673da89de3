// The reader of ProtoJSON on random values at the edges of types, compared with protobuf's packages for Go and Python,
// whose programs are in json-values/. Where both agree, the reader must agree, too; where they differ, it may choose.
// PROTOBFF_WITHOUT_GO=1 and PROTOBFF_WITHOUT_PYTHON=1 leave one out; PROTOBFF_JSON is the number of texts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, expect, test } from "vitest";
import { readJson } from "../../../runtime/src/json/read-json.ts";
import { Random } from "../../proofs/corpora/cel-go/random.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { textOf } from "./json-values/cases.ts";
import { ALL, FILES, REGISTRY } from "./values.ts";

const CASES = Number(process.env.PROTOBFF_JSON ?? 30_000);
const SEED = seedOf();
const folder = fileURLToPath(new URL("json-values/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "json-values-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Returns an outcome for each text: the bytes in base64, or "-". */
type Judge = (set: string, input: string) => string[];
const run = (command: string, args: readonly string[], input: string, cwd = folder): string =>
  execFileSync(command, args, { cwd, input, encoding: "utf8", maxBuffer: 1 << 30 });

const go: Judge = (set, input) => run("go", ["run", ".", set], input, join(folder, "go")).trimEnd().split("\n");
const python: Judge = (set, input) => {
  const environment = join(work, "python");
  run("python3", ["-m", "venv", environment], "");
  run(join(environment, "bin/pip"), ["install", "--quiet", "protobuf==7.36.2"], "");
  return run(join(environment, "bin/python"), ["judge.py", set], input).trimEnd().split("\n");
};

/** Returns the message of an outcome in JSON, where the order of entries does not count; undefined: refused. */
function messageOf(outcome: string): unknown {
  if (outcome === "-") return undefined;
  try {
    return toJson(ALL, fromBinary(ALL, Buffer.from(outcome.slice(1), "base64")), { registry: REGISTRY });
  } catch {
    return outcome; // a judge reads what has no JSON
  }
}

function ours(text: string): unknown {
  try {
    const bytes = toBinary(ALL, readJson(ALL, text, { registry: REGISTRY, ignoreUnknownFields: false }));
    return toJson(ALL, fromBinary(ALL, bytes), { registry: REGISTRY });
  } catch {
    return undefined;
  }
}

const judges = [
  ...(process.env.PROTOBFF_WITHOUT_GO === "1" ? [] : [go]),
  ...(process.env.PROTOBFF_WITHOUT_PYTHON === "1" ? [] : [python]),
];
test.skipIf(judges.length < 2)(`values are read as Go and Python read them (PROTOBFF_SEED=${SEED})`, () => {
  const random = new Random(Number(SEED));
  const texts = Array.from({ length: CASES }, () => textOf(random, ALL.fields).toWellFormed());
  const set = join(work, "set.binpb");
  writeFileSync(set, toBinary(FileDescriptorSetSchema, FILES));
  const input = `${texts.map((text) => JSON.stringify(text)).join("\n")}\n`;
  const [first = [], second = []] = judges.map((judge) => judge(set, input));
  expect([first.length, second.length]).toEqual([CASES, CASES]);
  let agreed = 0;
  for (const [i, text] of texts.entries()) {
    // RFC 3339, 5.6, has two digits of an hour; both judges read one as well.
    if (/[Tt]\d:/.test(text)) continue;
    const outcome = messageOf(first[i] ?? "");
    if (!isDeepStrictEqual(outcome, messageOf(second[i] ?? ""))) continue;
    agreed++;
    if (!isDeepStrictEqual(ours(text), outcome)) expect({ text, outcome: ours(text) }).toEqual({ text, outcome });
  }
  console.info(`json-values: ${agreed} of ${CASES} agree in all three, the judges differ in the others`);
});
