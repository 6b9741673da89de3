// Reads texts in Huffman's code.
import { engineBuffer } from "../engine-buffer.ts";
import { EOS, huffmanSymbols } from "./huffman-code.ts";

/**
 * The tree of the code, walked four bits at a time: for each inner node (the root is 0) and each four bits, the node they lead to, and
 * the symbol that they complete, if they do. No code is shorter than five bits, so they never complete two.
 */
const NODES = 256;
const NEXT = new Uint8Array(NODES * 16);
const SYMBOL = new Int16Array(NODES * 16).fill(-1);
const BAD = -2;
/** Whether a text may end at a node: after fewer than eight bits, all of them 1. */
const END = new Uint8Array(NODES);

function build(): void {
  const children: [number, number][] = [[0, 0]]; // a node; ~symbol; 0: none yet
  for (const { symbol, code, length } of huffmanSymbols()) {
    let node = 0;
    for (let bit = length - 1; bit >= 0; bit--) {
      const side = Math.floor(code / 2 ** bit) % 2;
      const pair = children[node] as [number, number];
      if (bit === 0) pair[side] = ~symbol;
      else {
        if (pair[side] === 0) pair[side] = children.push([0, 0]) - 1;
        node = pair[side] as number;
      }
    }
  }
  for (let from = 0; from < NODES; from++) {
    for (let bits = 0; bits < 16; bits++) {
      let node = from;
      for (let bit = 3; bit >= 0; bit--) {
        const child = (children[node] as [number, number])[(bits >> bit) & 1] as number;
        if (child < 0) SYMBOL[from * 16 + bits] = ~child === EOS ? BAD : ~child;
        node = Math.max(child, 0);
      }
      NEXT[from * 16 + bits] = node;
    }
  }
  for (let node = 0, bits = 0; bits < 8; bits++) {
    END[node] = 1;
    node = (children[node] as [number, number])[1] as number;
  }
}
build();

let scratch = engineBuffer(Buffer.allocUnsafe(1 << 12));

/** Decodes to a text of characters below 256; undefined for what the code does not make. */
export function decodeHuffman(data: Uint8Array, from: number, to: number): string | undefined {
  const most = Math.ceil(((to - from) * 8) / 5);
  if (scratch.length < most) scratch = engineBuffer(Buffer.allocUnsafe(most));
  let node = 0;
  let length = 0;
  for (let i = from; i < to; i++) {
    const byte = data[i] as number;
    for (let bits = byte >> 4, half = 0; half < 2; bits = byte & 15, half++) {
      const step = node * 16 + bits;
      const symbol = SYMBOL[step] as number;
      if (symbol >= 0) scratch[length++] = symbol;
      else if (symbol === BAD) return undefined;
      node = NEXT[step] as number;
    }
  }
  return END[node] === 1 ? scratch.latin1Slice(0, length) : undefined;
}
