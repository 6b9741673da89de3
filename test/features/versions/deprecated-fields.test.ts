// Deprecated fields of random requests, compared with a walk by the reflection of @bufbuild/protobuf. The requests are
// those of googleapis, and messages of every shape with random deprecated fields.
import {
  clone,
  create,
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  type Message,
} from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { type DescriptorProto, FieldOptionsSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isDeprecated, markedFields } from "../../../plugin/src/resolve/model/marked-fields.ts";
import { DeprecatedFields } from "../../../runtime/src/endpoint/deprecated-fields.ts";
import { pick, type Random, randomMessage, seeded } from "../../bffs/second/random-message.ts";
import { PROTOS } from "../../proofs/codec/protos.ts";
import { build, provided } from "../../support/protos.ts";
import { googleapis } from "../rest/googleapis.ts";

const deprecatedFields = (input: DescMessage): readonly string[] | undefined => markedFields(input, isDeprecated);

/** A type around a message, with the first path of that type. */
type Outer = readonly { readonly typeName: string; readonly path: string }[];

/** Returns the paths of all deprecated fields that are set. */
function* walked(message: ReflectMessage, path = "", outer: Outer = []): Iterable<string> {
  const { typeName } = message.desc;
  const known = outer.findIndex((type) => type.typeName === typeName);
  const types = known < 0 ? [...outer, { typeName, path }] : outer.slice(0, known + 1);
  const here = types.at(-1)?.path ?? "";
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const at = `${here}${field.name}`;
    if (field.proto.options?.deprecated) yield at;
    if (field.fieldKind === "message") yield* walked(message.get(field), `${at}.`, types);
    else if (field.message !== undefined) {
      const items = [...(message.get(field) as Iterable<ReflectMessage | readonly [unknown, ReflectMessage]>)];
      for (const item of items) yield* walked("desc" in item ? item : item[1], `${at}[*].`, types);
    }
  }
}

/** Checks the paths of a message, as found and as listed by the plan. */
function expectSame(message: ReflectMessage): number {
  const all = [...new Set(walked(message))];
  const found = new DeprecatedFields(message.desc).of(message.message);
  if (all.length <= 20) expect([...found].sort()).toEqual(all.sort());
  else {
    expect(new Set(found).size).toBe(20);
    expect(all).toEqual(expect.arrayContaining([...found]));
  }
  const listed = deprecatedFields(message.desc) ?? [];
  expect(listed.length).toBeLessThanOrEqual(100);
  if (listed.length < 100) expect(listed).toEqual(expect.arrayContaining([...found]));
  return found.length;
}

/** Returns the same files with random deprecated fields. */
function marked(registry: FileRegistry, random: Random): FileRegistry {
  const share = 0.3 * random() ** 3;
  const set = create(FileDescriptorSetSchema, { file: [...registry.files].map(({ proto }) => proto) });
  const mark = ({ field, nestedType, options }: DescriptorProto): void => {
    for (const inner of nestedType) mark(inner);
    if (options?.mapEntry === true) return;
    for (const each of field) {
      if (random() >= share) continue;
      each.options ??= create(FieldOptionsSchema);
      each.options.deprecated = true;
    }
  };
  const copy = clone(FileDescriptorSetSchema, set);
  for (const { name, messageType } of copy.file) if (!name.startsWith("google/protobuf/")) messageType.forEach(mark);
  return createFileRegistry(copy);
}

const inputsOf = (registry: FileRegistry): DescMessage[] =>
  [...registry].flatMap((type) => (type.kind === "service" ? type.methods.map(({ input }) => input) : []));
const registryOf = (protos: Readonly<Record<string, string>>): FileRegistry =>
  createFileRegistry(create(FileDescriptorSetSchema, { file: [...build({ ...provided(protos), ...protos })] }));

test.each([
  ["googleapis", googleapis],
  ["messages of every shape", () => registryOf(PROTOS)],
])("a random request of %s has the fields that reflection finds", (_, open) => {
  const registry = open();
  let total = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seeded("deprecated fields", seed);
      const inputs = inputsOf(marked(registry, random));
      for (let i = 0; i < 5; i++) total += expectSame(randomMessage(pick(random, inputs), random, 1));
    }),
    { numRuns: Number(process.env.DEPRECATED_RUNS ?? 60) },
  );
  expect(total).toBeGreaterThan(10); // some hundreds as a rule, and 67 with an unlikely seed
});

