import { type EngineBuffer, engineBuffer } from "../engine-buffer.ts";
import type { DynamicTable } from "./dynamic-table.ts";
import { ConnectionError, ErrorCode } from "./error-code.ts";
import { decodeHuffman } from "./hpack-huffman.ts";
import { STATIC_TABLE } from "./hpack-static-table.ts";

/**
 * Decodes a header block (RFC 7541).
 *
 * @param field called for each, in order; false: the rest is decoded only for the table's sake
 * @param table of the connection; undefined: the other end must use none, so each block stands alone
 * @throws ConnectionError for a malformed header block, or one that needs a missing dynamic table
 */
export function decodeHeaderBlock(
  data: Uint8Array,
  from: number,
  to: number,
  field: (name: string, value: string) => boolean,
  table?: DynamicTable,
): void {
  const block = new Block(data, from, to);
  let begun = false;
  let takesMore = true;
  while (block.more) {
    const byte = block.peek();
    if ((byte & 0xe0) === 0x20) {
      // A new size of the dynamic table, which is allowed only at the beginning.
      const bytes = block.integer(5);
      if (begun || !(table?.resize(bytes) ?? bytes === 0)) throw bad("a dynamic table");
      continue;
    }
    begun = true;
    let name: string;
    let value: string;
    if (byte >= 0x80) [name, value] = entry(block.integer(7), table);
    else {
      // Literals: with indexing, which is in vain where there is no table; without; never indexed.
      const index = block.integer(byte >= 0x40 ? 6 : 4);
      name = index === 0 ? block.text() : entry(index, table)[0];
      value = block.text();
      if (byte >= 0x40) table?.add(name, value);
    }
    takesMore &&= field(name, value);
    if (!takesMore && table === undefined) return;
  }
}

function entry(index: number, table: DynamicTable | undefined): readonly [name: string, value: string] {
  const found = STATIC_TABLE[index - 1] ?? table?.entry(index - 1 - STATIC_TABLE.length);
  if (found === undefined) throw bad(`entry ${index} of a table that has none`);
  return found;
}
const bad = (reason: string): ConnectionError =>
  new ConnectionError(ErrorCode.COMPRESSION_ERROR, `a header with ${reason}`);

class Block {
  readonly #data: EngineBuffer;
  readonly #to: number;
  #at: number;

  constructor(data: Uint8Array, from: number, to: number) {
    this.#data = engineBuffer(data);
    this.#at = from;
    this.#to = to;
  }
  get more(): boolean {
    return this.#at < this.#to;
  }
  peek(): number {
    if (this.#at >= this.#to) throw bad("its end missing");
    return this.#data[this.#at] as number;
  }
  /** @param bits how many of the first byte belong to it */
  integer(bits: number): number {
    const mask = (1 << bits) - 1;
    let value = this.peek() & mask;
    this.#at++;
    if (value < mask) return value;
    // Three more bytes make two million: more than any block has bytes.
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw bad("too large a number");
  }
  text(): string {
    const huffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const from = this.#at;
    const end = from + length;
    if (end > this.#to) throw bad("its end missing");
    this.#at = end;
    const text = huffman ? decodeHuffman(this.#data, from, end) : this.#data.latin1Slice(from, end);
    if (text === undefined) throw bad("a broken text");
    return text;
  }
}
