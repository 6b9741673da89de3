// conformance.ConformanceRequest and ConformanceResponse, by their field numbers.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export interface Case {
  /** Full name of the message's type. */
  readonly type: string;
  readonly payload: { readonly format: "proto" | "json"; readonly bytes: Uint8Array } | undefined;
  readonly output: "proto" | "json" | undefined;
}
export type Result =
  | { readonly kind: "parse error" | "serialize error" | "runtime error" | "skipped"; readonly text: string }
  | { readonly kind: "proto" | "json"; readonly bytes: Uint8Array };

const FORMATS = { 1: "proto", 2: "json" } as const;
const RESULTS = { "parse error": 1, "runtime error": 2, proto: 3, json: 4, skipped: 5, "serialize error": 6 } as const;

export function readCase(bytes: Uint8Array): Case {
  const reader = new BinaryReader(bytes);
  let type = "";
  // A request without a payload is a message of no bytes.
  let payload: Case["payload"] = { format: "proto", bytes: new Uint8Array() };
  let output: Case["output"];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 || field === 2) payload = { format: FORMATS[field], bytes: reader.bytes() };
    else if (field === 7 || field === 8) {
      payload = undefined;
      reader.bytes();
    } else if (field === 3) output = FORMATS[reader.int32() as 1 | 2];
    else if (field === 4) type = reader.string();
    else reader.skip(wireType, field);
  }
  return { type, payload, output };
}
export function writeResult(result: Result): Uint8Array {
  const bytes = "bytes" in result ? result.bytes : Buffer.from(result.text);
  return new BinaryWriter().tag(RESULTS[result.kind], WireType.LengthDelimited).bytes(bytes).finish();
}
