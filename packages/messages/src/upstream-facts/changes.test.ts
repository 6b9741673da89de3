// What changesOf says of elements that goldens do not reach: extensions, which no expression of a BFF can name yet.
import { createRegistry } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";

import { requestFor, schemaOf } from "../../../../test/support/request.ts";
import { changesOf } from "./changes.ts";
import { factsOf } from "./facts.ts";
import { findElement } from "./find-element.ts";

const NAME = "up.v1.weight";
/** The facts of the extension, which is declared so. */
function extension(declared: string) {
  const text = `syntax = "proto2";
package up.v1;
message Item { extensions 100 to 200; }
enum Unit { GRAM = 0; }
extend Item { ${declared} }
`;
  const request = requestFor({ "up/v1/up.proto": text }, ["up/v1/up.proto"]);
  const found = findElement(createRegistry(...schemaOf(request).allFiles), NAME, "extension");
  if (found === undefined) throw new Error(`no ${NAME}`);
  return factsOf(found);
}

describe("an extension", () => {
  const was = extension("optional int32 weight = 100;");
  test("an equal extension has no change", () => {
    expect(changesOf(was, extension("optional int32 weight = 100;"))).toEqual([]);
  });
  test.each([
    ["has another type", "optional string weight = 100;", ["BFF914"]],
    ["has another number", "optional int32 weight = 101;", ["BFF913"]],
    ["is repeated", "repeated int32 weight = 100;", ["BFF915"]],
    ["has a default", "optional int32 weight = 100 [default = 7];", ["BFF922"]],
    ["is deprecated", "optional int32 weight = 100 [deprecated = true];", ["BFF920"]],
    ["is another one", "optional Unit weight = 120;", ["BFF913", "BFF914"]],
  ])("an extension that %s is reported", (_, declared, codes) => {
    expect(changesOf(was, extension(declared)).map(({ code }) => code)).toEqual(codes);
  });
});
