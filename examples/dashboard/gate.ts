// Captured requests through another build of the web BFF, and golden requests of them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expectStatus, fetchAnswer, WEB } from "./answers.ts";
import { addressVariables, startBff } from "./bff-process.ts";
import { fullNames, serviceNames } from "./services.ts";
import { dim } from "./terminal.ts";
import type { Upstreams } from "./upstreams.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SERVER = "generated/web/v1/server.ts";
const PROTO = "proto/example/web/v1/web.proto";
/** Changes of the next build: a field, and a refusal. */
const EDITS = [
  ['"facts.items.map(f, f.text)"', '"facts.items.take(1).map(f, f.text)"'],
  ["{ guard: { if: \"args.workspace_id == ''\"", "{ guard: { if: \"args.workspace_id in ['', 'none']\""],
] as const;

/** Captures requests, builds the next version, and shows what it would have answered. */
export async function showGate(upstreams: Upstreams, show: (text: string) => void): Promise<void> {
  // Below the repository, so that the generated code finds its packages.
  const folder = join(root, `examples/.generated/gate-${process.pid}`);
  try {
    const captures = join(folder, "captures");
    const addresses = serviceNames.map((name) => [fullNames[name], upstreams.urls[name]]);
    const env = { ...addressVariables(Object.fromEntries(addresses)), BFF_CAPTURE: `all;dir=${captures}` };
    const [bff, next] = await Promise.all([startBff(SERVER, env), buildNext(folder)]);
    try {
      for (const workspaceId of ["atlas", "lumen", "harbor"])
        expectStatus(await fetchAnswer(upstreams, bff.url, WEB, { workspaceId }), 200);
    } finally {
      await bff.stop();
    }
    const files = readdirSync(captures).map((name) => join(captures, name));
    for (const [from, to] of EDITS) show(`${dim("-")} ${from}\n${dim("+")} ${to}`);
    show("");
    await protobff(["replay", ...files, "--against", next, "--server", SERVER, "--max-unknown", "100"], 1, show);
    show("");
    await protobff(
      ["golden", "from-captures", ...files, "--file", join(folder, "golden.json"), "--server", SERVER],
      0,
      show,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Generates the web BFF with the edits, and returns the path of its server. */
async function buildNext(folder: string): Promise<string> {
  for (const part of ["proto", "buf.yaml", "buf.gen.yaml", "bff.lock.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  let text = readFileSync(join(root, PROTO), "utf8");
  for (const [from, to] of EDITS) {
    if (!text.includes(from)) throw new Error(`${PROTO} lacks ${from}`);
    text = text.replace(from, to);
  }
  writeFileSync(join(folder, PROTO), text);
  const bin = join(root, "node_modules/.bin");
  const child = spawn(join(bin, "buf"), ["generate"], {
    cwd: folder,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [status] = await once(child, "close");
  if (status !== 0) throw new Error(`buf generate ends with ${status}`);
  return join(folder, SERVER);
}

/** Runs a command, and shows its output without folders. */
async function protobff(args: readonly string[], code: number, show: (text: string) => void): Promise<void> {
  const child = spawn(process.execPath, [join(root, "cli/bin/protobff.js"), ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    output += part;
  });
  const [status] = await once(child, "close");
  show(output.trimEnd().replace(/(?<=^|\s)\/\S+\//gm, ""));
  if (status !== code) throw new Error(`protobff ${args[0]} ends with ${status}`);
}
