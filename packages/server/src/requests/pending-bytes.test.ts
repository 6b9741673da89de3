// Holds docs/runtime.md#server
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Holder, PendingBytes } from "./pending-bytes.ts";

const KB = 1024;

function holders(pending: PendingBytes) {
  const gone: string[] = [];
  const holder = (name: string, clientAddress = "", connection = {}): Holder => ({
    clientAddress,
    connection,
    heldBytes: 0,
    holderSlot: 0,
    holderNumber: pending.nextNumber(),
    giveUp() {
      gone.push(name);
      pending.release(this);
    },
  });
  return { gone, holder };
}

describe("pending bytes", () => {
  test("over the limit the oldest large body is dropped, and small ones stay", () => {
    const pending = new PendingBytes(1000 * KB);
    const { gone, holder } = holders(pending);
    const [small, first, second, third] = ["small", "first", "second", "third"].map((name) => holder(name));
    for (const [holder, bytes] of [
      [small, 10],
      [first, 400],
      [second, 400],
    ] as const)
      pending.add(holder as Holder, bytes * KB);
    pending.add(third as Holder, 300 * KB);
    expect(gone).toEqual(["first"]);
    expect(pending.bytes).toBe(710 * KB);
    expect(pending.canceled).toBe(1);
  });

  test("among small bodies the oldest is dropped, and not the new one", () => {
    const pending = new PendingBytes(1000 * KB);
    const { gone, holder } = holders(pending);
    for (let i = 0; i < 16; i++) pending.add(holder(`slow ${i}`), 60 * KB);
    pending.add(holder("normal"), 50 * KB);
    expect(gone).toEqual(["slow 0", "slow 1", "slow 2"]); // an eighth is free again
  });

  test("the client with most bytes loses bodies, even if others are older or larger", () => {
    const pending = new PendingBytes(1000 * KB);
    const { gone, holder } = holders(pending);
    pending.add(holder("honest", "192.0.2.1"), 200 * KB);
    for (let i = 0; i < 9; i++) pending.add(holder(`attack ${i}`, "192.0.2.66"), 100 * KB);
    expect(gone).toEqual(["attack 0", "attack 1", "attack 2"]);
  });

  test("clients with equal bytes lose equally", () => {
    const pending = new PendingBytes(1000 * KB);
    const { gone, holder } = holders(pending);
    pending.add(holder("honest", "192.0.2.1"), 200 * KB);
    for (let i = 0; i < 8; i++) pending.add(holder(`attack ${i}`, `192.0.2.${66 + (i % 2)}`), 101 * KB);
    expect(gone).toEqual(["attack 0", "attack 1"]);
  });

  test("the largest connection of an address loses bodies", () => {
    const pending = new PendingBytes(1000 * KB);
    const { gone, holder } = holders(pending);
    pending.add(holder("honest"), 200 * KB);
    const connection = {};
    for (let i = 0; i < 9; i++) pending.add(holder(`attack ${i}`, "", connection), 100 * KB);
    expect(gone).toEqual(["attack 0", "attack 1", "attack 2"]);
  });

  test("a body larger than the limit is dropped itself", () => {
    const pending = new PendingBytes(100 * KB);
    const { gone, holder } = holders(pending);
    pending.add(holder("much"), 101 * KB);
    expect(gone).toEqual(["much"]);
    expect(pending.bytes).toBe(0);
  });

  test("the sum is exact, and never above the limit, for every sequence", () => {
    const step = fc.record({ who: fc.nat(20), more: fc.integer({ min: -40_000, max: 200_000 }), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const pending = new PendingBytes(500_000);
        const { holder } = holders(pending);
        const all = Array.from({ length: 21 }, (_, i) => holder(String(i), String(i % 3)));
        for (const { who, more, gone } of steps) {
          const holder = all[who] as Holder;
          if (gone) pending.release(holder);
          else if (more < 0) pending.remove(holder, -more);
          else pending.add(holder, more);
          expect(pending.bytes).toBe(all.reduce((sum, { heldBytes }) => sum + heldBytes, 0));
          expect(pending.bytes).toBeLessThanOrEqual(500_000);
        }
      }),
    );
  });
});
