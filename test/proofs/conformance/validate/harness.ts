// buf.validate.conformance.harness, by its field numbers: TestConformanceRequest and TestConformanceResponse.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export interface Case {
  readonly name: string;
  /** The full name of its message. */
  readonly type: string;
  readonly bytes: Uint8Array;
}
export interface Suite {
  /** An encoded google.protobuf.FileDescriptorSet. */
  readonly files: Uint8Array;
  readonly cases: readonly Case[];
}
export type Result =
  | { readonly kind: "success" }
  /** An encoded buf.validate.Violations. */
  | { readonly kind: "violations"; readonly bytes: Uint8Array }
  | { readonly kind: "compilation" | "runtime" | "unexpected"; readonly message: string };

export function readSuite(bytes: Uint8Array): Suite {
  let files: Uint8Array = new Uint8Array();
  const cases: Case[] = [];
  each(bytes, (field, value) => {
    if (field === 2) files = value;
    if (field === 3) cases.push(readCase(value));
  });
  return { files, cases };
}

function readCase(entry: Uint8Array): Case {
  let name = "";
  let type = "";
  let bytes: Uint8Array = new Uint8Array();
  const text = (value: Uint8Array): string => Buffer.from(value).toString("utf8");
  each(entry, (field, value) => {
    if (field === 1) name = text(value);
    if (field === 2)
      each(value, (inner, part) => {
        if (inner === 1) type = text(part).replace(/^.*\//, "");
        if (inner === 2) bytes = part;
      });
  });
  return { name, type, bytes };
}

function each(bytes: Uint8Array, found: (field: number, value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) found(field, reader.bytes());
    else reader.skip(wireType, field);
  }
}

const FIELDS = { compilation: 3, runtime: 4, unexpected: 5 } as const;

export function writeResults(results: ReadonlyMap<string, Result>): Uint8Array {
  const w = new BinaryWriter();
  for (const [name, result] of results) {
    w.tag(1, WireType.LengthDelimited).fork();
    w.tag(1, WireType.LengthDelimited).string(name);
    w.tag(2, WireType.LengthDelimited).fork();
    if (result.kind === "success") w.tag(1, WireType.Varint).bool(true);
    else if (result.kind === "violations") w.tag(2, WireType.LengthDelimited).bytes(result.bytes);
    else w.tag(FIELDS[result.kind], WireType.LengthDelimited).string(result.message);
    w.join();
    w.join();
  }
  return w.finish();
}
