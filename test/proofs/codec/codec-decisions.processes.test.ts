// Unusual bytes, read by the generated codecs of three BFFs and by `readMessage`, with the decisions of Go and upb.
import { rmSync } from "node:fs";
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMessage } from "../../../runtime/src/wire/reader.ts";
import { CASES } from "./decisions.ts";
import { type GeneratedCodec, generateCodec } from "./generated-codec.ts";
import { PROTOS } from "./protos.ts";

const TARGETS = { copies: "app/v1/app.proto", "reads a part": "some/v1/some.proto", "passes on": "pass/v1/pass.proto" };
const readers = new Map<string, (bytes: Uint8Array) => Message>();
const codecs: GeneratedCodec[] = [];

beforeAll(async () => {
  for (const [name, target] of Object.entries(TARGETS)) {
    const codec = await generateCodec(PROTOS, target);
    codecs.push(codec);
    readers.set(name, codec.decode("Everything"));
  }
  const everything = codecs[0]?.registry.getMessage("wire.v1.Everything") as DescMessage;
  readers.set("by the descriptor", (bytes) => readMessage(everything, bytes));
});
afterAll(() => {
  for (const { folder } of codecs) rmSync(folder, { recursive: true, force: true });
});

describe.each([...Object.keys(TARGETS), "by the descriptor"])("a reader that %s", (name) => {
  test.each(CASES)("decides about $title", ({ bytes, unknown, fields }) => {
    const read = (): Message => (readers.get(name) as (bytes: Uint8Array) => Message)(bytes);
    if (unknown === "refused") {
      expect(read).toThrow();
      return;
    }
    const message = read();
    if (name === "reads a part") return; // it reads few of these fields, and keeps no unknown ones
    const set = Object.fromEntries(Object.keys(fields ?? {}).map((key) => [key, (message as never)[key]]));
    expect(set).toMatchObject(fields ?? {});
    expect((message.$unknown ?? []).map(({ no, wireType }) => [no, wireType])).toEqual(unknown);
  });
});
