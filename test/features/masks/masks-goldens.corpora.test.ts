// Unary rpcs of the goldens and recipes, a part of them in each run, with random masks: the answer is the whole one as fmutils trims it, with no
// other call. PROTOBFF_WITHOUT_GO=1 leaves this out.
import { type DescField, type DescMessage, fromBinary, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cookbook } from "../../pages/cookbook.ts";
import { goldenCases, requestOf, UPSTREAMS } from "../../support/golden.ts";
import { sampled } from "../../support/seed/sampled.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { anySelection } from "../../support/selections.ts";
import { together } from "../../support/together.ts";
import { type Answer, type MaskedRpc, maskedRpcs } from "./golden-bffs.ts";
import { Fmutils, WITHOUT_GO } from "./references/fmutils.ts";

const COUNT = Number(process.env.PROTOBFF_GOLDEN_MASKS ?? 65);
const seed = Number(seedOf("PROTOBFF_GOLDEN_MASKS_SEED"));
const counts = { rpcs: 0, masks: 0, saved: 0 };
const refused = new Map<string, string>();

async function hold(rpc: MaskedRpc, reference: Fmutils): Promise<void> {
  const whole = await rpc.answer("*").catch((thrown: unknown) => {
    if (thrown instanceof ConnectError) return undefined;
    throw thrown;
  });
  const reason = leftOut(rpc, whole);
  if (whole === undefined || reason !== undefined) return void refused.set(rpc.name, reason ?? "");
  const bytes = toBinary(rpc.output, whole.message);
  counts.rpcs++;
  for (const { paths } of fc.sample(anySelection(rpc.output, isComposed), { seed, numRuns: COUNT })) {
    const about = `seed ${seed}, ${rpc.name}, mask ${paths}`;
    rpc.renew();
    const part = await rpc.answer(paths.join());
    const trimmed = await reference.trimmed(rpc.output, bytes, paths);
    expect(composed(rpc, part.message), about).toEqual(composed(rpc, fromBinary(rpc.output, trimmed)));
    expect([...part.calls.difference(whole.calls)], about).toEqual([]);
    counts.masks++;
    counts.saved += whole.calls.size - part.calls.size;
  }
}
/** The reason for which fmutils cannot tell the answers of an rpc. */
function leftOut({ output }: MaskedRpc, whole: Answer | undefined): string | undefined {
  if (whole === undefined) return "its sample request fails";
  if (hasRequired(output)) return "its answer has required fields";
  if (!output.fields.some(isComposed)) return "its answer has no composed field";
  if (hasField(output, "hasOwnProperty")) return "protobuf-es writes no field of this name";
  return undefined;
}
/** No mask removes a field that proto2 requires. */
const hasRequired = (desc: DescMessage): boolean =>
  messagesIn(desc).some(({ fields }) =>
    fields.some(({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED),
  );
const hasField = (desc: DescMessage, name: string): boolean =>
  messagesIn(desc).some(({ fields }) => fields.some(({ localName }) => localName === name));
function messagesIn(desc: DescMessage, found: DescMessage[] = []): readonly DescMessage[] {
  if (found.includes(desc)) return found;
  found.push(desc);
  for (const { message } of desc.fields) if (message !== undefined) messagesIn(message, found);
  return found;
}
/** The runtime writes the others for every mask. */
const isComposed = ({ message }: DescField): boolean => message?.typeName.startsWith("bff.v1.") !== true;
function composed({ output, registry }: MaskedRpc, message: Message): object {
  const written = output.fields.filter((field) => !isComposed(field)).map(({ jsonName }) => jsonName);
  const all = Object.entries(toJson(output, message, { registry }) as object);
  return Object.fromEntries(all.filter(([name]) => !written.includes(name)));
}

describe.skipIf(WITHOUT_GO)(`${COUNT} masks for each rpc`, () => {
  let reference: Fmutils;
  beforeAll(() => {
    reference = new Fmutils();
  }, 300_000);
  afterAll(() => reference.close());

  const { recipes, upstreams } = cookbook();
  const all = sampled(
    [
      ...goldenCases("emit").map(({ name, protos }) => ({ name, protos, upstreams: UPSTREAMS })),
      ...recipes.map(({ name, protos }) => ({ name: `cookbook-${name}`, protos, upstreams })),
    ],
    3,
  );
  for (const of of [UPSTREAMS, upstreams])
    together(
      of,
      all.filter((entry) => entry.upstreams === of).map(({ protos }) => protos),
    );
  test.each(all)(
    "$name",
    async ({ name, protos, upstreams }) => {
      const texts = { ...upstreams, ...protos };
      for (const rpc of await maskedRpcs(name, requestOf({ protos }, upstreams), texts, refused))
        await hold(rpc, reference).finally(() => rpc.close());
    },
    3_600_000,
  );

  test("most rpcs can have a mask", () => {
    console.log(`seed ${seed}: ${counts.rpcs} rpcs, ${counts.masks} masks, ${counts.saved} calls saved`);
    for (const [rpc, reason] of refused) console.log(`${rpc} was left out: ${reason}`);
    expect(counts.rpcs).toBeGreaterThanOrEqual(30);
    // A tenth, because the rpcs differ with the seed: in one with many steps a mask saves five calls, in one with one step none.
    expect(counts.saved).toBeGreaterThan(counts.masks / 10);
  });
});
