// Header blocks held against golang.org/x/net/http2/hpack, which is built with Go; PROTOBFF_WITHOUT_GO=1 says that there is none.
import { describe, expect, test } from "vitest";
import { DynamicTable } from "../../../runtime/src/http2/dynamic-table.ts";
import { decodeHeaderBlock } from "../../../runtime/src/http2/hpack-decoder.ts";
import { below, pick, type Random, seeded } from "../../bffs/second/random-message.ts";
import { seedOf } from "../../support/seed/seed.ts";
import { goDecoded, type Outcome } from "./hpack/go-hpack.ts";
import { type Field, HpackEncoder, integer } from "./hpack-encoder.ts";

const COUNT = Number(process.env.PROTOBFF_HPACK ?? 10_000);
const SEED = Number(seedOf("PROTOBFF_HPACK_SEED"));

const NAMES = [":path", ":authority", "cookie", "x-a", "x-b", "content-type", "x-longer-than-most-names", ""];
const printable = (random: Random, most: number): string =>
  Array.from({ length: below(random, most) }, () => String.fromCharCode(32 + below(random, 95))).join("");
const bytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: below(random, most) }, () => below(random, 256)));

function fields(random: Random): Field[] {
  const count = below(random, 8);
  const value = () => printable(random, pick(random, [3, 10, 30, 100, random() < 0.05 ? 5_000 : 300]));
  return Array.from({ length: count }, () => [pick(random, NAMES), pick(random, ["a", "b", value()])] as const);
}
function mangled(random: Random, block: Buffer): Buffer {
  const changed = Buffer.from(block);
  for (let left = below(random, 4); left > 0 && changed.length > 0; left--)
    changed[below(random, changed.length)] = below(random, 256);
  return random() < 0.2 ? changed.subarray(0, below(random, changed.length + 1)) : changed;
}
/** Representations put together at random. */
function odd(random: Random): Buffer {
  const index = () => pick(random, [0, 1, 15, 61, 62, 63, 70, 126, 127, 128, 200]);
  const text = () => {
    const content = bytes(random, 20);
    const length = random() < 0.9 ? content.length : below(random, 300);
    return Buffer.concat([integer(random() < 0.5 ? 0x80 : 0, 7, length), content]);
  };
  const parts = Array.from({ length: 1 + below(random, 5) }, () => {
    const kind = random();
    if (kind < 0.2) return integer(0x20, 5, pick(random, [0, 30, 31, 100, 4_095, 4_096, 4_097, 70_000]));
    if (kind < 0.5) return integer(0x80, 7, index());
    const [first, bits] = pick(random, [[0x40, 6] as const, [0, 4] as const, [0x10, 4] as const]);
    const named = random() < 0.5 ? index() : 0;
    return Buffer.concat([integer(first, bits, named), ...(named === 0 ? [text()] : []), text()]);
  });
  return Buffer.concat(parts);
}
function sequence(random: Random): Buffer[] {
  const encoder = new HpackEncoder(random);
  return Array.from({ length: 1 + below(random, 12) }, () => {
    const kind = random();
    if (kind < 0.85) return encoder.block(fields(random));
    if (kind < 0.93) return mangled(random, encoder.block(fields(random)));
    return kind < 0.97 ? odd(random) : bytes(random, 30);
  });
}

function ours(blocks: readonly Buffer[]): Outcome[] {
  const table = new DynamicTable();
  const outcomes: Outcome[] = [];
  for (const block of blocks) {
    const found: [string, string][] = [];
    try {
      decodeHeaderBlock(block, 0, block.length, (name, value) => found.push([name, value]) > 0, table);
      outcomes.push(found);
    } catch (error) {
      return [...outcomes, error instanceof Error ? error.message : String(error)];
    }
  }
  return outcomes;
}
/** It refuses a second new size in front, which RFC 7541, 4.2 asks for where the table was smaller in between. */
const LAXER = /dynamic table size update MUST occur at the beginning/;
/** Why we refuse what it accepts. */
const STRICTER: readonly RegExp[] = [
  /too large a number/, // it reads more digits than any length or index has
  /with a dynamic table$/, // a new size of it behind a header (RFC 7541, 4.2): it looks only where the table holds something
];

describe.skipIf(process.env.PROTOBFF_WITHOUT_GO === "1")("golang.org/x/net", () => {
  test(`${COUNT} random sequences of header blocks of seed ${SEED} decode to the same headers in both, or fail`, () => {
    const sequences = Array.from({ length: COUNT }, (_, i) => sequence(seeded(SEED, i)));
    const theirs = goDecoded(sequences);
    const counts = { blocks: 0, refused: 0, stricter: 0, laxer: 0 };
    const faults: string[] = [];
    for (const [i, blocks] of sequences.entries()) {
      for (const [at, result] of ours(blocks).entries()) {
        const other = theirs[i]?.[at];
        counts.blocks++;
        if (typeof result === "string" && typeof other === "string") counts.refused++;
        else if (typeof result === "string" && STRICTER.some((reason) => reason.test(result))) counts.stricter++;
        else if (typeof result !== "string" && typeof other === "string" && LAXER.test(other)) counts.laxer++;
        else if (JSON.stringify(result) !== JSON.stringify(other))
          faults.push(
            `${i}/${at}: ${blocks.slice(0, at + 1).map((block) => block.toString("hex"))}: ${result} | ${other}`,
          );
        else continue;
        break;
      }
    }
    console.log(`seed ${SEED}:`, counts);
    expect(faults.slice(0, 5)).toEqual([]);
    expect(counts.refused).toBeGreaterThan(COUNT / 100);
    expect(counts.stricter + counts.laxer).toBeLessThan(COUNT / 100);
  }, 300_000);
});
