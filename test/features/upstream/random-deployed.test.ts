// Random changes of random upstreams: a server finds in the deployed upstream what `verify` finds in its protos.
// Holds docs/telemetry.md#deployed-upstreams
import { create, createFileRegistry, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { checkContract } from "../../../cli/src/contract/check-contract.ts";
import { cutContract } from "../../../cli/src/contract/cut-contract.ts";
import { BuiltProtos, type Drift } from "../../../packages/server/src/deployed/compare-uses.ts";
import { ShallowFileSchema } from "../../../packages/server/src/gen/bff/shallow/v1/shallow_pb.ts";
import { analyze } from "../../../plugin/src/compile.ts";
import { parseLock } from "../../../plugin/src/index.ts";
import { fileUses } from "../../../plugin/src/lock/file-uses.ts";
import { finish } from "../../../plugin/src/slices/sliced.ts";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { randomFrom } from "../../proofs/fuzz/random.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { lockOf, observe, type Subject } from "../lock/random/judge.ts";
import { subjectsOf } from "../lock/random/subjects.ts";

const SEED = Number(seedOf("PROTOBFF_DEPLOYED_SEED"));
const WORLDS = Number(process.env.PROTOBFF_DEPLOYED_WORLDS ?? 8);
const EDITS = 12;
/** The upstream of a subject, and its comparison with changed files. */
function comparisonOf({ request, texts }: Subject) {
  const { model } = analyze(request, (file) => texts[file]);
  const usesIn = finish(fileUses(model));
  const bff = model.ir.files.map(({ desc }) => desc.proto.name);
  const services = model.ir.allFiles.flatMap((file) => file.services);
  const [called] = services.flatMap((service) => {
    const { methods, elements } = usesIn(bff, service.typeName);
    return methods.size === 0 ? [] : [{ service, uses: { methods: Object.fromEntries(methods), elements } }];
  });
  if (called === undefined) throw new Error("no upstream is called");
  const protos = new BuiltProtos(called.service);
  const compare = (files: readonly FileDescriptorProto[]): readonly Drift[] =>
    protos.compare(
      called.uses,
      files.map((file) => readMessage(ShallowFileSchema, toBinary(FileDescriptorProtoSchema, file))),
    );
  return { service: called.service.typeName, compare };
}

/** The breaks that `protobff verify` finds in changed files. */
function breaksIn(lock: string, service: string, files: readonly FileDescriptorProto[]): readonly string[] {
  const parsed = parseLock(lock, "bff.lock.json");
  if ("message" in parsed) throw new Error(parsed.message);
  const contract = { ...cutContract(parsed, [service], "app", "bff.lock.json"), examples: [] };
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...files] }));
  return checkContract(contract, registry).flatMap(({ severity, message }) => (severity === "break" ? [message] : []));
}

test(`changes of ${WORLDS} random upstreams are found if and only if they break the contract`, {
  timeout: 120_000,
}, () => {
  const random = randomFrom(SEED + 1);
  const faults: string[] = [];
  const counts = { drift: 0, same: 0, invalid: 0 };
  for (const [index, subject] of subjectsOf(SEED, WORLDS).entries()) {
    const lock = lockOf(subject);
    const { service, compare } = comparisonOf(subject);
    for (let i = 0; i < EDITS; i++) {
      const found = observe(subject, lock, random);
      if (found === undefined) continue;
      const { edit, files } = found;
      let breaks: readonly string[];
      try {
        breaks = breaksIn(lock, service, files);
      } catch {
        counts.invalid++; // the files hold no longer together
        continue;
      }
      const drifts = compare(files).map(({ text }) => text);
      counts[drifts.length > 0 ? "drift" : "same"]++;
      if (drifts.length > 0 !== breaks.length > 0)
        faults.push(`world ${index}: ${edit.text}: ${breaks.join("; ")} | ${drifts.join("; ")}`);
    }
  }
  console.log(`seed ${SEED}: ${JSON.stringify(counts)}`);
  expect({ seed: SEED, faults }).toEqual({ seed: SEED, faults: [] });
  expect(Math.min(counts.drift, counts.same)).toBeGreaterThan(WORLDS);
});
