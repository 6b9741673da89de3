// The server of a golden on mocks, whose upstreams a switch makes fail.
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { compiled } from "../../../runtime/src/testing/compile-cache.ts";
import type { GeneratedProject } from "../../support/generated-project.ts";
import { type Samples, samplesAt } from "../../support/metric-samples.ts";

export interface GoldenServer {
  readonly url: string;
  /** Names of the mocked upstreams. */
  readonly mocked: readonly string[];
  /** Switches one upstream, by a name of the live page: `answers`, `unavailable`. */
  readonly switched: (name: string, behaviour: string) => Promise<void>;
  /** Returns the samples of the metrics: series and value. */
  readonly metrics: () => Promise<Samples>;
  readonly stop: () => Promise<void>;
}
interface Started extends GoldenServer {
  readonly faults?: undefined;
}
interface Refused {
  readonly faults: readonly { readonly variable: string; readonly remedy: string }[];
}

const KEY = Buffer.alloc(32, 3).toString("base64");
/** Values of variables, by the remedy that the server names. */
const VALUES: readonly (readonly [remedy: RegExp, value: string])[] = [
  [/^a text/, "text"],
  [/value is a duration/, "a=1s"],
  [/^key=value/, "a=1"],
  [/^32 random bytes/, KEY],
  [/^the address at which browsers|^the name of this deployment/, "https://app.example"],
  [/^the secret/, "secret"],
  [/^the addresses and networks/, "127.0.0.1"],
  [/^an address like redis/, "redis://127.0.0.1:9"], // where nothing listens
  [/^the path of a file for SQLite/, "store.db"],
  [/^the path of a module/, "stand-ins.mjs"],
  [/^paths of Ed25519 keys/, "key.pem"],
];
/** Resolvers and functions whose result is always the absence of one. */
const STAND_INS = `const absent = new Proxy({}, { get: () => () => undefined, has: () => true });
export const resolvers = absent, functions = absent;
`;

/** Starts a server until the test ends. Returns the variables that it lacks if they have no value here. */
export async function goldenServer(project: GeneratedProject, server: string): Promise<GoldenServer | string> {
  project.write("stand-ins.mjs", STAND_INS);
  project.write(
    "key.pem",
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  );
  const env: Record<string, string> = { BFF_ADMIN_PORT: "0", BFF_EXPLORER_TOKEN: "none" };
  for (;;) {
    const outcome = await started(project.folder, server, env);
    if (outcome.faults === undefined) return outcome;
    const unset = outcome.faults.filter(({ variable }) => env[variable] === undefined);
    const values = unset.map(({ remedy }) => VALUES.find(([of]) => of.test(remedy))?.[1]);
    if (unset.length === 0 || values.includes(undefined)) return outcome.faults.map(({ variable }) => variable).join();
    for (const [i, { variable }] of unset.entries())
      env[variable] = variable.endsWith("ISSUER") ? "https://login.example" : (values[i] ?? "");
  }
}

async function started(
  folder: string,
  server: string,
  env: Readonly<Record<string, string>>,
): Promise<Started | Refused> {
  const child = spawn(process.execPath, [join(folder, server), "--mock=all"], {
    cwd: folder,
    env: { ...compiled, HOST: "127.0.0.1", PORT: "0", BFF_LOG: "json", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  onTestFinished(stop);
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, url, explorer, metrics, mocked = [] } = JSON.parse(line);
    if (event !== "listening") continue;
    const word = /name="word" content="([\w-]+)"/.exec(await (await fetch(explorer)).text())?.[1] ?? "";
    const headers = { "content-type": "application/json", "x-bff-explorer": word };
    const switched = async (name: string, behaviour: string): Promise<void> => {
      const body = JSON.stringify({ name, behaviour });
      const answer = await fetch(`${explorer}explorer/switch`, { method: "POST", body, headers });
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
    };
    return { url, mocked, switched, stop, metrics: () => samplesAt(metrics) };
  }
  const refusal = log.split("\n").find((line) => line.includes(`"event":"cannot start"`));
  if (refusal === undefined) throw new Error(log);
  const { faults, why } = JSON.parse(refusal);
  if (faults === undefined) throw new Error(why);
  return { faults };
}
