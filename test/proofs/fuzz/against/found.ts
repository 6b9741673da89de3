// Pairs of builds whose reports were once wrong, each with the pace of its upstreams. Run as a program, it prints faults.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "../cases.ts";
import { liveRuns, newFolder } from "./against.ts";
import { type Build, buildsOf } from "./builds.ts";
import type { EditKind } from "./edits.ts";
import type { Sent } from "./live.ts";
import { verdictFor } from "./verdict.ts";

interface Found {
  readonly what: string;
  readonly kind: EditKind;
  /** Steps of both builds. */
  readonly steps: readonly [old: string, build: string];
  readonly answers: NonNullable<Sent["answers"]>;
  /** `same`, `differs`, `assumed`, or the reason why it is not comparable. */
  readonly differences: string;
  /** True: its process has answered the same request before. */
  readonly isWarm?: boolean;
  /** The same for a busy process, and a draw of its pace that has led to a fault. Default: as above. */
  readonly busy?: { readonly seed: string; readonly differences: string };
}
const step = (name: string, id: string, more = "", rpc = "GetItem"): string =>
  `{ name: "${name}" supplementary: true call: { method: "up.v1.ItemService/${rpc}" set: { name: "id" by: "${id}" } ${more} } }`;
const pageOf = (folder: string, steps: string): string => `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
service PageService {
  option (bff.v1.service) = {};
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; }
message Page {
  option (bff.v1.message) = { let: [ ${steps} ] };
  ${[...steps.matchAll(/name: "(s\d)"/g)].map(([, name], i) => `optional string f${i + 1} = ${i + 1} [(bff.v1.field).by = "${name}.name"];`).join("\n  ")}
  repeated bff.v1.Degradation degraded = 99;
}
`;
const CACHED = 'cache: { ttl: "5s" }';
const soon = () => ({ ms: 3 });
const BACKOFF = 'backoff: { initial: "10ms" max: "10ms" multiplier: 1 }';
const TWICE = `retry: { attempts: 2 ${BACKOFF} }`;
const HEDGE = 'hedge: { delay: "3ms" max: 1 }';
const LATE_RETRY = 'timeout: "5ms" retry: { attempts: 3 backoff: { initial: "1ms" max: "1ms" multiplier: 1 } }';
const LATE_HEDGE = `${TWICE} hedge: { delay: "1ms" max: 1 }`;
/** Four steps that differ in their ids. */
const alike = (idOf: (i: number) => string, more: string): string =>
  [0, 1, 2, 3].map((i) => step(`s${i}`, idOf(i), more)).join(", ");

