// Many cases through buf at once.
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { FOREIGN, SHIPPED } from "../../support/protos.ts";
import { SHARED } from "./bases.ts";
import type { Case } from "./cases.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Builds the plugin's request for each case, and finds the cases that buf cannot parse. */
export async function requestsFor(cases: readonly Case[]): Promise<{
  readonly requests: ReadonlyMap<Case, CodeGeneratorRequest>;
  readonly rejected: ReadonlySet<Case>;
}> {
  const dir = mkdtempSync(join(tmpdir(), "protobff-fuzz-"));
  try {
    const made = new Set<string>();
    const write = (name: string, text: string): void => {
      const folder = dirname(join(dir, name));
      if (!made.has(folder)) mkdirSync(folder, { recursive: true });
      made.add(folder);
      writeFileSync(join(dir, name), text);
    };
    write("buf.yaml", "version: v2\nmodules:\n  - path: app\n  - path: bff\n");
    const copy = (from: string, name: string): void => {
      mkdirSync(dirname(join(dir, "bff", name)), { recursive: true });
      copyFileSync(join(root, from, name), join(dir, "bff", name));
    };
    for (const name of SHIPPED) copy("proto", name);
    for (const name of FOREIGN) copy("proto/third_party", name);
    for (const [name, text] of Object.entries(SHARED)) write(join("app", name), text);
    const byFolder = new Map(cases.map((testCase) => [testCase.folder, testCase]));
    for (const testCase of cases)
      for (const [name, text] of Object.entries(testCase.protos)) write(join("app", name), text);

    const rejected = new Set<Case>();
    for (;;) {
      const { failed, stderr } = await buf(dir, ["build", "--as-file-descriptor-set", "-o", "set.binpb"]);
      if (!failed) break;
      const wrong = new Set(
        [...stderr.matchAll(/\b(f\d+)\//g)].flatMap(([, folder = ""]) => byFolder.get(folder) ?? []),
      );
      const fresh = [...wrong].filter((testCase) => !rejected.has(testCase));
      if (fresh.length === 0) throw new Error(`buf build: ${stderr}`);
      for (const testCase of fresh) {
        rejected.add(testCase);
        rmSync(join(dir, "app", testCase.folder), { recursive: true });
      }
    }
    const files = fromBinary(FileDescriptorSetSchema, readFileSync(join(dir, "set.binpb"))).file;
    const byName = new Map(files.map((file) => [file.name, file]));
    const accepted = cases.filter((testCase) => !rejected.has(testCase));
    return { requests: new Map(accepted.map((testCase) => [testCase, requestOf(testCase, files, byName)])), rejected };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function buf(cwd: string, args: readonly string[]): Promise<{ readonly failed: boolean; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(join(root, "node_modules/.bin/buf"), args, { cwd, maxBuffer: 1 << 28 }, (error, _, stderr) =>
      resolve({ failed: error !== null, stderr }),
    );
  });
}

/** With the case's own files and all that is shared, and what those import; in the order of the set, dependencies first. */
function requestOf(
  { protos }: Case,
  files: readonly FileDescriptorProto[],
  byName: ReadonlyMap<string, FileDescriptorProto>,
): CodeGeneratorRequest {
  const names = new Set<string>();
  const open = [...Object.keys(protos), ...upstreamsOf(protos)];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (names.has(name)) continue;
    names.add(name);
    open.push(...(byName.get(name)?.dependency ?? []));
  }
  const protoFile = files.filter(({ name }) => names.has(name));
  const fileToGenerate = Object.keys(protos);
  return create(CodeGeneratorRequestSchema, {
    fileToGenerate,
    protoFile,
    sourceFileDescriptors: protoFile.filter(({ name }) => fileToGenerate.includes(name)),
  });
}

/** Upstreams are not imported: those whose package a case mentions are visible to it. */
function upstreamsOf(protos: Readonly<Record<string, string>>): readonly string[] {
  const text = Object.values(protos).join("\n");
  return PACKAGES.filter(([, name]) => text.includes(`${name}.`)).map(([file]) => file);
}
const PACKAGES = Object.entries(SHARED).map(
  ([file, text]) => [file, /^package ([\w.]+);/m.exec(text)?.[1] ?? file] as const,
);
