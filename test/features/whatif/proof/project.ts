// The BFF of the proof, generated with changes: for simulations in this process, and as a server in another one.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PlayModule } from "@protobff/replay/whatif";
import { compile } from "../../../../plugin/src/compile.ts";
import type { PlanEdit, SettingReport } from "../../../../plugin/src/plan/edits/edit-plan.ts";
import { messagesOf } from "../../../support/messages.ts";
import { requestFor } from "../../../support/request.ts";
import { CALLS, PROTOS } from "./bff.ts";

const generated = fileURLToPath(new URL("../../../.generated", import.meta.url));
const request = requestFor(PROTOS, ["web.proto"]);
let count = 0;
const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A variant of the BFF. */
export interface Variant {
  readonly module: PlayModule;
  readonly settings: readonly SettingReport[];
  /** Starts the server, and resolves when it listens. */
  start(upstreams: string, env?: Readonly<Record<string, string>>): Promise<ProofServer>;
}
export interface ProofServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Generates a variant. Throws the errors that the compiler reports. */
export async function variantOf(edits: readonly PlanEdit[]): Promise<Variant> {
  const options = { ...request, parameter: "import_extension=ts,mock=true,server=true" };
  const { response, settings } = compile(options, () => undefined, undefined, undefined, edits);
  if (response.error !== "") throw new Error(response.error);
  const folder = join(generated, `whatif-proof-${process.pid}-${count++}`);
  folders.push(folder);
  const messages = Object.entries(messagesOf(request)).map(([name, content]) => ({ name, content }));
  for (const { name, content } of [...messages, ...response.file]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const module: PlayModule = await import(pathToFileURL(join(folder, "web_play.ts")).href);
  return { module, settings, start: (upstreams, env = {}) => started(join(folder, "server.ts"), upstreams, env) };
}

async function started(entry: string, upstreams: string, env: Readonly<Record<string, string>>): Promise<ProofServer> {
  const addresses = CALLS.map((call) => [
    `${call.replace(/\/.*/, "").toUpperCase().replaceAll(".", "_")}_URL`,
    upstreams,
  ]);
  const child = spawn(process.execPath, [entry], {
    env: { ...process.env, ...Object.fromEntries(addresses), HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr.resume();
  const url = await listening(child);
  return {
    url,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function listening({ stdout, exitCode }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error("the server has no output");
  for await (const line of createInterface({ input: stdout })) {
    const url = /^listening on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`the server ended with ${exitCode} before it listened`);
}
