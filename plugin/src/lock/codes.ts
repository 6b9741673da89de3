/** Diagnostics from a comparison of the run with the committed lock. Each code has its rule and the reason for it. */
export const CODES = {
  BFF569:
    "A value of an upstream enum has a counterpart in the copy, or is an `alias` of its default value. Otherwise clients see the default in its place. The run that first writes the enum into the lock reports this.",
  BFF901:
    "The lock is committed. With `CI=true` a missing lock is an error and is not written, because nothing would be compared.",
  BFF902:
    "The lock contains every use. With `CI=true` a use that the lock lacks, or an entry without a use, is an error. The lock is not written, so that a review sees each change.",
  BFF903:
    "The lock is a document that this version can read. Changes of upstreams are found by comparison with the lock.",
  BFF911: "An upstream still has each element that the BFF uses. Otherwise clients lose the data that comes from it.",
  BFF912:
    "An upstream element that the BFF uses still has its name. A renamed element is reported as one change, with the new name to write.",
  BFF913:
    "An upstream element that the BFF uses still has its number. Messages contain the number, so old and new servers would misread each other.",
  BFF914:
    "An upstream element that the BFF uses still has its type: the type of a field, or the request and response of a method. Another type may fit and still have another meaning.",
  BFF915:
    "A field that the BFF uses is still singular, repeated or a map, as before. A reader that expects another form may lose items.",
  BFF916:
    "A field that the BFF uses still has, or still lacks, presence. Presence decides whether clients see the value as unset.",
  BFF917:
    "A method that the BFF uses still has the same kind of streaming. A call needs a unary method, and following needs a method that returns a stream.",
  BFF918:
    "A method that the BFF calls still has its idempotency level, because retries, hedging, caching and order depend on it.",
  BFF919: "A value that an upstream has added to an enum is mapped. Until then clients see the default in its place.",
  BFF920:
    "An upstream element that the BFF uses has not become deprecated. Deprecated elements are removed in the end.",
  BFF921:
    "A method that is called over HTTP still has its HTTP method and path, because running servers call the old path.",
  BFF922:
    "A field that the BFF uses still has the same default: the declared one, or the first value of a closed enum. Servers leave out a field with its default value, and the receiver then uses another default.",
  BFF923:
    "A field that is used over HTTP, in claims or in messages that clients see still has its name in JSON. JSON contains the name.",
  BFF924:
    "The lock has entries only for BFF files that exist. Generating removes the entries of a deleted or renamed file. With `CI=true` such entries are an error.",
} as const;

/** Code of a diagnostic about a change since the lock was written, for example "BFF914". */
export type DriftCode = keyof typeof CODES;
