// Masks that clients select, compared with protobuf-java and fmutils: PROTOBFF_WITHOUT_JAVA=1 and PROTOBFF_WITHOUT_GO=1
// leave these out.
import { create, type DescField, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { select } from "../../../client/src/select.ts";
import { numbers, randomMessage } from "../../support/random-message.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { type AnySelection, anySelection } from "../../support/selections.ts";
import { PageSchema as desc } from "./pages.ts";
import { FieldMaskUtil, WITHOUT_JAVA } from "./references/field-mask-util.ts";
import { Fmutils, WITHOUT_GO } from "./references/fmutils.ts";

const COUNT = Number(process.env.PROTOBFF_SELECT ?? 3_000);
const seed = Number(seedOf("PROTOBFF_SELECT_SEED"));

type Values = Message & Record<string, unknown>;
const mapped = (values: unknown, of: (value: Message) => Message): unknown =>
  Object.fromEntries(Object.entries(values as Record<string, Message>).map(([key, value]) => [key, of(value)]));

/** The selected fields of a message, by their names in TypeScript. */
function projected(desc: DescMessage, message: Message, selection: AnySelection): Message {
  const [from, to] = [message as Values, create(desc) as Values];
  for (const [name, below] of Object.entries(selection)) {
    const field = desc.fields.find(({ localName }) => localName === name)!;
    const oneof =
      field.oneof === undefined ? undefined : (from[field.oneof.localName] as { case?: string; value?: unknown });
    const value = oneof === undefined ? from[name] : oneof.case === name ? oneof.value : undefined;
    if (value === undefined) continue;
    const one = (value: Message): Message =>
      below === true || below === "*" || field.message === undefined ? value : projected(field.message, value, below);
    const kept =
      field.fieldKind === "map" ? mapped(value, one) : Array.isArray(value) ? value.map(one) : one(value as Message);
    to[field.oneof?.localName ?? name] = oneof === undefined ? kept : { case: name, value: kept };
  }
  return to;
}

test.skipIf(WITHOUT_GO)(
  `fmutils trims ${COUNT} messages to the fields that are selected, by masks of select`,
  async () => {
    const trimmer = new Fmutils();
    const random = numbers(seed);
    const trimmed = fc.sample(anySelection(desc), { seed, numRuns: COUNT }).map(async ({ selection }) => {
      const message = randomMessage(desc, random);
      const { paths } = select(desc, selection).mask;
      const answer = await trimmer.trimmed(desc, toBinary(desc, message), paths);
      const expected = toBinary(desc, projected(desc, message, selection));
      expect(toBinary(desc, fromBinary(desc, answer)), `seed ${seed}: ${paths}`).toEqual(expected);
      return expected.length;
    });
    const lengths = await Promise.all(trimmed);
    await trimmer.close();
    expect(lengths.filter((length) => length > 0).length).toBeGreaterThan(COUNT / 2);
  },
  300_000,
);

test.skipIf(WITHOUT_JAVA)(
  `FieldMaskUtil accepts the paths of ${COUNT} selections without lists and maps`,
  async () => {
    const trimmer = new FieldMaskUtil();
    const single = ({ fieldKind }: DescField): boolean => fieldKind !== "list" && fieldKind !== "map";
    const masks = fc
      .sample(anySelection(desc, single), { seed, numRuns: COUNT })
      .map(({ selection }) => select(desc, selection).mask);
    // It has no `*`.
    const paths = masks.flatMap(({ paths }) => paths.map((path) => path.replace(/\.\*$/, "")));
    const valid = await Promise.all(paths.map((path) => trimmer.isValid(desc, path)));
    await trimmer.close();
    console.log(`seed ${seed}: ${paths.length} paths`);
    expect(paths.length).toBeGreaterThan(COUNT);
    expect(
      paths.filter((_, i) => !valid[i]),
      `seed ${seed}`,
    ).toEqual([]);
  },
  300_000,
);
