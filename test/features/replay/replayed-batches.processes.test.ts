// `protobff replay --against --server`: batches with other keys than the captured ones.

import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { against, captured, edited, expected, generated, live, made, reported } from "./two-builds.ts";

afterAll(() => {
  for (const remove of made) remove();
});

const METHOD = "up.v1.ItemService/ListItems";
/** Related items as batches, with these keys. */
const batched = (keys: string, set = "", batch = 'by: "it"'): string =>
  edited(
    [
      'call: { method: "up.v1.ItemService/ListItems" set: { name: "ids" by: "item.related" } }',
      `each: { var: "it" in: "${keys}" max: 10
        call: { method: "up.v1.ItemService/ListItems" ${set} batch: { name: "ids" ${batch} items: "items" key: "id" } } }`,
    ],
    ['"related.items"', '"related"'],
  );
const TWO_CALLS = edited(
  [
    '{ name: "related" supplementary: true\n      call: { method: "up.v1.ItemService/ListItems" set: { name: "ids" by: "item.related" } } }',
    ["x", "y"]
      .map(
        (id) =>
          `{ name: "${id}" supplementary: true call: { method: "${METHOD}" batch: { name: "ids" by: "'${id}'" items: "items" key: "id" max: 1 } } }`,
      )
      .join(", "),
  ],
  ['"related.items"', '"[x, y]"'],
);
interface Report {
  readonly same: number;
  readonly assumed: number;
  readonly groups: readonly {
    readonly kind: string;
    readonly what: string;
    readonly requests: number;
    readonly examples: readonly { readonly text: string }[];
  }[];
}

let base: Awaited<ReturnType<typeof captured>>;
function reportOf(proto: string, server: string | undefined, file = base.file): Report {
  const build = generated(proto);
  const { stdout, stderr } = against([file], join(build.project.folder, build.server), { format: "json", server });
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Report;
}

test("a batch with fewer keys has the items of the captured one", async () => {
  base = await captured([], batched("item.related"));
  const fewer = batched("item.related.filter(r, r == 'x')");
  const { seen } = await live(fewer);
  const { [`unknown ${METHOD}`]: requests, ...others } = expected(base.seen, seen);
  expect([requests, others]).toEqual([5, {}]);
  const report = reportOf(fewer, base.server);
  expect(reported({ ...report, requests: 6 })).toEqual({
    "answer Page.related": 5,
    [`calls other arguments of ${METHOD}`]: 5,
  });
  expect([report.same, report.assumed]).toEqual([1, 5]);
  const texts = report.groups.flatMap(({ examples }) => examples.map(({ text }) => text));
  expect(texts).toContain("related[1]: {name, rank} -> absent");
});

test("the keys of two captured calls are one batch", async () => {
  const two = await captured([], TWO_CALLS);
  const report = reportOf(batched("item.related"), two.server, two.file);
  // Both ran for the item that is missing, too.
  expect(reported({ ...report, requests: 6 })).toEqual({ [`calls -1 ${METHOD}`]: 5, [`calls -2 ${METHOD}`]: 1 });
  expect(report.assumed).toBe(5);
});

test("other keys, other fields, wrapped keys and the capture alone are not comparable", () => {
  for (const [proto, server] of [
    [batched("item.related + ['z']"), base.server],
    [batched("item.related.filter(r, r == 'x')", 'set: { name: "region" by: "args.region" }'), base.server],
    [batched("item.related.filter(r, r == 'x')", "", 'by: "it" wrap: "key"'), base.server],
    [batched("item.related.filter(r, r == 'x')"), undefined],
  ] as const)
    expect(reported({ ...reportOf(proto, server), requests: 6 })).toEqual({ [`unknown ${METHOD}`]: 5 });
});
