import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CardSchema, type Page, PageSchema } from "../testing/gen/test_pb.ts";
import { opaqueMessage } from "./opaque-message.ts";
import { withSortedMaps } from "./sorted-maps.ts";

const page = (...ids: readonly string[]): Page =>
  create(PageSchema, {
    title: ids.join(" and "),
    byName: Object.fromEntries(ids.map((id) => [id.charAt(0), create(CardSchema, { id })])),
  });
const unread = (message: Page): Page =>
  opaqueMessage(PageSchema, toBinary(PageSchema, message), (schema, bytes) => fromBinary(schema, bytes)) as Page;
const bytesOf = (message: Page): string =>
  Buffer.from(toBinary(PageSchema, withSortedMaps(PageSchema, { ...message, title: "" }))).toString("hex");

test.each([
  ["read", (message: Page) => message],
  ["passed on unread", unread],
])("maps of a message that is %s are in order, and its contents count", (_, of) => {
  const sorted = (message: Page) => withSortedMaps(PageSchema, of(message));
  expect(sorted(page("x", "y"))).toMatchObject({ title: "x and y", byName: { x: { id: "x" }, y: { id: "y" } } });
  expect(Object.keys(sorted(page("y", "x")).byName)).toEqual(["x", "y"]);
  expect(bytesOf(sorted(page("x", "y")))).toBe(bytesOf(sorted(page("y", "x"))));
  expect(bytesOf(sorted(page("x", "y")))).not.toBe(bytesOf(sorted(page("x", "yy"))));
});