test("requests of googleapis have the fields that Google marks", () => {
  const lists = inputsOf(googleapis()).flatMap((input) => {
    const paths = deprecatedFields(input);
    return paths === undefined ? [] : [[input.name, paths] as const];
  });
  expect(Object.fromEntries(lists)).toEqual({
    CreateSinkRequest: ["sink.output_version_format"],
    DeleteSchemaRevisionRequest: ["revision_id"],
    PullRequest: ["return_immediately"],
    Subscription: ["message_transforms[*].enabled"],
    Topic: ["message_transforms[*].enabled"],
    UpdateSinkRequest: ["sink.output_version_format"],
    UpdateSubscriptionRequest: ["subscription.message_transforms[*].enabled"],
    UpdateTopicRequest: ["topic.message_transforms[*].enabled"],
  });
  for (const input of inputsOf(googleapis()))
    for (let seed = 0; seed < 10; seed++) expectSame(randomMessage(input, seeded(input.typeName, seed)));
});

const NESTED = registryOf({
  "nested/v1/nested.proto": `syntax = "proto3";
package nested.v1;
message Tree { Tree left = 1; repeated Tree more = 2; Leaf leaf = 3; Plain plain = 4; }
message Leaf { string old = 1 [deprecated = true]; map<string, Tree> trees = 2; }
message Plain { Plain inner = 1; string text = 2; }
message Wide { ${Array.from({ length: 30 }, (_, i) => `bool old_${i} = ${i + 1} [deprecated = true];`).join(" ")} }
${Array.from({ length: 30 }, (_, i) => `message T${i} { T${i + 1} a = 1; T${i + 1} b = 2; }`).join("\n")}
message T30 { bool old = 1 [deprecated = true]; }
${Array.from({ length: 14 }, (_, i) => `message K${i} { ${Array.from({ length: 14 }, (_, to) => `K${to} k${to} = ${to + 1};`).join(" ")} ${i === 0 ? "bool old = 99 [deprecated = true];" : ""} }`).join("\n")}
`,
});
const nested = (name: string): DescMessage => {
  const desc = NESTED.getMessage(`nested.v1.${name}`);
  if (desc === undefined) throw new Error(`no ${name}`);
  return desc;
};
type Init = Record<string, unknown> | Message;
const found = (name: string, init: Init): readonly string[] =>
  new DeprecatedFields(nested(name)).of(create(nested(name), init));

test("a client cannot create paths by nesting a message", () => {
  const leaf = (inner: Record<string, unknown>): Message => create(nested("Leaf"), { old: "x", ...inner });
  const tree = (inner: Record<string, unknown>): Message => create(nested("Tree"), inner);
  let deep = tree({ leaf: leaf({}) });
  for (let i = 0; i < 50_000; i++)
    deep =
      i % 3 === 0
        ? tree({ left: deep })
        : i % 3 === 1
          ? tree({ more: [deep] })
          : tree({ leaf: leaf({ trees: { k: deep } }) });
  expect(found("Tree", deep)).toEqual(["leaf.old"]);
  expect(deprecatedFields(nested("Tree"))).toEqual(["leaf.old"]);
  expect(deprecatedFields(nested("Plain"))).toBeUndefined();
});

test("20 fields of a request are reported at most", () => {
  const all = Array.from({ length: 30 }, (_, i) => `old_${i}`);
  const init = Object.fromEntries(nested("Wide").fields.map(({ localName }) => [localName, true]));
  expect(found("Wide", init)).toEqual(all.slice(0, 20));
  expect(deprecatedFields(nested("Wide"))).toEqual(all);
});

test("the plan lists 100 paths at most, and visits few of the places of types that contain each other", () => {
  const far = Array.from({ length: 29 }).reduce<Record<string, unknown>>((inner) => ({ b: inner }), {
    a: { old: true },
  });
  expect(found("T0", far)).toEqual([`${"b.".repeat(29)}a.old`]);
  // None of a billion places is near.
  expect(deprecatedFields(nested("T0"))).toEqual([]);
  expect(deprecatedFields(nested("T25"))).toHaveLength(32);
  expect(deprecatedFields(nested("T22"))).toHaveLength(100);
  expect(deprecatedFields(nested("K1"))).toEqual(expect.arrayContaining(["k0.old", "k13.k0.old"]));
});
