// Random changes of random upstreams: `upstream check` says what `buf generate` would after `upstream update`.
// Holds docs/cli.md#upstream
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { clone, create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { compileProject } from "../../../cli/src/project/compile-project.ts";
import { Refusal } from "../../../cli/src/terminal.ts";
import { run } from "../../../cli/src/testing/run.ts";
import { PROTOS } from "../../../plugin/src/package/protos.ts";
import { randomFrom } from "../../proofs/fuzz/random.ts";
import { requestFor } from "../../support/request.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { randomEdit } from "../lock/random/edits.ts";
import { randomWorld } from "../lock/random/world.ts";

const SEED = Number(seedOf("PROTOBFF_UPSTREAM_SEED"));
/** PROTOBFF_UPSTREAM_CHANGES=1000 is the proof of issue 4E. */
const CHANGES = Number(process.env.PROTOBFF_UPSTREAM_CHANGES ?? 8);
const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Returns the codes of errors, sorted; "buf" if the protos do not build. */
function generated(cwd: string): readonly string[] {
  try {
    const { diagnostics } = compileProject({ cwd, lock: true }).compilation;
    return diagnostics.flatMap(({ severity, code }) => (severity === "error" ? [code] : [])).sort();
  } catch (error) {
    if (error instanceof Refusal) return ["buf"];
    throw error;
  }
}

test(`${CHANGES} random changes: a check, and generating after an update, report the same`, {
  timeout: 60_000 + 20_000 * CHANGES,
}, async () => {
  const random = randomFrom(SEED);
  mkdirSync(join(root, "test/.generated"), { recursive: true });
  const folder = mkdtempSync(join(root, "test/.generated/upstream-random-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  const counts = { same: 0, compatible: 0, break: 0, invalid: 0 };
  for (let i = 0; i < CHANGES; i++) {
    rmSync(folder, { recursive: true, force: true });
    const world = randomWorld(i, random);
    for (const [path, text] of Object.entries(PROTOS)) write(`proto/${path}`, text);
    write(`proto/${world.bff}`, world.protos[world.bff] ?? "");
    const files = requestFor(world.protos).protoFile.map((file) => clone(FileDescriptorProtoSchema, file));
    const origin = () => {
      const needed = files.filter(({ name }) => name === world.upstream || name.startsWith("google/"));
      write("origin.binpb", toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: needed })));
    };
    origin();
    write("buf.yaml", "version: v2\nmodules:\n  - path: proto\n");
    write("buf.gen.yaml", "version: v2\nplugins:\n  - local: protoc-gen-bff\n    out: gen\n    strategy: all\n");
    const upstream = (...args: string[]) => run(["upstream", ...args], folder);
    expect(await upstream("add", "origin.binpb", "--name", "theirs")).toMatchObject({ exitCode: 0, stderr: "" });
    write("bff.lock.json", compileProject({ cwd: folder, lock: true }).compilation.lock ?? "");
    const edit = randomEdit(
      files.filter(({ name }) => name === world.upstream),
      random,
    );
    if (edit === undefined) continue;
    edit.apply();
    origin();
    const checked = await upstream("check", "--format", "json");
    const what = `seed ${SEED}, change ${i}: ${edit.text}\n${checked.stdout}${checked.stderr}`;
    if (checked.exitCode === 2) {
      // The changed descriptors are no valid protos, or cannot be printed.
      expect(checked.stdout, what).toContain("cannot be read");
      counts.invalid++;
      continue;
    }
    const [{ state, breaks }] = JSON.parse(checked.stdout).origins;
    const before = read("upstream/source.json");
    expect(await upstream("update", "--format", "json"), what).toEqual(checked);
    expect(read("upstream/source.json") === before, what).toBe(state === "same");
    const codes = generated(folder);
    const found = (breaks as { code?: string }[]).map(({ code }) => code ?? "buf").sort();
    expect({ what, codes: codes.includes("buf") ? ["buf"] : codes }).toEqual({
      what,
      codes: found.includes("buf") ? ["buf"] : found,
    });
    expect(await upstream("check"), what).toMatchObject({ exitCode: 0, stdout: "theirs: unchanged\n" });
    counts[state as keyof typeof counts]++;
  }
  console.log(`seed ${SEED}: ${JSON.stringify(counts)}`);
  expect(counts.break + counts.compatible).toBeGreaterThan(0);
});
