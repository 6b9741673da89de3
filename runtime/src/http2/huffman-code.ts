// The code of RFC 7541, appendix B. It is canonical: the lengths define it. Codes of one length increase with their
// symbols.
const LENGTHS = `
13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10
13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6
15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28
20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
30`;
/** The symbol behind the last byte: it ends what has no end, and is in no text. */
export const EOS = 256;

/** Symbol of the Huffman code of HPACK (RFC 7541, appendix B). */
interface HuffmanSymbol {
  /** A byte, or {@link EOS}. */
  readonly symbol: number;
  readonly code: number;
  /** Length of the code, in bits. */
  readonly length: number;
}

/** Returns all symbols, the shortest code first. */
export function huffmanSymbols(): HuffmanSymbol[] {
  const lengths = LENGTHS.trim().split(/\s+/).map(Number);
  const symbols = lengths.map((_, symbol) => symbol);
  symbols.sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  let code = 0;
  let before = 0;
  return symbols.map((symbol) => {
    const length = lengths[symbol] as number;
    code *= 2 ** (length - before);
    before = length;
    return { symbol, code: code++, length };
  });
}
