import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DegradationSchema, Degradation_Effect as Effect } from "@protobff/messages/bff/v1/degradation_pb.js";
import { describe, expect, test } from "vitest";
import { DashboardSchema } from "../../generated/web/v1/web_pb.ts";
import { WholeSchema } from "../../runtime/src/testing/gen/parts_pb.ts";
import { Degraded } from "./react.ts";
import { select } from "./select.ts";

const shown = { fallback: "fallback", children: "children" };
type Init = MessageInitShape<typeof WholeSchema>;
const whole = (init: Init, ...degraded: MessageInitShape<typeof DegradationSchema>[]) =>
  create(WholeSchema, { ...init, degraded: degraded.map((entry) => create(DegradationSchema, entry)) });
const { MISSING, REPLACED, INCOMPLETE, STALE } = Effect;

describe("Degraded", () => {
  test("renders the fallback for a missing field", () => {
    const of = whole({}, { path: "facts", effect: MISSING }, { path: "cents", effect: MISSING });
    expect(Degraded({ of, field: "cents", ...shown })).toBe("fallback");
    expect(Degraded({ of, field: "facts", ...shown })).toBe("fallback");
    expect(Degraded({ of, field: "inner", ...shown })).toBe("children");
  });
  test("renders the children for an empty field without an entry", () => {
    expect(Degraded({ of: whole({}), field: "cents", ...shown })).toBe("children");
  });
  test.each([REPLACED, STALE, INCOMPLETE])(
    "renders the children for a field with the effect %i and a value",
    (effect) => {
      const of = whole({ cents: 0, facts: ["a"] }, { path: "cents", effect }, { path: "facts", effect });
      expect(Degraded({ of, field: "cents", ...shown })).toBe("children");
      expect(Degraded({ of, field: "facts", ...shown })).toBe("children");
    },
  );
  test.each([REPLACED, STALE])("renders the children for an empty field with the effect %i", (effect) => {
    expect(Degraded({ of: whole({}, { path: "cents", effect }), field: "cents", ...shown })).toBe("children");
  });
  test("renders the children for a field that the client has set since", () => {
    const of = { ...whole({}, { path: "cents", effect: MISSING }), cents: 3 };
    expect(Degraded({ of, field: "cents", ...shown })).toBe("children");
  });
  test("reads an entry of a message for its fields, and none of a field for its message", () => {
    const missing = whole({}, { path: "inner", effect: MISSING });
    expect(Degraded({ of: missing, field: ["inner", "inner", "flag"], ...shown })).toBe("fallback");
    const partial = whole({ inner: {} }, { path: "inner.flag", effect: MISSING });
    expect(Degraded({ of: partial, field: "inner", ...shown })).toBe("children");
    expect(Degraded({ of: partial, field: ["inner", "flag"], ...shown })).toBe("fallback");
    expect(Degraded({ of: partial, field: ["inner", "inner"], ...shown })).toBe("children");
  });
  test("reads the position of an item", () => {
    const of = whole({ list: [{}, {}] }, { path: "list[1].flag", effect: MISSING });
    expect([0, 1].map((i) => Degraded({ of, field: ["list", i, "flag"], ...shown }))).toEqual(["children", "fallback"]);
  });
  test("reads values of items if their positions are folded", () => {
    const of = whole({ list: [{ flag: false }, {}] }, { path: "list[*].flag", effect: MISSING, count: 9 });
    expect([0, 1].map((i) => Degraded({ of, field: ["list", i, "flag"], ...shown }))).toEqual(["children", "fallback"]);
  });
  test("takes members of a oneof as fields", () => {
    const entry = { path: "picked.flag", effect: MISSING };
    const of = whole({ choice: { case: "picked", value: {} } }, entry, { path: "text", effect: MISSING });
    expect(Degraded({ of, field: ["picked", "flag"], ...shown })).toBe("fallback");
    expect(Degraded({ of, field: "picked", ...shown })).toBe("children");
    expect(Degraded({ of, field: "text", ...shown })).toBe("fallback");
    const set = whole({ choice: { case: "picked", value: { flag: true } } }, entry);
    expect(Degraded({ of: set, field: ["picked", "flag"], ...shown })).toBe("children");
  });
  test("takes names in TypeScript", () => {
    const degraded = ["spent_cents", "runs[0].owner_name"].map((path) => ({ path, effect: MISSING }));
    const of = create(DashboardSchema, { runs: [{}], degraded });
    expect(Degraded({ of, field: "spentCents", ...shown })).toBe("fallback");
    expect(Degraded({ of, field: ["runs", 0, "ownerName"], ...shown })).toBe("fallback");
  });
  test("renders the fallback for an incomplete list if it is empty, and the fields of its items", () => {
    const entry = { path: "list", effect: INCOMPLETE };
    expect(Degraded({ of: whole({}, entry), field: "list", ...shown })).toBe("fallback");
    const of = whole({ list: [{}] }, entry);
    expect(Degraded({ of, field: ["list", 0, "flag"], ...shown })).toBe("children");
    expect(Degraded({ of, field: ["list", 1, "flag"], ...shown })).toBe("fallback");
  });
  test("takes any key of an incomplete map", () => {
    const of = whole({ notes: { a: "b" } }, { path: "notes", effect: INCOMPLETE });
    expect(Degraded({ of, field: ["notes", "a"], ...shown })).toBe("children");
    expect(Degraded({ of, field: ["notes", "c"], ...shown })).toBe("fallback");
    for (const key of ['a.b]"', "*"]) {
      const single = whole({}, { path: `notes[${JSON.stringify(key)}]`, effect: MISSING });
      expect(Degraded({ of: single, field: ["notes", key], ...shown })).toBe("fallback");
      expect(Degraded({ of: single, field: ["notes", "a"], ...shown })).toBe("children");
    }
  });
});

test("a fallback can be a function of the degradation", () => {
  const of = whole({}, { path: "cents", effect: MISSING, upstream: "up.v1.ItemService" });
  const fallback = ({ upstream }: { readonly upstream: string }) => upstream;
  expect(Degraded({ of, field: "cents", fallback })).toBe("up.v1.ItemService");
});

test("only fields of the answer, or of its selection, compile", () => {
  const all = whole({ list: [{}] });
  const of = select(WholeSchema, { cents: true, list: { flag: true }, degraded: true }).of(all);
  expect(Degraded({ of, field: ["list", 0, "flag"], ...shown })).toBe("children");
  // @ts-expect-error no field of Whole
  Degraded({ of: all, field: "price", ...shown });
  // @ts-expect-error not selected
  Degraded({ of, field: "title", ...shown });
  // @ts-expect-error not selected
  Degraded({ of, field: ["list", 0, "name"], ...shown });
  // @ts-expect-error a list has positions
  Degraded({ of, field: ["list", "flag"], ...shown });
  // @ts-expect-error a bool has no fields
  Degraded({ of, field: ["list", 0, "flag", "name"], ...shown });
  // @ts-expect-error the selection has no degradations
  Degraded({ of: select(WholeSchema, { cents: true }).of(all), field: "cents", ...shown });
});
