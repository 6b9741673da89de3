// Generates the BFFs of the suite, and starts their server as a process.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { KEYS_PATH } from "../../../../packages/conformance/src/upstreams.ts";
import { compileCase } from "../../../support/golden.ts";
import { messagesOf } from "../../../support/messages.ts";
import { suiteProtos, suiteRequest } from "./suite-protos.ts";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const SERVICES = ["ITEM", "EVENT", "USER", "STOCK", "ORDER", "BOOK", "CATALOG", "FRAGILE"];
const SHARDED = ["REGION", "LEDGER"];

/** Starts the server for upstreams at the ports of `SIDES`. Throws the errors of the plugin, or the server's log if it ends. */
export async function startGenerated(ports: readonly number[]) {
  const folder = join(root, `test/.generated/conformance-${process.pid}`);
  const request = suiteRequest();
  const { response } = compileCase(request, suiteProtos(), "import_extension=ts,server=conformance");
  if (response.error) throw new Error(response.error);
  const files = Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
  for (const [name, text] of Object.entries({ ...messagesOf(request), ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const [usual, canary, eu, us] = ports.map((port) => `http://127.0.0.1:${port}`);
  const addresses = [
    ...SERVICES.map((name) => [`UP_V1_${name}SERVICE_URL`, usual]),
    ["UP_V1_CATALOGSERVICE_CANARY_URL", canary],
    ...SHARDED.flatMap((name) => [
      [`UP_V1_${name}SERVICE_SHARDS`, "eu,us"],
      [`UP_V1_${name}SERVICE_EU_URL`, eu],
      [`UP_V1_${name}SERVICE_US_URL`, us],
    ]),
    ["CONFORMANCE_KEYS", `${usual}${KEYS_PATH}`],
  ];
  const child = spawn(process.execPath, [join(folder, "conformance/server.ts")], {
    cwd: folder,
    env: { ...process.env, HOST: "127.0.0.1", PORT: "0", ...Object.fromEntries(addresses) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, url] = /^listening on (\S+)/.exec(line) ?? [];
    if (url === undefined) continue;
    child.stdout.resume();
    const close = async (): Promise<void> => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    };
    return { url, close, log: () => log };
  }
  throw new Error(`the server ended: ${log}`);
}
