import { TestAllTypesSchema } from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import { create, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { pruned } from "./prune.ts";
import { ALL_FIELDS, Selection } from "./selection.ts";

const desc = TestAllTypesSchema;

test.each([{ singleInt32: 1 }, { singleInt32: 1, singleBool: true }])(
  "unknown fields beside %j are selected with the whole message only",
  (init) => {
    const unknown = new BinaryWriter().tag(5_000, WireType.LengthDelimited).string("news").finish();
    const message = fromBinary(desc, Buffer.concat([toBinary(desc, create(desc, init)), unknown]));
    const selection = new Selection(new Map([["single_int32", ALL_FIELDS]]));
    const answer = pruned(desc, message, selection);
    expect(answer.$unknown).toBe(undefined);
    expect(toJson(desc, answer)).toEqual({ singleInt32: 1 });
    expect(message.$unknown).toHaveLength(1);
    expect(pruned(desc, message, ALL_FIELDS)).toBe(message);
  },
);
