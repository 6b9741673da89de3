// Writes header blocks in every form that RFC 7541 allows a client, chosen at random. They have Huffman codes or not,
// indices, and a dynamic table of changing size. Written for tests, without regard to speed.
import { pick, type Random } from "../../bffs/second/random-message.ts";

export type Field = readonly [name: string, value: string];

/**
 * Lengths of codes in RFC 7541, appendix B, from the space to the tilde. Among all other codes only NUL's is shorter
 * than the longest of these.
 */
const LENGTHS = [
  ...[6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  ...[13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13],
];
const SPACE = 32;
const CODES = new Map<number, string>();
{
  const symbols = LENGTHS.map((length, i) => ({ length, symbol: i + SPACE }));
  symbols.push({ length: 13, symbol: 0 });
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  let [code, before] = [0, 0];
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - before);
    before = length;
    CODES.set(symbol, code.toString(2).padStart(length, "0"));
    code++;
  }
}

/** @param text of printable ASCII */
export function huffman(text: string): Buffer {
  let bits = "";
  for (let i = 0; i < text.length; i++) bits += CODES.get(text.charCodeAt(i)) ?? "";
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from(bits.match(/.{8}/g)?.map((byte) => Number.parseInt(byte, 2)) ?? []);
}
export function integer(first: number, bits: number, value: number): Buffer {
  const full = (1 << bits) - 1;
  if (value < full) return Buffer.from([first | value]);
  const bytes = [first | full];
  let rest = value - full;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** Entries of the static table that requests are likely to use, by number. */
const STATIC: Readonly<Record<string, number>> = {
  ":authority": 1,
  ":method GET": 2,
  ":method POST": 3,
  ":method": 2,
  ":path /": 4,
  ":path": 4,
  ":scheme http": 6,
  ":scheme https": 7,
  ":scheme": 6,
  "accept-encoding": 16,
  "content-length": 28,
  "content-type": 31,
  cookie: 32,
  "user-agent": 58,
};
const STATIC_ENTRIES = 61;
const ENTRY_BYTES = 32;
/** Size of a table before the first update. */
const TABLE_BYTES = 4096;

export class HpackEncoder {
  readonly #random: Random;
  readonly #table: Field[] = [];
  #limit = TABLE_BYTES;
  #closed = false;
  #isAnnounced = true;

  constructor(random: Random) {
    this.#random = random;
  }
  /** Sets the size of the table to zero in the next block, and adds nothing to it from then on. */
  close(): void {
    this.#closed = true;
    this.#isAnnounced = false;
    this.#resize(0);
  }
  block(fields: readonly Field[]): Buffer {
    return Buffer.concat([...this.#updates(), ...fields.map((field) => this.#field(field))]);
  }

  #updates(): Buffer[] {
    if (!this.#isAnnounced) {
      this.#isAnnounced = true;
      return [integer(0x20, 5, 0)];
    }
    if (this.#closed || this.#random() < 0.9) return [];
    const sizes = this.#random() < 0.5 ? [0, TABLE_BYTES] : [Math.floor(this.#random() * (TABLE_BYTES + 1))];
    for (const size of sizes) this.#resize(size);
    return sizes.map((size) => integer(0x20, 5, size));
  }
  #resize(limit: number): void {
    this.#limit = limit;
    this.#evict(0);
  }
  #evict(more: number): void {
    const size = () => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + ENTRY_BYTES, 0);
    while (this.#table.length > 0 && size() + more > this.#limit) this.#table.pop();
  }
  #index(matches: (entry: Field) => boolean): number | undefined {
    const at = this.#table.findIndex(matches);
    return at < 0 ? undefined : STATIC_ENTRIES + 1 + at;
  }
  #field([name, value]: Field): Buffer {
    const whole = this.#index((entry) => entry[0] === name && entry[1] === value) ?? STATIC[`${name} ${value}`];
    if (whole !== undefined && this.#random() < 0.8) return integer(0x80, 7, whole);
    const named = this.#index((entry) => entry[0] === name) ?? STATIC[name];
    const index = named !== undefined && this.#random() < 0.8 ? named : 0;
    const indexing = !this.#closed && this.#random() < 0.5;
    const [first, bits] = indexing ? [0x40, 6] : [pick(this.#random, [0, 0x10]), 4];
    const parts = [integer(first, bits, index), ...(index === 0 ? [this.#text(name)] : []), this.#text(value)];
    if (indexing) {
      const bytes = name.length + value.length + ENTRY_BYTES;
      this.#evict(bytes);
      if (bytes <= this.#limit) this.#table.unshift([name, value]);
    }
    return Buffer.concat(parts);
  }
  #text(text: string): Buffer {
    if (this.#random() < 0.5) return Buffer.concat([integer(0, 7, text.length), Buffer.from(text, "latin1")]);
    const coded = huffman(text);
    return Buffer.concat([integer(0x80, 7, coded.length), coded]);
  }
}
