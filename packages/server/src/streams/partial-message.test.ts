import fc from "fast-check";
import { expect, test } from "vitest";
import * as ws from "ws";
import { PartialMessage } from "./partial-message.ts";

interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly length: number;
  readonly mask: boolean;
}
/** As `ws` writes it. */
const written = ({ length, ...frame }: Frame): Buffer =>
  Buffer.concat(
    (ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } }).Sender.frame(
      Buffer.alloc(length, 1),
      {
        readOnly: true,
        rsv1: false,
        ...frame,
      },
    ),
  );
const length = fc.oneof(fc.nat(200), fc.constantFrom(0, 125, 126, 65_535, 65_536), fc.nat(100_000));
const data = fc.record({ opcode: fc.constantFrom(0, 1, 2), fin: fc.boolean(), length, mask: fc.boolean() });
const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  fin: fc.constant(true),
  length: fc.nat(125),
  mask: fc.boolean(),
});

test("the incomplete message is known after every byte, with any control frames between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(data, control), { maxLength: 8 }),
      fc.infiniteStream(fc.nat(70_000)),
      (frames, cuts) => {
        const partial = new PartialMessage();
        const bytes = Buffer.concat(frames.map(written));
        for (let at = 0; at < bytes.length; ) {
          const end = at + 1 + (cuts.next().value ?? 0);
          partial.add(bytes.subarray(at, end));
          at = end;
        }
        const last = frames.findLastIndex(({ opcode, fin }) => opcode < 8 && fin);
        const open = frames.slice(last + 1).filter(({ opcode }) => opcode < 8);
        expect(partial.bytes).toBe(open.reduce((sum, item) => sum + item.length, 0));
      },
    ),
  );
});

test("the received part of a frame counts before the frame is complete", () => {
  const partial = new PartialMessage();
  const frame = written({ opcode: 1, fin: true, length: 1000, mask: true });
  partial.add(frame.subarray(0, 508));
  expect(partial.bytes).toBe(500);
  partial.add(frame.subarray(508));
  expect(partial.bytes).toBe(0);
});
