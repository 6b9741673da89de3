// A capture of the example, and `protobff replay --page` over it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { post, SPLIT_SERVER, startExample, warmUp } from "../../bffs/worked-example/example.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Captures at least two requests, of which the newest one has a full answer. Returns the path of the file. */
export async function captured(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "protobff-page-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const env = { BFF_CAPTURE: `all;dir=${folder}` };
  const { bff, close } = await startExample(SPLIT_SERVER, { env, warm: false });
  await post(bff.url, { workspaceId: "sandbox" });
  await warmUp(bff.url);
  await close();
  return join(folder, readdirSync(folder)[0] ?? "");
}

/** A running command. */
export interface ServedPage {
  readonly url: string;
  /** Ends the command, and returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts the command, which ends with the test. */
export async function servedPage(file: string, ...args: readonly string[]): Promise<ServedPage> {
  const command = [join(root, "cli/bin/protobff.js"), "replay", file, "--server", SPLIT_SERVER, "--page", ...args];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const stop = async (): Promise<number | null> => {
    child.kill();
    return (await ended)[0];
  };
  onTestFinished(async () => void (await stop()));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  return { url: /http:[^\s/]*\/\/[^\s/]+/.exec(String(line))?.[0] ?? `no page: ${line}`, stop };
}
