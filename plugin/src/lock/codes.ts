/** Diagnostics from a comparison of the run with the committed lock. One sentence each, for docs/diagnostics.md. */
export const CODES = {
  BFF901:
    "The lock is committed. With `CI=true` a missing one is an error and not written, because nothing would be compared.",
  BFF902:
    "The lock knows every use. With `CI=true` a use that it does not hold, or a use that is gone, is an error and not written, so that what is reviewed is what is used.",
  BFF903: "The lock is a document that this version can read, because it is what changes of upstreams are measured by.",
  BFF911: "What the BFF uses of an upstream is still there, because otherwise what clients get from it is gone.",
  BFF912:
    "What the BFF uses of an upstream still has its name. A renamed element is told as one change, with the new name to write.",
  BFF913:
    "What the BFF uses of an upstream still has its number, because the number is what stands on the wire: old and new servers would misread each other.",
  BFF914:
    "What the BFF uses of an upstream is still of its type: a field's, or a method's request and response. A type that happens to fit may still mean something else.",
  BFF915:
    "A field that the BFF uses is still singular, repeated or a map, because on the wire one may be read as the other and lose items.",
  BFF916:
    "A field that the BFF uses still has, or has not, presence of its own: whether it may be unset decides what clients are told.",
  BFF917: "A method that the BFF calls is still unary, because nothing else can be called.",
  BFF918:
    "A method that the BFF calls still has its idempotency level, because retries, hedging, caching and order rest on it.",
  BFF919: "A value that an upstream has added to an enum is mapped. Until then clients see the default in its place.",
  BFF920: "What the BFF uses of an upstream is not deprecated since, because what is deprecated goes away one day.",
  BFF921:
    "A method that is called over HTTP still has the path by which it is called, because servers that are running call the old one.",
  BFF922:
    "A field that the BFF uses still reads as the same value while it is unset. Servers leave it out where it has its default, and then mean what theirs is.",
  BFF923:
    "A field that is used of an upstream over HTTP, or of claims, still has its name in JSON, because there the name is what stands on the wire.",
  BFF924:
    "The lock has entries only for BFF files that exist. Generating removes the entries of a deleted or renamed file; with `CI=true` they are an error.",
} as const;

export type DriftCode = keyof typeof CODES;
