// Servers on mocks against their own documents: each operation is asked for what its schemas allow, and for what they do not; statuses, types
// of content, headers and bodies are held against the document.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { compile } from "../../../plugin/src/compile.ts";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import { GeneratedProject } from "../../support/generated-project.ts";
import { goldenCases, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { type Document, verify } from "./check-document.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The first one, and where its server lies below the plugin's output. */
function documented(texts: Readonly<Record<string, string>>, targets: readonly string[]) {
  const request = { ...requestFor(texts, targets), parameter: "import_extension=ts,openapi=true" };
  const { response } = compile(request, (name) => texts[name]);
  const all = response.file.filter(({ name }) => name.endsWith("openapi.json"));
  const [found] = all.map(({ name, content }) => ({
    server: name.replace("openapi.json", "server.ts"),
    document: JSON.parse(content) as Document,
  }));
  if (found === undefined) throw new Error(response.error);
  return found;
}

/** A generated server over mocks alone, until the test ends. */
async function started(server: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [server, "--mock=all"], {
    env: { ...compiled, PATH: process.env.PATH, HOST: "127.0.0.1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
  });
  if (child.stdout === null) throw new Error("no standard output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^listening on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`${server} has ended`);
}

test("the example answers as its document declares", async () => {
  const { document } = documented(textsBelow(join(root, "proto/example")), ["web/v1/web.proto"]);
  const { faults, statuses } = await verify(document, await started(join(root, "generated/web/v1/server.ts")));
  expect(faults).toEqual([]);
  expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["200", "400", "415"]));
});

test("requests without a credential are refused as the document declares, except those of public rpcs", async () => {
  const { document } = documented(textsBelow(join(root, "proto/example")), ["account/v1/account.proto"]);
  const folder = mkdtempSync(join(tmpdir(), "protobff-openapi-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const key = join(folder, "key.pem");
  writeFileSync(key, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));
  const url = await started(join(root, "generated/account/v1/server.ts"), { ...IDENTITY, BFF_IDENTITY_KEY_FILES: key });
  const { faults, statuses } = await verify(document, url);
  expect(faults).toEqual([]);
  expect(Object.keys(statuses)).toContain("401");
});
const IDENTITY = {
  OIDC_ISSUER: "http://127.0.0.1:9",
  BFF_PUBLIC_URL: "http://127.0.0.1:9",
  BFF_BROWSER_CLIENT_SECRET: "secret",
  BFF_IDENTITY_ISSUER: "http://127.0.0.1:9",
  BFF_SESSION_KEYS: Buffer.alloc(32, 1).toString("base64"),
};

// `rest`: paths, queries and bodies of google.api.http. `defer`: server-sent events.
const GOLDENS = ["rest", "defer", "validation"];
test.each(goldenCases("emit").filter(({ name }) => GOLDENS.includes(name)))(
  "$name answers as its document declares",
  async ({ name, protos }) => {
    const targets = Object.keys(protos);
    const [first = ""] = targets;
    const mocked = { ...protos, [first]: `${protos[first]}\n// opt: server=true,mock=true\n` };
    const project = new GeneratedProject(`openapi-${name}`, mocked);
    onTestFinished(() => project.remove());
    project.generate();
    const { server, document } = documented({ ...UPSTREAMS, ...protos }, targets);
    const { faults, statuses } = await verify(document, await started(join(project.folder, server)));
    expect(faults).toEqual([]);
    expect(Object.keys(statuses)).toEqual(expect.arrayContaining(["200", "400"]));
  },
);
