// Prints what protobuf-es does with input that Go's protobuf and Python's (upb) decide otherwise. See protobuf-es.md.
import {
  create,
  createFileRegistry,
  createRegistry,
  fromBinary,
  fromJson,
  fromJsonString,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  AnySchema,
  DescriptorProtoSchema,
  DoubleValueSchema,
  DurationSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FloatValueSchema,
  Int32ValueSchema,
  Int64ValueSchema,
  SourceContextSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";

const hex = (text) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const registry = createRegistry(DurationSchema);

/** An unset field of proto2, for which a compiler writes this default. */
function defaultOfBytes(defaultValue) {
  const { LABEL_OPTIONAL: label } = FieldDescriptorProto_Label;
  const field = [{ name: "blob", number: 1, label, type: FieldDescriptorProto_Type.BYTES, defaultValue }];
  const file = { name: "m.proto", syntax: "proto2", messageType: [{ name: "M", field }] };
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }), () => undefined);
  return Buffer.from(create(registry.getMessage("M")).blob).toString();
}

const CASES = {
  "a text where an int32 is declared": () => fromBinary(Int32ValueSchema, hex("0a 02 08 05")).value,
  "a varint where a text is declared": () => fromBinary(SourceContextSchema, hex("08 01 41")).fileName,
  "a submessage beyond its end": () => fromBinary(DescriptorProtoSchema, hex("12 01 0a 01 61")).field[0].name,
  "a packed list beyond its end": () => fromBinary(FileDescriptorProtoSchema, hex("52 01 80 01")).publicDependency,
  "a varint of more than 64 bits": () => fromBinary(Int64ValueSchema, hex("08 ff ff ff ff ff ff ff ff ff 7f")).value,
  "an Any with a value and without a type": () => toJson(AnySchema, create(AnySchema, { value: hex("08 01") })),
  "the URL of an Any": () =>
    fromJson(AnySchema, { "@type": "example.com/google.protobuf.Duration", value: "1s" }, { registry }).typeUrl,
  "an int64 as a number above 2^53": () => fromJsonString(Int64ValueSchema, "9007199254740993").value,
  "0x10 as an int32": () => fromJson(Int32ValueSchema, "0x10").value,
  "1e3 as an int64": () => fromJson(Int64ValueSchema, "1e3").value,
  "a number outside of doubles": () => fromJsonString(ValueSchema, "1e999").kind.value,
  "a float that is rounded": () => fromJson(FloatValueSchema, 0.1).value,
  "-0 as JSON": () => toJsonString(DoubleValueSchema, create(DoubleValueSchema, { value: -0 })),
  "February 30": () => toJson(TimestampSchema, fromJson(TimestampSchema, "2026-02-30T00:00:00Z")),
  "a default of bytes with quotes": () => defaultOfBytes(String.raw`say \"x\"`),
  "24:00": () => toJson(TimestampSchema, fromJson(TimestampSchema, "2026-01-01T24:00:00Z")),
};

for (const [title, run] of Object.entries(CASES)) {
  let result;
  try {
    result = run();
  } catch (error) {
    result = `${error.name}: ${error.message}`.slice(0, 90);
  }
  const shown = JSON.stringify(result, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  console.log(`${title}: ${shown ?? String(result)}`);
}
