// npm run explorer-page: bundles the live page, packages/server/explorer, into the file that the runtime serves,
// packages/server/src/explorer/gen/assets.ts. `--check` writes nothing, and fails if that file differs or is too large.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const TARGET = "packages/server/src/explorer/gen/assets.ts";
const MAX_BYTES = 60_000;

const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** @throws the errors that esbuild reports */
function bundled(entry: string, ...options: readonly string[]): string {
  const esbuild = join(root, "node_modules", ".bin", "esbuild");
  const args = [
    entry,
    "--bundle",
    "--minify",
    "--target=chrome123,firefox121,safari17.5",
    "--charset=utf8",
    ...options,
  ];
  // Runs in the page's own folder, because its tsconfig configures JSX.
  const { status, stdout, stderr } = spawnSync(esbuild, args, {
    cwd: join(root, "packages/server/explorer"),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr || "esbuild failed: run npm install");
  return stdout;
}

function assets(): string {
  const script = bundled("main.tsx", "--format=esm", "--legal-comments=none");
  const style = bundled("page.css");
  const icon = read("packages/server/explorer/icon.svg").trim();
  const bytes = Buffer.byteLength(script + style + icon);
  if (bytes > MAX_BYTES) throw new Error(`the page has ${bytes} bytes, and may have ${MAX_BYTES}`);
  const { version } = JSON.parse(read("node_modules/preact/package.json")) as { readonly version: string };
  const license = read("node_modules/preact/LICENSE").trimEnd().replace(/^/gm, "// ").replace(/ +$/gm, "");
  const constant = (name: string, text: string): string => `export const ${name}: string = ${JSON.stringify(text)};\n`;
  return `// Written by \`npm run explorer-page\` from packages/server/explorer. Do not edit. ${bytes} bytes, with Preact ${version}:
//
${license}
${constant("SCRIPT", script)}${constant("STYLE", style)}${constant("ICON", icon)}`;
}

function present(): string {
  try {
    return read(TARGET);
  } catch {
    return "";
  }
}

if (import.meta.main) {
  try {
    const text = assets();
    const differs = text !== present();
    const check = process.argv.includes("--check");
    if (differs && !check) writeFileSync(join(root, TARGET), text);
    console.log(differs ? `${check ? "differs" : "wrote"} ${TARGET}` : "the page is up to date");
    process.exitCode = check && differs ? 1 : 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
