// The shards of random keys, compared with github.com/dgryski/go-rendezvous over SHA-256. Its program is beside it, in
// rendezvous/; PROTOBFF_WITHOUT_GO=1 says that there is no Go. PROTOBFF_RENDEZVOUS is the number of keys.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { Shards } from "../../../runtime/src/call/shards.ts";

const SEED = Number(process.env.PROTOBFF_SEED ?? Date.now() % 1_000_000_007);
const CASES = Number(process.env.PROTOBFF_RENDEZVOUS ?? 5_000);

test.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")(`shards agree with go-rendezvous (PROTOBFF_SEED=${SEED})`, () => {
  const folder = new URL("rendezvous/", import.meta.url);
  const written = execFileSync("go", ["run", ".", String(SEED), String(CASES)], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  const cases = written.trimEnd().split("\n");
  expect(cases.length).toBe(CASES);
  for (const line of cases) {
    const { shards, key, chosen } = JSON.parse(line) as { shards: string[]; key: string; chosen: string };
    const all = new Shards(new Map(shards.map((name) => [name, name])), "rendezvous");
    if (all.nameOf(key) !== chosen) expect({ shards, key, chosen: all.nameOf(key) }).toEqual({ shards, key, chosen });
  }
  console.info(`rendezvous: ${cases.length} keys agree (PROTOBFF_SEED=${SEED})`);
});
