import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

// A process whose certificate, and whose clients' authority, are renewed under it: it looks every ten seconds.

const PROGRAM = fileURLToPath(new URL("../testing/test-server.ts", import.meta.url));

test("a process loads renewed certificates of all kinds, and keeps the old ones if the new ones are invalid", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bff-process-"));
  const path = (name: string): string => join(folder, name);
  for (const name of ["first", "second"]) {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "60"];
    const files = ["-keyout", path(`${name}.key`), "-out", path(`${name}.pem`)];
    execFileSync("openssl", ["req", "-x509", ...key, "-subj", `/CN=${name}`, ...files], { stdio: "ignore" });
  }
  const put = (of: string, name: string, key = name): void => {
    copyFileSync(path(`${name}.pem`), path(`${of}.pem`));
    copyFileSync(path(`${key}.key`), path(`${of}.key`));
  };
  put("tls", "first");
  put("upstream", "first");
  const takeClientsOf = (name: string): void => copyFileSync(path(`${name}.pem`), path("clients.pem"));
  takeClientsOf("first");
  const env = {
    HOST: "127.0.0.1",
    PORT: "0",
    TLS_CERT_FILE: path("tls.pem"),
    TLS_KEY_FILE: path("tls.key"),
    TLS_CLIENT_CA_FILE: path("clients.pem"),
    ECHO_V1_ECHOSERVICE_URL: "https://localhost:1",
    ECHO_V1_ECHOSERVICE_CERT_FILE: path("upstream.pem"),
    ECHO_V1_ECHOSERVICE_KEY_FILE: path("upstream.key"),
  };
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await once(child, "exit");
    rmSync(folder, { recursive: true });
  });
  const log = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const events = async (count: number): Promise<string[]> => {
    const lines: string[] = [];
    while (lines.length < count) {
      const { value, done } = await log.next();
      if (done === true) throw new Error(`ended after ${lines.join("\n")}`);
      lines.push(String(value).replace(/^\S+ /, ""));
    }
    return lines.sort();
  };
  const [started] = (await once(child.stdout, "data")) as [Buffer];
  const port = /:(\d+)\n/.exec(String(started))?.[1] ?? "";
  /** Whose certificate it shows, and whose clients' it takes. */
  const shown = (): (string | undefined)[] => {
    const output = execFileSync("openssl", ["s_client", "-connect", `127.0.0.1:${port}`], { input: "", stdio: "pipe" });
    const names = [/subject=CN ?= ?(\w+)/, /Acceptable client certificate CA names\nCN ?= ?(\w+)/];
    return names.map((name) => name.exec(String(output))?.[1]);
  };
  expect(shown()).toEqual(["first", "first"]);
  put("tls", "second");
  put("upstream", "second");
  const ends = expect.stringMatching(/ is renewed, and ends at \d{4}-\d\d-\d\dT/);
  const renewed = await events(2);
  expect(renewed).toEqual([ends, ends]);
  expect(renewed.map((line) => line.split(" ")[0])).toEqual(["ECHO_V1_ECHOSERVICE_CERT_FILE", "TLS_CERT_FILE"]);
  expect(shown()).toEqual(["second", "first"]);
  takeClientsOf("second");
  expect(await events(1)).toEqual([ends]);
  expect(shown()).toEqual(["second", "second"]);
  put("tls", "first", "second");
  expect(await events(1)).toEqual([
    expect.stringMatching(/^TLS_CERT_FILE cannot be taken, and the one before stays: .*key values mismatch/),
  ]);
  expect(shown()).toEqual(["second", "second"]);
}, 90_000);
