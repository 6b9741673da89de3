import { expect, test } from "vitest";
import { isJsonType, mediaType, plainType } from "./media-type.ts";

test.each([
  ["application/json", "application/json", undefined],
  ["Application/JSON", "application/json", undefined],
  ["application/json;", "application/json", undefined],
  ["application/json ; ; charset=utf-8 ;", "application/json", "utf-8"],
  ['application/json\t;\tversion="1; charset=latin1";charset="UTF-8"', "application/json", "utf-8"],
  ['text/html;charset="utf\\-8"', "text/html", "utf-8"],
  ["text/html;Charset=ISO-8859-1", "text/html", "iso-8859-1"],
  ["a/b;charset=x;charset=X", "a/b", "x"],
])("%j is %s in %s", (value, type, charset) => {
  expect(mediaType(value)).toEqual({ type, charset, wellFormed: true });
});

test.each([
  "",
  "application",
  "application/",
  "application/json, text/plain",
  "application/json x",
  "application/json; charset",
  "application/json; charset=",
  'application/json; charset="utf-8',
  'application/json; charset="utf-8"x',
  "application/json; =utf-8",
  "application/json; charset=utf-8; charset=latin1",
])("%j is no content type", (value) => {
  expect(mediaType(value)?.wellFormed ?? false).toBe(false);
  expect(plainType(value)).toBe(value);
});

test.each([
  ['application/json; charset="utf-8"', "application/json"],
  ["application/json; charset=utf-16", "application/json; charset=utf-16"],
  ["application/proto; charset=latin1", "application/proto"],
  ["APPLICATION/GRPC-WEB+PROTO;x=1", "application/grpc-web+proto"],
  ["application/grpc+json;charset=latin1", "application/grpc+json;charset=latin1"],
  ["application/connect+json ;charset=utf-8", "application/connect+json"],
  ["multipart/form-data; boundary=x", "multipart/form-data; boundary=x"],
])("the type of a request, %j, is read as %j", (value, plain) => {
  expect(plainType(value)).toBe(plain);
});

test.each([
  ["application/problem+json; charset=us-ascii", true],
  ["text/json", true],
  ["application/json; charset", true],
  ["application/jsonp", false],
  ["application/json; charset=utf-16", false],
])("%j is JSON: %j", (value, expected) => {
  expect(isJsonType(value)).toBe(expected);
});

test("a value of more than 1,000 characters is not read", () => {
  const parameters = ";a=b".repeat(200);
  expect(plainType(`application/json${parameters}`)).toBe("application/json");
  const long = `application/json${parameters}${" ".repeat(200)}`;
  expect([mediaType(long), plainType(long), isJsonType(long)]).toEqual([undefined, long, false]);
});
