// The BFF that is attacked, generated below the repository so that it finds what it imports.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../..", import.meta.url));
const HERE = "test/proofs/corpora/attacks";
let folder: string | undefined;

/** The folder of the generated code, the same for the whole process, which removes it when it ends. */
export function generated(): string {
  if (folder !== undefined) return folder;
  const parent = join(root, "test", ".generated");
  mkdirSync(parent, { recursive: true });
  const made = mkdtempSync(join(parent, "attacked-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  const bin = join(root, "node_modules", ".bin");
  const files = ["--config", `${HERE}/buf.yaml`, "--template", `${HERE}/buf.gen.yaml`, "-o", made];
  execFileSync(join(bin, "buf"), ["generate", ".", ...files], {
    cwd: root,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  folder = made;
  return made;
}
