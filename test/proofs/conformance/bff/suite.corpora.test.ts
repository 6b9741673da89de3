// The generated server and the reference pass the suite over every protocol, and the suite finds planted faults, a part of them in each run.
// All cases run over gRPC, and a tenth of them over each other protocol; CONFORMANCE_EVERY=1 plays all over all.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rulesOf } from "../../../../packages/conformance/reference/rules.ts";
import { startReference } from "../../../../packages/conformance/reference/server.ts";
import { report } from "../../../../packages/conformance/src/main.ts";
import { PROTOCOLS, play } from "../../../../packages/conformance/src/play-suite.ts";
import { readSuite } from "../../../../packages/conformance/src/suite.ts";
import { startUpstreams } from "../../../../packages/conformance/src/upstreams.ts";
import { sampled } from "../../../support/seed/sampled.ts";
import { startGenerated } from "./generated-server.ts";
import { PLANTED, type Planted } from "./planted.ts";
import { suiteJson, suiteRequest } from "./suite-protos.ts";

const folder = fileURLToPath(new URL("../../../../packages/conformance/", import.meta.url));
const scratch = fileURLToPath(new URL(`../../../.generated/planted-${process.pid}`, import.meta.url));
const json = readFileSync(join(folder, "suite.json"), "utf8");
const suite = readSuite();
const every = Number(process.env.CONFORMANCE_EVERY ?? "10");
const protocols = Object.keys(PROTOCOLS);
const MINUTES = 60_000;
const addresses = (): readonly string[] => upstreams.ports.map((port) => `http://127.0.0.1:${port}`);
let upstreams: Awaited<ReturnType<typeof startUpstreams>>;

beforeAll(async () => {
  upstreams = await startUpstreams(suite, "127.0.0.1", 0);
});
afterAll(() => {
  upstreams.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Plays the suite. Returns reports of protocols over which a case failed. */
async function faults(url: string): Promise<readonly string[]> {
  const reports: string[] = [];
  for (const protocol of protocols) {
    const cases = suite.cases.filter((_, at) => protocol === "grpc" || at % every === 0);
    const outcome = await play(suite, cases, upstreams, { url, protocols: [protocol], concurrency: 4 });
    if (outcome.failures.length > 0) reports.push(report(suite, cases, outcome, 1));
  }
  return reports;
}

test("suite.json is what buf makes of the protos", () => {
  expect(json).toBe(suiteJson(suiteRequest()));
});

test(
  "the generated server passes every case",
  async () => {
    const server = await startGenerated(upstreams.ports);
    try {
      expect(await faults(server.url)).toEqual([]);
    } finally {
      await server.close();
    }
  },
  15 * MINUTES,
);

test(
  "the reference passes every case",
  async () => {
    const rules = rulesOf(JSON.parse(json));
    const reference = await startReference(suite.registry, rules, addresses());
    try {
      expect(await faults(reference.url)).toEqual([]);
    } finally {
      reference.close();
    }
  },
  15 * MINUTES,
);

/** Starts the reference with a fault. */
async function startPlanted(
  { file, from, to }: Planted,
  at: number,
): Promise<Awaited<ReturnType<typeof startReference>>> {
  const copy = join(scratch, String(at));
  for (const name of ["reference", "transcoding"]) cpSync(join(folder, name), join(copy, name), { recursive: true });
  const path = join(copy, "reference", file);
  const text = readFileSync(path, "utf8");
  expect(text.split(from)).toHaveLength(2);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  const load = async (name: string) => import(pathToFileURL(join(copy, "reference", name)).href);
  const rules = (await load("rules.ts")).rulesOf(JSON.parse(json));
  return (await load("server.ts")).startReference(suite.registry, rules, addresses());
}

describe("planted faults of the reference are found", () => {
  test.each(sampled(PLANTED).map((planted, at) => ({ ...planted, at })))(
    "$file: $from → $to",
    async ({ at, ...planted }) => {
      const reference = await startPlanted(planted, at);
      const some = suite.cases.filter(({ rpc }) => rpc.includes(planted.rpc));
      try {
        const options = { url: reference.url, protocols: ["grpc"], concurrency: 4, failures: 1 };
        const { failures } = await play(suite, some, upstreams, options);
        expect(failures).not.toEqual([]);
      } finally {
        reference.close();
      }
    },
  );
});
