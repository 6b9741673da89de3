// Messages pruned by random masks, compared with fmutils and protobuf-java: PROTOBFF_WITHOUT_GO=1 and
// PROTOBFF_WITHOUT_JAVA=1 leave these out.
import { NestedTestAllTypesSchema } from "@bufbuild/cel-spec/cel/expr/conformance/proto3/test_all_types_pb.js";
import {
  create,
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { FieldTree } from "../../../runtime/src/selection/field-tree.ts";
import { FieldTypes } from "../../../runtime/src/selection/field-types.ts";
import { pruned } from "../../../runtime/src/selection/prune.ts";
import { numbers, randomMessage } from "../../support/random-message.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { PageSchema } from "./pages.ts";
import { FieldMaskUtil, WITHOUT_JAVA } from "./references/field-mask-util.ts";
import { Fmutils, WITHOUT_GO } from "./references/fmutils.ts";

const COUNT = Number(process.env.PROTOBFF_MASKS ?? 1_000);
const seed = Number(seedOf("PROTOBFF_MASKS_SEED"));
const DESCS = [PageSchema, NestedTestAllTypesSchema].map((desc: DescMessage) => [desc.name, desc] as const);

type Numbers = (below: number) => number;
const isSingle = ({ fieldKind }: DescField): boolean => fieldKind !== "list" && fieldKind !== "map";
const hasFields = ({ message }: DescField): boolean => message?.typeName.startsWith("google.protobuf.") === false;

/** @param single true for paths without fields of items and of values */
function randomPath(desc: DescMessage, random: Numbers, single: boolean): string {
  // Most fields have none.
  const containers = desc.fields.filter(hasFields);
  const fields = containers.length > 0 && random(2) === 0 ? containers : desc.fields;
  const field = fields[random(fields.length)];
  if (field === undefined) throw new Error(`${desc.typeName} has no fields`);
  const { name, message, fieldKind } = field;
  if (message === undefined || !hasFields(field)) return name;
  const end = random(8);
  if (end < 2) return end === 0 ? name : `${name}.*`;
  if (single && !isSingle(field)) return name;
  const star = fieldKind === "map" || (fieldKind === "list" && random(2) === 0);
  return `${name}.${star ? "*." : ""}${randomPath(message, random, single)}`;
}
const randomPaths = (desc: DescMessage, random: Numbers, single: boolean): string[] =>
  Array.from({ length: 1 + random(6) }, () => (random(100) === 0 ? "*" : randomPath(desc, random, single)));

function prunedBytes(desc: DescMessage, message: Message, paths: readonly string[]): Uint8Array {
  const [tree, types] = [new FieldTree(), new FieldTypes(desc, [])];
  for (const path of paths) tree.add(path, types);
  return toBinary(desc, pruned(desc, message, tree.root(types)));
}

async function agree(
  desc: DescMessage,
  reference: { trimmed(desc: DescMessage, message: Uint8Array, paths: readonly string[]): Promise<Uint8Array> },
  single: boolean,
): Promise<void> {
  const random = numbers(seed);
  let less = 0;
  const all = Array.from({ length: COUNT }, async () => {
    const [message, paths] = [randomMessage(desc, random), randomPaths(desc, random, single)];
    const bytes = toBinary(desc, message);
    const ours = prunedBytes(desc, message, paths);
    if (ours.length > 0 && ours.length < bytes.length) less++;
    const answer = await reference.trimmed(desc, bytes, paths);
    expect(ours, `seed ${seed}: ${paths}`).toEqual(toBinary(desc, fromBinary(desc, answer)));
    // The message itself is as before.
    expect(toBinary(desc, message)).toEqual(bytes);
  });
  await Promise.all(all);
  console.log(`seed ${seed}: ${COUNT} masks of ${desc.name}, of which ${less} select a part of the message`);
  expect(less).toBeGreaterThan(COUNT / 4);
}

test.skipIf(WITHOUT_GO).each(DESCS)(
  `${COUNT} messages of %s are pruned as by fmutils`,
  async (_, desc) => {
    const reference = new Fmutils();
    await agree(desc, reference, false).finally(() => reference.close());
  },
  300_000,
);
test.skipIf(WITHOUT_JAVA).each(DESCS)(
  `${COUNT} messages of %s are pruned as by FieldMaskUtil, without lists and maps`,
  async (_, desc) => {
    const reference = new FieldMaskUtil();
    await agree(desc, reference, true).finally(() => reference.close());
  },
  300_000,
);

test(`the header accepts ${COUNT} masks by the names that ProtoJSON gives them`, () => {
  const random = numbers(seed);
  const types = new FieldTypes(PageSchema, []);
  for (let i = 0; i < COUNT; i++) {
    const path = randomPath(PageSchema, random, false);
    const json = toJson(FieldMaskSchema, create(FieldMaskSchema, { paths: [path] }));
    const inProto = [path, String(json)].map((text) => new FieldTree().add(text, types));
    expect(inProto, `seed ${seed}`).toEqual([path, path]);
  }
});