const FOUND: readonly Found[] = [
  {
    what: "a call that another step sends, too, beside others of its method",
    kind: "visible",
    steps: [
      `${step("s0", "'a'")}, ${step("s1", "'b'")}`,
      `${step("s0", "'a'")}, ${step("s1", "'b'")}, ${step("s2", "'a'", `metadata: { name: "x-a" by: "'b'" }`)}`,
    ],
    answers: soon,
    differences: "assumed",
  },
  {
    what: "fewer of two equal calls, which are each sent twice",
    kind: "visible",
    steps: [
      `${step("s0", "'a'", TWICE)}, ${step("s1", "'a' + ''", `${TWICE} cache: { ttl: "5s" }`)}`,
      step("s0", "'a'", TWICE),
    ],
    answers: (_, attempt) => (attempt === 1 ? { ms: 150, isFailure: true } : { ms: 30 }),
    differences: "differs",
  },
  {
    what: "a shorter backoff than the one that has passed",
    kind: "policy",
    steps: [
      step("s0", "'a'", `retry: { attempts: 2 backoff: { initial: "40ms" max: "40ms" multiplier: 1 } }`),
      step("s0", "'a'", `retry: { attempts: 2 backoff: { initial: "1ms" max: "1ms" multiplier: 1 } }`),
    ],
    answers: (_, attempt) => (attempt === 1 ? { ms: 5, isFailure: true } : { ms: 5 }),
    differences: "differs",
  },
  {
    what: "an attempt that lasts longer than until it was given up",
    kind: "policy",
    steps: [step("s0", "'a'", 'hedge: { delay: "1ms" max: 1 }'), step("s0", "'a'", 'hedge: { delay: "15ms" max: 1 }')],
    answers: (_, attempt) => (attempt === 1 ? { ms: 8.5 } : { ms: 0.5 }),
    differences: "up.v1.ItemService/GetItem has no captured answer to this message",
  },
  {
    what: "a header that decides about a call",
    kind: "visible",
    steps: [step("s0", "'a'"), step("s0", "headers['x-a'] == 'a' ? 'a' : 'b'")],
    answers: soon,
    differences: "the header x-a was not captured",
  },
  {
    what: "hedges of one turn, some of which are late",
    kind: "invisible",
    steps: [alike((i) => `'${i}'`, HEDGE), alike((i) => `('${i}')`, HEDGE)],
    answers: (_, attempt) => ({ ms: attempt === 1 ? 5.5 : 30 }),
    differences: "same",
  },
  {
    what: "retries that begin late, shortly before the timeout of their steps",
    kind: "invisible",
    steps: [alike((i) => `'${i}'`, LATE_RETRY), alike((i) => `('${i}')`, LATE_RETRY)],
    answers: () => ({ ms: 2.2, isFailure: true }),
    differences: "same",
    busy: { seed: "4", differences: "the build that wrote it does not answer as captured in this mode" },
  },
  {
    what: "hedges of equal calls, which answers overtake",
    kind: "invisible",
    steps: [alike(() => "'a'", LATE_HEDGE), alike(() => "('a')", LATE_HEDGE)],
    answers: (_, attempt) => (attempt === 1 ? { ms: 1.08, isFailure: true } : { ms: attempt === 2 ? 16 : 0.6 }),
    differences: "same",
    busy: { seed: "2", differences: "same" },
  },
  {
    what: "answers of the cache, which the build looks up in another order",
    kind: "visible",
    steps: [
      `${step("s0", "'a'", CACHED)}, ${step("s1", "'b'", CACHED)}`,
      `${step("s0", "'b'", CACHED)}, ${step("s1", "'a'", CACHED)}`,
    ],
    answers: soon,
    isWarm: true,
    differences: "differs",
  },
];

/** Returns the faults, and the verdicts that are not the differences ones. */
async function faultsOfFound(): Promise<readonly string[]> {
  const folder = newFolder();
  const caseOf = (index: number, steps: string): Case => {
    const file = `f${index}/app.proto`;
    const protos = { [file]: pageOf(`f${index}`, steps) };
    return { index, base: { name: "found", protos }, folder: `f${index}`, file, mutations: [], protos };
  };
  try {
    const [olds, builds] = [
      await buildsOf(
        FOUND.map(({ steps }, i) => caseOf(i, steps[0])),
        join(folder, "old"),
      ),
      await buildsOf(
        FOUND.map(({ steps }, i) => caseOf(i, steps[1])),
        join(folder, "new"),
      ),
    ];
    const faults: string[] = [];
    for (const [i, found] of FOUND.entries()) {
      const [old, build] = [olds.get(i), builds.get(i)];
      faults.push(
        ...(old === undefined || build === undefined
          ? [`${found.what}: does not compile`]
          : await faultsOfPair(found, old, build, join(folder, `${i}`))),
      );
    }
    return faults;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function faultsOfPair(
  { what, kind, answers, isWarm, differences, busy }: Found,
  old: Build,
  build: Build,
  folder: string,
) {
  const [method] = old.declaration.services.flatMap(({ methods }) => methods);
  if (method === undefined) return [`${what}: has no method`];
  const seed = what + (busy?.seed ?? "");
  const pair = { old, build, edit: { kind, what, text: "" } };
  const { runs, faults } = await liveRuns(
    pair,
    { method, seed, answers, warmedBy: isWarm ? { declaration: old.declaration, seed } : undefined },
    folder,
  );
  for (const [i, run] of runs.entries()) {
    const found = await verdictFor(run, build.server, old.server);
    const verdict = found.reason ?? found.kind;
    if (verdict !== (i === 0 ? differences : (busy?.differences ?? differences)))
      faults.push(`${i === 0 ? "" : "busy: "}${verdict}`);
    const alone = await verdictFor(run, build.server, undefined);
    faults.push(...found.faults, ...alone.faults.map((fault) => `alone: ${fault}`));
  }
  return faults.map((fault) => `${what}: ${fault}`);
}

if (import.meta.main) for (const fault of await faultsOfFound()) console.log(fault);
