// Every fault ends as the plan predicts. The BFFs are goldens, recipes of the cookbook, examples of grpc-federation, our
// own and those of other tests. FAULTS_OF names one; otherwise each run has a part of them.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { cookbook } from "../../pages/cookbook.ts";
import { protosIn } from "../../proofs/load/bffs.ts";
import { every, mobile, second, web } from "../../proofs/matrix/bffs.ts";
import { goldenCases, requestOf, textsBelow, UPSTREAMS } from "../../support/golden.ts";
import { requestFor } from "../../support/request.ts";
import { sampled } from "../../support/seed/sampled.ts";
import { together } from "../../support/together.ts";
import { type Tried, tried } from "./on-mocks.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const example = Object.fromEntries(
  Object.entries(textsBelow(join(root, "proto/example"))).filter(
    ([name]) => !/^(web|mobile|policy|account)\//.test(name),
  ),
);
const all: Tried[] = [];
const only = process.env.FAULTS_OF;
const chosen = <T extends { readonly name: string }>(cases: readonly T[]): readonly T[] =>
  only === undefined ? sampled(cases) : cases.filter(({ name }) => name === only);

together(
  UPSTREAMS,
  goldenCases("emit").map(({ protos }) => protos),
);
for (const golden of chosen(goldenCases("emit"))) {
  test(golden.name, async () => {
    const upstreams = golden.name === "worked-example" ? example : UPSTREAMS;
    const protos =
      golden.name === "worked-example" ? textsBelow(join(root, "test/bffs/worked-example/proto")) : golden.protos;
    const found = await tried(golden.name, requestOf({ protos }, upstreams), { ...upstreams, ...protos });
    all.push(found);
    expect(found.wrong.join("\n")).toBe("");
  }, 120_000);
}
const { recipes, upstreams: shop } = cookbook();
together(
  shop,
  recipes.map(({ protos }) => protos),
);
for (const { name, protos } of chosen(recipes)) {
  test(`cookbook/${name}`, async () => {
    const found = await tried(`cookbook-${name}`, requestOf({ protos }, shop), { ...shop, ...protos });
    all.push(found);
    expect(found.wrong.join("\n")).toBe("");
  }, 120_000);
}
const outside = join(root, "test/proofs/prior-art");
const theirs = textsBelow(join(outside, "upstreams"));
const folders = readdirSync(outside).filter((entry) => /^\d/.test(entry));
for (const { name } of chosen(folders.map((name) => ({ name })))) {
  test(`prior-art/${name}`, async () => {
    const protos = textsBelow(join(outside, name, "proto"));
    const found = await tried(`prior-art-${name}`, requestOf({ protos }, theirs), { ...theirs, ...protos });
    all.push(found);
    expect(found.wrong.join("\n")).toBe("");
  }, 120_000);
}
/** BFFs that are more than one case. */
const account = { name: "account", protos: protosIn("proto/example"), targets: ["account/v1/account.proto"] };
for (const bff of chosen([web, mobile, account, second, every])) {
  test(bff.name, async () => {
    const found = await tried(bff.name, requestFor(bff.protos, [...bff.targets]), bff.protos);
    all.push(found);
    expect(found.wrong.join("\n")).toBe("");
  }, 120_000);
}
test("predicted and unpredicted cells are counted", () => {
  const sum = (of: (report: Tried) => number) => all.reduce((total, report) => total + of(report), 0);
  console.log(
    `${sum(({ cells }) => cells)} cells, ${sum(({ wrong }) => wrong.length)} not as predicted; ${sum(({ unpredictable }) => unpredictable.length)} unpredictable, ${sum(({ notReached }) => notReached)} not reached`,
  );
  for (const { name, unpredictable } of all)
    for (const [why, cells] of Map.groupBy(unpredictable, (reason) => reason))
      console.log(`${cells.length} unpredictable of ${name}, ${why}`);
});
