// Random messages as JSON: what our writer makes of them, and Go, and Python's upb. The messages have values at the
// edges of their types, contents of google.protobuf.Any, extensions, and fields in other wire types than declared.
import { isDeepStrictEqual } from "node:util";
import {
  create,
  createFileRegistry,
  type DescExtension,
  type DescField,
  type DescMessage,
  type FileRegistry,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { readJson } from "../../../../runtime/src/json/read-json.ts";
import { jsonWriter } from "../../../../runtime/src/json/write-json.ts";
import { readMessage } from "../../../../runtime/src/wire/reader.ts";
import { FILES } from "../../../features/json/values.ts";
import { build } from "../../../support/protos.ts";
import { Random } from "../../corpora/cel-go/random.ts";
import type { Comparison } from "./differential.ts";
import { type Decision, goPeer, upbPeer } from "./peers.ts";
import { suiteProtos } from "./tools.ts";

const TYPES = ["json.v1.All", "protobuf_test_messages.editions.TestAllTypesEdition2023"];

const WHOLE = [
  0n,
  1n,
  -1n,
  2n ** 31n - 1n,
  -(2n ** 31n),
  2n ** 32n - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];
const DOUBLES = [0, -0, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, Number.NaN, Infinity, -Infinity, 1e20];
const FLOATS = [0, -0, -1, 0.1, 1e-45, 3.4028234663852886e38, Number.NaN, Infinity, -Infinity, 16777217];
const SECONDS = [0n, 1n, -1n, -62135596800n, -62135596801n, 253402300799n, 253402300800n, 315576000000n, 315576000001n];
const NANOS = [0n, 1n, -1n, 500_000_000n, 120_000n, 999_999_999n, -999_999_999n, 1_000_000_000n];
const PATHS = ["", "a", "a.b", "a_b", "a__b", "a_1", "aB", "_a", "a_", "a_b.c_d", "a,b", "é", "A", "a1_b", "a.b_"];
const TEXTS = ["", "a", "é", "\u0000", "\u2028", "\u{1f600}", '"\\', "__proto__", "$typeName", "\ufeff"];
const CONTENTS = [
  ...TYPES,
  ..."Any Duration Timestamp Value Struct ListValue FieldMask Int64Value"
    .split(" ")
    .map((name) => `google.protobuf.${name}`),
];
const URLS = ["a/", "type.googleapis.com/", "", "/", "a/b/"];
const WRONG_URLS = ["", "a", "a/", "/", "a/none.v1.None"];
const DEEPEST = 4;

class Messages {
  readonly #registry: FileRegistry;
  readonly #random: Random;

  constructor(registry: FileRegistry, random: Random) {
    this.#registry = registry;
    this.#random = random;
  }

  /** Returns the bytes of a message. */
  of(desc: DescMessage, depth = 0): Uint8Array {
    const random = this.#random;
    const w = new BinaryWriter();
    const { typeName } = desc;
    if (typeName === "google.protobuf.Timestamp" || typeName === "google.protobuf.Duration") {
      if (random.chance(0.9)) w.tag(1, WireType.Varint).int64(random.pick(SECONDS));
      if (random.chance(0.6)) w.tag(2, WireType.Varint).int64(random.pick(NANOS));
    } else if (typeName === "google.protobuf.FieldMask") {
      for (let n = random.between(0, 3); n > 0; n--) w.tag(1, WireType.LengthDelimited).string(random.pick(PATHS));
    } else if (typeName === "google.protobuf.Any") this.#any(w, depth);
    else {
      const fields = [...desc.fields, ...this.#extensions(desc)];
      const most = fields.length === 0 || depth > DEEPEST ? 0 : random.between(depth === 0 ? 1 : 0, 3);
      for (let n = most; n > 0; n--) this.#field(w, random.pick(fields), depth);
    }
    return w.finish();
  }

  #extensions(desc: DescMessage): DescExtension[] {
    return [...this.#registry].filter((type) => type.kind === "extension" && type.extendee === desc) as DescExtension[];
  }
  #any(w: BinaryWriter, depth: number): void {
    const random = this.#random;
    const name = random.pick(CONTENTS);
    const isKnown = random.chance(0.9);
    const desc = isKnown ? this.#registry.getMessage(name) : undefined;
    if (random.chance(0.95))
      w.tag(1, WireType.LengthDelimited).string(isKnown ? random.pick(URLS) + name : random.pick(WRONG_URLS));
    const value = desc === undefined || depth > DEEPEST ? Uint8Array.of(8, 1) : this.of(desc, depth + 1);
    if (random.chance(0.8)) w.tag(2, WireType.LengthDelimited).bytes(value);
  }

  #field(w: BinaryWriter, field: DescField | DescExtension, depth: number): void {
    const random = this.#random;
    if (random.chance(0.05)) {
      this.#other(w, field.number);
      return;
    }
    if (field.fieldKind === "map") {
      const entry = new BinaryWriter();
      if (random.chance(0.9)) this.#scalar(entry, 1, field.mapKey);
      if (random.chance(0.9)) this.#value(entry, 2, field, depth);
      w.tag(field.number, WireType.LengthDelimited).bytes(entry.finish());
    } else this.#value(w, field.number, field, depth);
  }
  /** A field in any wire type, which may look like further fields. */
  #other(w: BinaryWriter, no: number): void {
    const random = this.#random;
    const kind = random.pick(["varint", "fixed", "bytes"]);
    if (kind === "varint") w.tag(no, WireType.Varint).uint32(random.between(0, 9));
    else if (kind === "fixed") w.tag(no, WireType.Bit32).fixed32(random.between(0, 9));
    else w.tag(no, WireType.LengthDelimited).bytes(Uint8Array.of(114, 1, 97));
  }
  #value(w: BinaryWriter, no: number, field: DescField | DescExtension, depth: number): void {
    if (field.message !== undefined) {
      const value = this.of(field.message, depth + 1);
      if ("delimitedEncoding" in field && field.delimitedEncoding)
        w.tag(no, WireType.StartGroup).raw(value).tag(no, WireType.EndGroup);
      else w.tag(no, WireType.LengthDelimited).bytes(value);
    } else if (field.enum !== undefined) w.tag(no, WireType.Varint).int32(this.#random.pick([0, 1, 2, 9, -1]));
    else if (field.scalar !== undefined) this.#scalar(w, no, field.scalar);
  }
  #scalar(w: BinaryWriter, no: number, type: ScalarType): void {
    const random = this.#random;
    const whole = random.pick(WHOLE);
    switch (type) {
      case ScalarType.FLOAT:
        w.tag(no, WireType.Bit32).float(random.pick(FLOATS));
        break;
      case ScalarType.DOUBLE:
        w.tag(no, WireType.Bit64).double(random.pick(DOUBLES));
        break;
      case ScalarType.STRING:
        w.tag(no, WireType.LengthDelimited).string(random.pick(TEXTS));
        break;
      case ScalarType.BYTES:
        w.tag(no, WireType.LengthDelimited).bytes(Uint8Array.of(255, 254, 253).subarray(random.between(0, 3)));
        break;
      case ScalarType.FIXED32:
      case ScalarType.SFIXED32:
        w.tag(no, WireType.Bit32).fixed32(Number(BigInt.asUintN(32, whole)));
        break;
      case ScalarType.FIXED64:
      case ScalarType.SFIXED64:
        w.tag(no, WireType.Bit64).fixed64(BigInt.asUintN(64, whole));
        break;
      default:
        w.tag(no, WireType.Varint).uint64(BigInt.asUintN(64, whole));
    }
  }
}

