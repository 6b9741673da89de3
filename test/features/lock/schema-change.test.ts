// An upstream changes its schema: what uses the change fails to generate, at the very expression; what does not stays as it is.
import { describe, expect, test } from "vitest";
import { compileCase, goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";

const upstream = "up/v1/up.proto";
const bff = (name: string) => goldenCases("emit").find((golden) => golden.name === name)!;

function compileOver(change: (proto: string) => string, name = "call") {
  const golden = bff(name);
  const before = UPSTREAMS[upstream] ?? "";
  const after = change(before);
  expect(after).not.toBe(before);
  const upstreams = { ...UPSTREAMS, [upstream]: after };
  return compileCase(requestOf(golden, upstreams), { ...upstreams, ...golden.protos });
}
function filesOf({ response }: ReturnType<typeof compileCase>): Readonly<Record<string, string>> {
  return Object.fromEntries(response.file.map(({ name, content }) => [name, content]));
}
/** What the source says at a diagnostic. */
function pointedAt(
  name: string,
  { line, column, endColumn }: { line: number; column: number; endColumn: number },
): string {
  const [text = ""] = Object.values(bff(name).protos);
  return text.split("\n")[line - 1]?.slice(column - 1, endColumn - 1) ?? "";
}

describe("a change of an upstream", () => {
  const unchanged = filesOf(compileCase(requestOf(bff("call")), bff("call").protos));

  test.each([
    ["a field that a response reads", "  string name = 2;", "  string title = 2;", "BFF303", "name"],
    [
      "a field that a request sets",
      "message GetItemRequest {\n  string id = 1;",
      "message GetItemRequest {\n  string key = 1;",
      "BFF207",
      "id",
    ],
    ["the type of a field", "  string name = 2;", "  int32 name = 2;", "BFF331", '"item.name"'],
    ["a method", "rpc GetItem(", "rpc ReadItem(", "BFF201", "GetItem"],
  ])("%s", (_what, from, to, code, at) => {
    const { response, diagnostics } = compileOver((proto) => proto.replace(from, to));
    expect(diagnostics.map((diagnostic) => [diagnostic.code, diagnostic.at.file])).toEqual([
      [code, "shop/v1/shop.proto"],
    ]);
    expect(pointedAt("call", diagnostics[0]!.at)).toBe(at);
    expect(response.file).toEqual([]);
  });

  test.each([
    ["a field that nothing uses is renamed", "  int32 stock = 5;", "  int32 available = 5;"],
    ["a field that nothing uses is retyped", "  double rating = 20;", "  string rating = 20;"],
    ["a field is added", "  bytes digest = 21;", "  bytes digest = 21;\n  string colour = 22;"],
    [
      "an unused method is removed",
      "  rpc FindItems(FindItemsRequest) returns (FindItemsResponse) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }\n",
      "",
    ],
    ["an enum grows", "  KIND_FILM = 3;", "  KIND_FILM = 3;\n  KIND_GAME = 4;"],
  ])("%s, and the code stays the same", (_what, from, to) => {
    const changed = compileOver((proto) => proto.replace(from, to));
    expect(changed.diagnostics).toEqual([]);
    expect(filesOf(changed)).toEqual(unchanged);
    expect(Object.keys(unchanged)).toEqual(["shop/v1/shop_bff.ts", "shop/v1/shop_codec.ts"]);
  });
});

describe("the order of files in the request", () => {
  test.each(["two-files", "alias", "policies"])("does not matter: %s", (name) => {
    const golden = bff(name);
    const request = requestOf(golden);
    const texts = { ...UPSTREAMS, ...golden.protos };
    const first = filesOf(compileCase(request, texts, "import_extension=ts,server=true"));
    expect(Object.keys(first).length).toBeGreaterThan(1);
    const shuffled = {
      ...request,
      protoFile: dependenciesLast(request.protoFile),
      fileToGenerate: [...request.fileToGenerate].reverse(),
    };
    expect(shuffled.protoFile.map(({ name }) => name)).not.toEqual(request.protoFile.map(({ name }) => name));
    expect(filesOf(compileCase(shuffled, texts, "import_extension=ts,server=true"))).toEqual(first);
  });
});

/** Another order in which every file still stands behind those it imports (as protoc promises). */
function dependenciesLast<File extends { name: string; dependency: string[] }>(files: readonly File[]): File[] {
  const left = new Set([...files].reverse());
  const placed = new Set<string>();
  const order: File[] = [];
  while (left.size > 0) {
    for (const file of left) {
      if (!file.dependency.every((name) => placed.has(name))) continue;
      order.push(file);
      placed.add(file.name);
      left.delete(file);
      break;
    }
  }
  return order;
}
