// Holds docs/runtime.md#failures
import { create } from "@bufbuild/protobuf";
import { Degradation_Effect as Effect } from "@protobff/messages/bff/v1/degradation_pb.js";
import { expect, test } from "vitest";
import { invalid, timedOut } from "../failure.ts";
import { Causes, Reads } from "../scope/causes.ts";
import { CardSchema, type Page, PageSchema } from "../testing/gen/test_pb.ts";
import { degraded } from "./degrade.ts";

const cause = { failure: invalid("u", "x"), incomplete: false };
const card = (id: string) => create(CardSchema, { id });
const run = (page: Page, touch: (causes: Causes) => void) => {
  const causes = new Causes();
  touch(causes);
  const { entries, header } = degraded(PageSchema, page, causes.touches);
  return { paths: entries.map(({ path }) => path), effects: entries.map(({ effect }) => effect), header };
};

test("paths reach lists, maps, oneofs and nested messages, ordered by field number", () => {
  const cards = [card("0"), card("1")];
  const inner = card("i");
  const named = card("n");
  const chosen = card("s");
  cards[1]!.inner = inner;
  const page = create(PageSchema, { cards, byName: { 'a"]b': named }, special: { case: "card", value: chosen } });
  const found = run(page, (causes) => {
    causes.touch(chosen, "owner_name", false, cause);
    causes.touch(page.byName['a"]b']!, "id", true, cause);
    causes.touch(inner, "id", true, cause);
    causes.touch(cards[1]!, "owner_name", false, cause);
    causes.touch(cards[0]!, "owner_name", false, cause);
    causes.touch(page, "title", true, cause);
    causes.touch(card("elsewhere"), "id", true, cause);
  });
  expect(found.paths).toEqual([
    "title",
    "cards[0].owner_name",
    "cards[1].owner_name",
    "cards[1].inner.id",
    'by_name["a\\"]b"].id',
    "card.owner_name",
  ]);
  expect(found.header).toBe("title,cards[*].owner_name,cards[*].inner.id,by_name[*].id,card.owner_name");
});

test("one message in several places has an entry for each place; a field has one entry", () => {
  const same = card("x");
  const page = { ...create(PageSchema), cards: [same, same], main: same };
  const found = run(page, (causes) => {
    causes.touch(same, "owner_name", false, cause);
    causes.touch(same, "owner_name", true, { ...cause, incomplete: true });
  });
  expect(found).toEqual({
    paths: ["cards[0].owner_name", "cards[1].owner_name", "main.owner_name"],
    effects: [1, 1, 1],
    header: "cards[*].owner_name,main.owner_name",
  });
});

test("a present list is incomplete; an absent list is missing", () => {
  const page = create(PageSchema, { cards: [card("0")] });
  const left = { ...cause, incomplete: true };
  expect(run(page, (causes) => causes.touch(page, "cards", true, left)).effects).toEqual([Effect.INCOMPLETE]);
  // What it was to be made of lacked items, and then it was not made at all.
  expect(run(page, (causes) => causes.touch(page, "cards", false, left)).effects).toEqual([Effect.MISSING]);
});

test("fields outside the declared response stay internal, and the declared numbers give the order", () => {
  const cards = [card("0")];
  const page = create(PageSchema, { cards, main: card("m") });
  const numbers = new Map([
    ["cards", 1],
    ["title", 2],
  ]);
  const declared = {
    ...PageSchema,
    fields: PageSchema.fields.flatMap((field) => {
      const number = numbers.get(field.name);
      return number === undefined ? [] : [{ ...field, number }];
    }),
  };
  const causes = new Causes();
  causes.touch(page, "title", true, cause);
  causes.touch(page, "main", true, cause);
  causes.touch(page.main!, "id", true, cause);
  causes.touch(cards[0]!, "owner_name", false, cause);
  const { entries, header } = degraded(PageSchema, page, causes.touches, declared as typeof PageSchema);
  expect(entries.map(({ path }) => path)).toEqual(["cards[0].owner_name", "title"]);
  expect(header).toBe("cards[*].owner_name,title");
});

