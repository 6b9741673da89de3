// Generated code of many cases through the type checker at once.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { type CodeGeneratorRequest, CodeGeneratorRequestSchema } from "@bufbuild/protobuf/wkt";
import { protocGenEs } from "../../../node_modules/@bufbuild/protoc-gen-es/dist/cjs/src/protoc-gen-es-plugin.js";
import type { Case } from "./cases.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Below the repository, so that generated code finds the packages that it imports. */
const freshFolder = (): string => join(root, `test/.generated/fuzz-${process.pid}-${++folders}`);
let folders = 0;

export interface Generated {
  readonly of: Case;
  readonly request: CodeGeneratorRequest;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Checks with this repository's own settings. A file that equals a `known` one, except for names and descriptors, is
 * not checked again.
 */
export async function typeErrors(
  all: readonly Generated[],
  known: Set<string>,
): Promise<{
  readonly errors: ReadonlyMap<Case, string>;
  readonly checked: number;
}> {
  const errors = new Map<Case, string>();
  let checked = 0;
  const folder = freshFolder();
  try {
    for (const { of, request, files } of all) {
      const sources = Object.entries({ ...messagesOf(request, of.folder), ...files });
      const hash = createHash("sha256");
      for (const [name, text] of sources)
        hash.update(`${name}\n${text}`.replace(new RegExp(of.folder, "gi"), "f").replace(/fileDesc\("[^"]*"/g, ""));
      const digest = hash.digest("base64");
      if (known.has(digest)) continue;
      known.add(digest);
      checked++;
      for (const [name, text] of sources) write(folder, name, text);
    }
    if (checked === 0) return { errors, checked };
    for (const [name, text] of sharedMessages) write(folder, name, text);
    write(folder, "tsconfig.json", JSON.stringify({ extends: "../../../tsconfig.json", include: ["."], exclude: [] }));
    const stdout = await tsc(folder);
    const byFolder = new Map(all.map(({ of }) => [of.folder, of]));
    // Errors elsewhere in the repository belong to the repository's own check.
    const lines = stdout.split("\n").filter((line) => line.includes(": error TS") && !line.startsWith("../"));
    for (const line of lines) {
      const of = byFolder.get(/^(f\d+)\//.exec(line)?.[1] ?? "");
      if (of === undefined) throw new Error(`tsc: ${line}`);
      if (!errors.has(of)) errors.set(of, line);
    }
    return { errors, checked };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tsc(folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const args = ["-p", folder, "--pretty", "false", "--singleThreaded"];
    const options = { cwd: folder, maxBuffer: 1 << 28 };
    execFile(join(root, "node_modules/.bin/tsc"), args, options, (error, stdout) => {
      // One that is killed, or does not start, finds nothing.
      if (error === null || stdout.includes(": error TS")) resolve(stdout);
      else reject(error);
    });
  });
}

function write(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The TypeScript of the messages that cases share, by its name: written by protoc-gen-es once. */
export const sharedMessages = new Map<string, string>();
const sharedProtos = new Set<string>();

/** The TypeScript of a case's own messages, as protoc-gen-es writes it; that of shared ones is added to what is shared. */
export function messagesOf(request: CodeGeneratorRequest, folder: string): Readonly<Record<string, string>> {
  const isLocal = (name: string): boolean => name.startsWith(`${folder}/`);
  const fileToGenerate = request.protoFile
    .map(({ name }) => name)
    .filter((name) => !name.startsWith("google/protobuf/") && !sharedProtos.has(name));
  const { file } = protocGenEs.run(
    create(CodeGeneratorRequestSchema, {
      fileToGenerate,
      protoFile: request.protoFile,
      parameter: "target=ts,import_extension=ts,erasable_syntax=true",
    }),
  );
  for (const name of fileToGenerate) if (!isLocal(name)) sharedProtos.add(name);
  for (const { name, content } of file) if (!isLocal(name)) sharedMessages.set(name, content);
  return Object.fromEntries(file.filter(({ name }) => isLocal(name)).map(({ name, content }) => [name, content]));
}
