/** What the committed lock can say against a run. One sentence each, for docs/diagnostics.md. */
export const CODES = {
  BFF901: "The lock is committed: with `CI=true` a missing one is an error, not written.",
  BFF902: "The lock knows every use: with `CI=true` a use that it does not hold is an error, not written.",
  BFF903: "The lock is a document that this version can read.",
  BFF911: "What the BFF uses of an upstream is still there.",
  BFF912: "What the BFF uses of an upstream still has its name.",
  BFF913: "What the BFF uses of an upstream still has its number.",
  BFF914: "What the BFF uses of an upstream is still of its type: a field's, or a method's request and response.",
  BFF915: "A field that the BFF uses is still singular, repeated or a map.",
  BFF916: "A field that the BFF uses still has, or has not, presence of its own.",
  BFF917: "A method that the BFF calls is still unary.",
  BFF918: "A method that the BFF calls still has its idempotency level: retries, hedging and order rest on it.",
  BFF919: "Warning: a value that an upstream has added to an enum is mapped.",
  BFF920: "Warning: what the BFF uses of an upstream is not deprecated since.",
} as const;

export type DriftCode = keyof typeof CODES;