test("touched fields inside a composed value are found through lists and maps", () => {
  const causes = new Causes();
  const deep = card("d");
  causes.touch(deep, "owner_name", false, cause);
  expect(causes.within([card("a"), { ...card("b"), inner: deep }])).toEqual(cause);
  expect(causes.within({ k: deep })).toEqual(cause);
  expect(causes.within([card("a"), 1n, "x", undefined, new Uint8Array(3)])).toBe(undefined);
});

test("a read of some fields finds what touched these, and passes by everything else", () => {
  const causes = new Causes();
  const deep = card("d");
  causes.touch(deep, "owner_name", false, cause);
  const found = (value: unknown, ...paths: readonly string[]) => causes.among([new Reads(value, paths)]);
  const lists = [card("a"), { ...card("b"), inner: deep }];
  expect(found(lists, "inner.owner_name")).toEqual(cause);
  expect(found(new Map([["k", deep]]), "id", "owner_name.more")).toEqual(cause);
  expect(found({ $typeName: "Outer", oneof: { case: "mainCard", value: deep } }, "main_card")).toEqual(cause);
  expect(found({ $typeName: "Outer", oneof: { case: "mainCard", value: deep } }, "main_card?", "main_card.id")).toBe(
    undefined,
  );
  expect(found(lists, "inner.id", "owner_name", "inner?")).toBe(undefined);
});

test("the header has at most 1 KiB, then the count of further entries", () => {
  const desc = {
    ...PageSchema,
    fields: Array.from({ length: 100 }, (_, i) => ({
      ...PageSchema.fields[0]!,
      name: `a_rather_long_name_${i}`,
      number: i + 1,
    })),
  };
  const page = create(PageSchema);
  const causes = new Causes();
  for (const { name } of desc.fields) causes.touch(page, name, true, cause);
  const { header, entries } = degraded(desc as typeof PageSchema, page, causes.touches);
  expect(entries.length).toBe(100);
  expect(header.length).toBeLessThanOrEqual(1024);
  const paths = header.split(",");
  expect(Number(paths.pop())).toBe(100 - paths.length);
  expect(header.length).toBeGreaterThan(980);
});

test("more than eight entries that differ only in positions or keys become one with a count; others stay separate", () => {
  const cards = Array.from({ length: 12 }, (_, i) => card(`${i}`));
  const keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  const byName = Object.fromEntries(keys.map((key) => [key, card(key)]));
  const page = create(PageSchema, { cards, byName });
  const other = { failure: timedOut("u", "late"), incomplete: false };
  const causes = new Causes();
  for (const [i, each] of page.cards.entries()) {
    causes.touch(each, "owner_name", false, i < 3 ? other : cause);
    if (i < 8) causes.touch(each, "id", true, cause);
  }
  for (const key of keys) causes.touch(page.byName[key]!, "id", true, cause);
  causes.touch(page, "title", true, cause);
  const { entries, failures, header } = degraded(PageSchema, page, causes.touches);
  const lines = entries.map(({ path, reason, count }) => `${path} ${reason} ${count}`);
  expect(lines).toEqual([
    "title 6 0",
    ...[0, 1, 2].flatMap((i) => [`cards[${i}].id 6 0`, `cards[${i}].owner_name 1 0`]),
    "cards[3].id 6 0",
    "cards[*].owner_name 6 9",
    ...[4, 5, 6, 7].map((i) => `cards[${i}].id 6 0`),
    "by_name[*].id 6 9",
  ]);
  expect(failures.map(({ reason }) => reason)).toEqual(entries.map(({ reason }) => reason));
  expect(header).toBe("title,cards[*].id,cards[*].owner_name,by_name[*].id");
});

test("entries with different ages stay separate; equal ages are merged", () => {
  const page = create(PageSchema, { cards: Array.from({ length: 18 }, (_, i) => card(`${i}`)) });
  const causes = new Causes();
  for (const [i, each] of page.cards.entries())
    causes.touch(each, "id", true, { ...cause, staleMs: i % 2 === 0 ? 1_500 : 1_000 + i });
  const { entries } = degraded(PageSchema, page, causes.touches);
  expect(entries[0]).toMatchObject({ path: "cards[*].id", count: 9, age: { seconds: 1n, nanos: 500_000_000 } });
  expect(entries.slice(1).map(({ path }) => path)).toEqual(
    [1, 3, 5, 7, 9, 11, 13, 15, 17].map((i) => `cards[${i}].id`),
  );
});