/** If both peers agree, our writer must agree with them. Texts are compared by the messages in them. */
export async function compareWritten({ count, seed }: { count: number; seed: number }): Promise<Comparison> {
  const suite = suiteProtos();
  const set = create(FileDescriptorSetSchema, {
    file: [
      ...FILES.file,
      ...build({ "suite/test_messages_edition2023.proto": suite["suite/test_messages_edition2023.proto"] ?? "" }),
    ].filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i),
  });
  const registry = createFileRegistry(set);
  const messages = new Messages(registry, new Random(seed));
  const questions = Array.from({ length: count }, (_, i) => {
    const type = TYPES[i % TYPES.length] as string;
    return { operation: "to JSON", type, input: messages.of(registry.getMessage(type) as DescMessage) } as const;
  });
  const files = toBinary(FileDescriptorSetSchema, set);
  const [go, upb] = await Promise.all([goPeer(files)(questions), upbPeer(files)(questions)]);
  const failures: string[] = [];
  const disputed: string[] = [];
  let readable = 0;
  for (const [i, { type, input }] of questions.entries()) {
    const desc = registry.getMessage(type) as DescMessage;
    const write = jsonWriter(desc, registry);
    // Floats have many texts, and members any order.
    const read = (text: string): unknown =>
      JSON.parse(write(readJson(desc, text, { registry, ignoreUnknownFields: false })));
    const theirs = (decision: Decision | undefined): unknown =>
      decision === undefined || "error" in decision ? "refused" : read(decision.output.toString());
    const [ofGo, ofUpb] = [theirs(go[i]), theirs(upb[i])];
    if (ofGo !== "refused") readable++;
    const hex = Buffer.from(input).toString("hex");
    if (!isDeepStrictEqual(ofGo, ofUpb)) disputed.push(hex);
    else if (!isDeepStrictEqual(ofGo, written())) failures.push(`${type} ${hex}`);
    function written(): unknown {
      let text: string;
      try {
        text = write(readMessage(desc, input));
      } catch {
        return "refused";
      }
      return read(text);
    }
  }
  return { compared: count, readable, failures, disputed };
}
