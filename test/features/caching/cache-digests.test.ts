// Digests in the keys of response caches: they change with what an rpc is generated from, and with nothing else.
import { clone } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { compileCase, goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";

const golden = goldenCases("emit").find(({ name }) => name === "cached-answers");

function digestsWith(file: string, change: (proto: FileDescriptorProto) => void): readonly string[] {
  if (golden === undefined) throw new Error("no golden with caches");
  const request = requestOf(golden);
  const changed = (proto: FileDescriptorProto): FileDescriptorProto => {
    if (proto.name !== file) return proto;
    const copy = clone(FileDescriptorProtoSchema, proto);
    change(copy);
    return copy;
  };
  const protoFile = request.protoFile.map(changed);
  const sourceFileDescriptors = request.sourceFileDescriptors.map(changed);
  expect(protoFile.some(({ name }) => name === file)).toBe(true);
  const { response } = compileCase(
    { ...request, protoFile, sourceFileDescriptors },
    { ...UPSTREAMS, ...golden.protos },
  );
  return response.file.flatMap(({ content }) =>
    [...content.matchAll(/plan: "([\w-]{16})"/g)].map(([, digest = ""]) => digest),
  );
}
const rename = ({ messageType }: FileDescriptorProto): void => {
  for (const { field } of messageType) for (const each of field) each.jsonName = `${each.name}Other`;
};

test("declarations of options leave the digests as they are, and those of the BFF change them", () => {
  const before = digestsWith("bff/v1/options.proto", () => {});
  expect(before.length).toBeGreaterThan(0);
  expect(digestsWith("bff/v1/options.proto", rename)).toEqual(before);
  expect(digestsWith(Object.keys(golden?.protos ?? {})[0] ?? "", rename)).not.toEqual(before);
});
