// Contracts against `buf breaking`: over random changes of APIs that were not made for ours, all that buf finds of what is used is found,
// and nothing of what is not.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type DescMessage, type FileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkContract } from "../../../../cli/src/contract/check-contract.ts";
import type { Contract } from "../../../../cli/src/contract/document.ts";
import type { ContractElement, ContractMethod } from "../../../../cli/src/contract/elements.ts";
import { elementName, factsOf } from "../../../../packages/messages/src/upstream-facts/index.ts";
import { numbers } from "../../../support/random-message.ts";
import { requestFor } from "../../../support/request.ts";
import { mutate } from "./contracts/mutate.ts";
import { FAMILIES, protosOf } from "./packages.ts";

const ROUNDS = Number(process.env.PROTOBFF_CONTRACTS ?? 20);
const buf = fileURLToPath(new URL("../../../../node_modules/.bin/buf", import.meta.url));
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "protobff-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Of about half of all methods and fields; the other half is nobody's. */
function randomContract(registry: FileRegistry, filePattern: RegExp, next: (below: number) => number): Contract {
  const methods = new Map<string, ContractMethod>();
  const elements = new Map<string, ContractElement>();
  const used = (root: DescMessage): string[] => {
    const names = new Set<string>();
    const open = new Set([root]);
    for (const desc of open)
      for (const field of desc.fields) {
        if (next(2) === 0 || !filePattern.test(`${desc.file.name}.proto`)) continue;
        names.add(elementName(field));
        elements.set(elementName(field), { facts: factsOf(field), usedBy: ["a.proto: a.A.b by"] });
        if (field.message !== undefined) open.add(field.message);
        for (const value of field.enum?.values ?? [])
          if (next(2) === 0)
            elements.set(elementName(value), { facts: factsOf(value), usedBy: ["a.proto: a.E.B name"] });
      }
    return [...names];
  };
  for (const desc of registry) {
    if (desc.kind !== "service" || !filePattern.test(`${desc.file.name}.proto`)) continue;
    for (const method of desc.methods.filter(({ methodKind }) => methodKind === "unary" && next(2) === 0)) {
      const [sets, reads] = [used(method.input), used(method.output)];
      const shared = { facts: factsOf(method), usedBy: ["a.proto: a.A let.b.call.method"], vouchedBy: [] };
      methods.set(elementName(method), { ...shared, sets, reads, reliesOn: ["order", "retry"] });
    }
  }
  const services = [...new Set([...methods.keys()].map((name) => name.slice(0, name.indexOf("/"))))];
  return { consumer: "app", services, methods, elements, examples: [] };
}

/** The files that have a part in it, in their order. */
function withImports(files: readonly FileDescriptorProto[], filePattern: RegExp): FileDescriptorProto[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const names = new Set(files.map(({ name }) => name).filter((name) => filePattern.test(name)));
  for (const name of names) for (const other of byName.get(name)?.dependency ?? []) names.add(other);
  return files.filter(({ name }) => names.has(name));
}

/** The rules by which buf finds something. */
function breaking(file: string, against: string): readonly string[] {
  const config = JSON.stringify({ version: "v2", breaking: { use: ["FILE", "WIRE_JSON"] } });
  const args = ["breaking", file, "--against", against, "--error-format", "json", "--config", config];
  const { status, stdout, stderr } = spawnSync(buf, [...args, "--against-config", config], { encoding: "utf8" });
  if (status !== 0 && status !== 100) throw new Error(stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { readonly type: string }).type);
}

test.each(FAMILIES.filter(({ name }) => ["etcd", "pubsub", "tasks", "monitoring"].includes(name)))(
  "$name",
  { timeout: 300_000 },
  (family) => {
    const filePattern = family.name === "etcd" ? /^(rpc|kv|auth)\.proto$/ : family.files;
    const request = requestFor(protosOf(family));
    const original = create(FileDescriptorSetSchema, { file: withImports(request.protoFile, filePattern) });
    for (const file of original.file) file.sourceCodeInfo = undefined;
    const before = join(dir, `${family.name}.binpb`);
    writeFileSync(before, toBinary(FileDescriptorSetSchema, original));
    const next = numbers(family.name.length);
    const counts = { used: 0, unused: 0, found: 0, kinds: new Set<string>() };
    for (let round = 0; round < ROUNDS; round++) {
      const contract = randomContract(createFileRegistry(original), filePattern, next);
      const mutation = mutate(original, filePattern, next);
      if (mutation === undefined) continue;
      const file = join(dir, `${family.name}-now.binpb`);
      writeFileSync(file, toBinary(FileDescriptorSetSchema, mutation.set));
      const now = createFileRegistry(mutation.set);
      const findings = checkContract(contract, now).map(({ severity, message }) => `${severity}: ${message}`);
      const isUsed = [...mutation.touches].some((name) => contract.methods.has(name) || contract.elements.has(name));
      const label = `${mutation.kind} of ${[...mutation.touches].join(", ")}`;
      if (!isUsed) {
        counts.unused++;
        expect(findings, label).toEqual([]);
        continue;
      }
      counts.used++;
      const rules = breaking(file, before);
      if (rules.length === 0) continue;
      counts.found++;
      counts.kinds.add(mutation.kind);
      expect(findings, `${label}: ${rules.join(", ")}`).not.toEqual([]);
    }
    console.log(
      `${family.name}: ${counts.found} of ${counts.used} changes of what is used break, and are found; ${counts.unused} of what is not, and none is; ${counts.kinds.size} kinds`,
    );
    expect(counts.found).toBeGreaterThan(ROUNDS / 10);
  },
);
