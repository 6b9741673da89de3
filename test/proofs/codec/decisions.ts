// Unusual bytes of wire.v1.Everything, with the decision that Go's protobuf and Python's upb share.
// test/proofs/conformance/protobuf compares both.
import { record, varint, withLength } from "./damaged-bytes.ts";

export interface Case {
  readonly title: string;
  readonly bytes: Buffer;
  /** Field numbers and wire types of the unknown fields; "refused": the bytes are no message. */
  readonly unknown: readonly (readonly [number, number])[] | "refused";
  /** Fields that are set. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const text = (value: string): Buffer => withLength(Buffer.from(value));
const field = (number: number, wireType: number, ...data: readonly Uint8Array[]): Buffer =>
  record(number, wireType, Buffer.concat(data));
const message = (number: number, ...fields: readonly Uint8Array[]): Buffer =>
  record(number, 2, withLength(Buffer.concat(fields)));
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(" ", ""), "hex");

const INT32 = 3;
const STRING = 14;
const BYTES = 15;
const LIST_INT32 = 43;
const LIST_STRING = 54;
const BY_INT32 = 61; // map<int32, string>
const BY_STRING = 72; // map<string, string>
const BY_LEAF = 75; // map<int32, Leaf>
const COLOR = 81;
const LEAF = 84;
const LEAVES = 87;
const STRING_WRAPPER = 108;
const OLD = 113;
const WITH_STRUCT = 115;

export const CASES: readonly Case[] = [
  // another wire type
  {
    title: "a text in an int32, whose content looks like a field",
    bytes: field(INT32, 2, withLength(Buffer.concat([field(STRING, 2, text("admin"))]))),
    unknown: [[INT32, 2]],
  },
  { title: "a number in a text", bytes: field(STRING, 0, varint(5)), unknown: [[STRING, 0]] },
  { title: "a number in bytes", bytes: field(BYTES, 5, hex("01000000")), unknown: [[BYTES, 5]] },
  { title: "a text in an enum", bytes: field(COLOR, 2, text("RED")), unknown: [[COLOR, 2]] },
  { title: "a number in a message", bytes: field(LEAF, 0, varint(7)), unknown: [[LEAF, 0]] },
  { title: "a number in a list of messages", bytes: field(LEAVES, 0, varint(7)), unknown: [[LEAVES, 0]] },
  { title: "a number in a list of texts", bytes: field(LIST_STRING, 0, varint(7)), unknown: [[LIST_STRING, 0]] },
  {
    title: "fixed bytes in a list of varints",
    bytes: field(LIST_INT32, 5, hex("01000000")),
    unknown: [[LIST_INT32, 5]],
  },
  { title: "a number in a map", bytes: field(BY_STRING, 0, varint(7)), unknown: [[BY_STRING, 0]] },
  { title: "a number in a wrapper", bytes: field(STRING_WRAPPER, 0, varint(7)), unknown: [[STRING_WRAPPER, 0]] },
  { title: "a number in a proto2 message", bytes: field(OLD, 0, varint(7)), unknown: [[OLD, 0]] },
  { title: "a number in a Struct's message", bytes: field(WITH_STRUCT, 0, varint(7)), unknown: [[WITH_STRUCT, 0]] },
  {
    title: "a group in an int32",
    bytes: Buffer.concat([field(INT32, 3, field(1, 0, varint(1))), hex("1c")]),
    unknown: [[INT32, 3]],
  },
  {
    title: "a list that is packed though declared without",
    bytes: field(56, 2, withLength(hex("0102"))),
    unknown: [],
    fields: { fUnpacked: [1, 2] },
  },
  {
    title: "another wire type inside a message",
    bytes: message(LEAF, field(1, 0, varint(1)), field(3, 0, varint(2))),
    unknown: [],
    fields: { leaf: { n: 2 } },
  },
  // ends
  { title: "a message longer than the bytes", bytes: hex("a2 05 04 18 01"), unknown: "refused" },
  {
    title: "a text longer than its message",
    bytes: Buffer.concat([hex("a2 05 02 0a 05"), Buffer.from("abcde")]),
    unknown: "refused",
  },
  { title: "a number longer than its message", bytes: hex("a2 05 02 18 80 01"), unknown: "refused" },
  { title: "a number longer than its packed list", bytes: hex("da 02 01 80 01"), unknown: "refused" },
  { title: "fixed numbers longer than their packed list", bytes: hex("ca 02 03 01 02 03 04"), unknown: "refused" },
  {
    title: "a value longer than its entry",
    bytes: Buffer.concat([message(BY_INT32, hex("08 01 12 05 61 62")), hex("18 01 18")]),
    unknown: "refused",
  },
  { title: "a wrapper's text longer than it", bytes: hex("e2 06 02 0a 05 61 62 63 64 65"), unknown: "refused" },
  { title: "a group without an end", bytes: hex("7b 08 01"), unknown: "refused" },
  {
    title: "a group with another end",
    bytes: field(999, 3, field(1, 0, varint(1)), field(998, 4)),
    unknown: "refused",
  },
  { title: "the end of no group", bytes: field(999, 4), unknown: "refused" },
  { title: "a group whose text is longer than the message", bytes: hex("a2 05 04 1b 22 05 1c"), unknown: "refused" },
  // numbers
  { title: "a varint of eleven bytes", bytes: hex("20 80 80 80 80 80 80 80 80 80 80 01"), unknown: "refused" },
  {
    title: "a varint of ten bytes",
    bytes: hex("20 80 80 80 80 80 80 80 80 80 01"),
    unknown: [],
    fields: { fInt64: -(2n ** 63n) },
  },
  { title: "an overlong bool", bytes: hex("68 80 80 80 80 10"), unknown: [], fields: { fBool: true } },
  { title: "an int32 of 64 bits", bytes: hex("18 ff ff ff ff ff 01"), unknown: [], fields: { fInt32: -1 } },
  { title: "a length of 2^32", bytes: hex("72 80 80 80 80 10"), unknown: "refused" },
  { title: "a length of 2^32 and 1", bytes: hex("72 81 80 80 80 10 61"), unknown: "refused" },
  { title: "a message's length of 2^32", bytes: hex("a2 05 80 80 80 80 10"), unknown: "refused" },
  { title: "an overlong length", bytes: hex("72 81 80 80 80 80 00 61"), unknown: [], fields: { fString: "a" } },
  { title: "an overlong tag of five bytes", bytes: hex("98 80 80 80 00 05"), unknown: [], fields: { fInt32: 5 } },
  { title: "a tag above 2^32", bytes: hex("98 80 80 80 10 05"), unknown: "refused" },
  { title: "field 0", bytes: hex("00 05"), unknown: "refused" },
  { title: "wire type 6", bytes: hex("1e 05"), unknown: "refused" },
  { title: "wire type 7", bytes: hex("1f 05"), unknown: "refused" },
  // texts
  { title: "a text that is not UTF-8", bytes: hex("72 01 ff"), unknown: "refused" },
  { title: "a key that is not UTF-8", bytes: message(BY_STRING, hex("0a 01 ff")), unknown: "refused" },
  { title: "an unknown text that is not UTF-8", bytes: hex("ba 3e 01 ff"), unknown: [[999, 2]] },
  // again
  {
    title: "a message twice",
    bytes: Buffer.concat([message(LEAF, field(1, 2, text("a"))), message(LEAF, field(3, 0, varint(2)))]),
    unknown: [],
    fields: { leaf: { text: "a", n: 2 } },
  },
  {
    title: "a value of an entry twice",
    bytes: message(BY_LEAF, hex("08 01"), message(2, field(1, 2, text("a"))), message(2, field(3, 0, varint(2)))),
    unknown: [],
    fields: { byLeaf: { 1: { text: "a", n: 2 } } },
  },
  {
    title: "an entry without a value",
    bytes: message(BY_LEAF, hex("08 01")),
    unknown: [],
    fields: { byLeaf: { 1: {} } },
  },
  {
    title: "a key called __proto__",
    bytes: message(BY_STRING, field(1, 2, text("__proto__")), field(2, 2, text("a"))),
    unknown: [],
  },
  {
    title: "an unknown value of a closed enum",
    bytes: message(OLD, field(2, 0, varint(7))),
    unknown: [],
    fields: { old: {} },
  },
];
