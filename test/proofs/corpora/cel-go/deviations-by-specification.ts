// Deviations of cel-go from the specification.
import type { Deviation } from "./deviations.ts";
import { asMultiset, isWithDyn, numberTexts } from "./expressions/value-texts.ts";

export const BY_SPECIFICATION: readonly Deviation[] = [
  {
    name: "a key twice",
    reason: "cel-go keeps the last one.",
    spec: "langdef, Aggregate Values: It is an error to have duplicate keys or field names.",
    kinds: ["we-fail"],
    explains: ({ our }) => our.includes("a key is there twice"),
  },
  {
    name: "keys of other types",
    reason: "cel-go takes any value as a key, and finds it by the very same value only.",
    spec: "langdef, Values: map: associative arrays with int, uint, bool, or string keys.",
    kinds: ["we-fail", "strictly-refused", "go-panics"],
    explains: ({ our, go }, { our: { strict } }) =>
      our.includes("unsupported key type") ||
      /a map cannot have keys of type/.test(strict ?? "") ||
      /unhashable type/.test(go),
  },
  {
    name: "has of what has no fields",
    reason: "cel-go says false, or nothing for an optional selection.",
    spec: "langdef, Field Selection: In all other cases, has(e.f) evaluates to an error.",
    kinds: ["we-fail"],
    explains: ({ our }) => /no such field: \w+|only lists and maps have elements/.test(our),
  },
  {
    name: "has of an optional selection",
    reason: "has(x.?y.z) is a bool; cel-go gives an optional when x.?y is none.",
    spec: "cel-go's own type of it: bool.",
    kinds: ["value"],
    explains: ({ text, go }, held) => /has\(/.test(text) && held.go.type === "bool" && go.startsWith("opt:"),
  },
  {
    name: "an index into a dyn that holds nothing",
    reason:
      "The index of d[i] is evaluated, and may fail; cel-go looks at it only when there is something in the optional.",
    spec: "langdef, Evaluation: all functions but the logical operators are strict.",
    kinds: ["we-fail"],
    explains: ({ text, go }) => go === "opt:none" && /dyn\(.*none\(\)/.test(text) && text.endsWith("]"),
  },
  {
    name: "the order of a NaN and what is no number",
    reason: "cel-go asks for a NaN before it looks at the types, and says false of a bool or a text beside one.",
    spec: "langdef, Functions: If no overload matches, the runtime error no_matching_overload is raised.",
    kinds: ["we-fail"],
    explains: ({ text, our, go }) =>
      // inn.x is a NaN, and one is in inn.d.
      /these values have no order/.test(our) && go === "false" && /nan|0\.0\/0\.0|\binn\.[xd]\b/i.test(text),
  },
  {
    name: "macros over an empty text",
    reason: "cel-go goes over it as over an empty list.",
    spec: "langdef, Macros: the range of a comprehension is a list or a map.",
    kinds: ["we-fail"],
    explains: ({ our, go }) => /only lists and maps can be gone through/.test(our) && /^(\[\]|\{\})$/.test(go),
  },
  {
    name: "milliseconds of a duration",
    reason: "cel-go gives the whole duration in milliseconds.",
    spec: "langdef, getMilliseconds: Get the milliseconds from a timestamp or the milliseconds portion of the duration.",
    kinds: ["value"],
    explains: ({ text }) => /\.getMilliseconds\(\)/.test(text),
  },
  {
    name: "a duration's text and seconds go through a double",
    reason: "cel-go loses digits of long durations.",
    spec: "langdef, Type Conversions: string(google.protobuf.Duration) as protobuf's JSON, which is exact.",
    kinds: ["value"],
    explains: ({ text, go, our }) =>
      /string\(|getSeconds|format|All\{/.test(text) &&
      /\ds"|^int:/.test(our) &&
      Math.abs(Number(secondsOf(go)) - Number(secondsOf(our))) <= 1,
  },
  {
    name: "the text of a timestamp in another zone",
    reason: "cel-go keeps the offset that the timestamp was written with.",
    spec: "protobuf's JSON, which string(timestamp) is: Z-normalized.",
    kinds: ["value"],
    explains: ({ text, go, our }) =>
      /string\(|format|All\{/.test(text) && /\d\d:\d\d:\d\d/.test(our) && /[+-]\d\d:\d\d"/.test(go),
  },
  {
    name: "fractions of a second in texts",
    reason: "cel-go leaves zeros at the end out.",
    spec: "protobuf's JSON: 0, 3, 6 or 9 fractional digits.",
    kinds: ["value"],
    explains: ({ go, our }) =>
      go === our.replaceAll(/(\.\d*?)0+(?=[sZ]")/g, (_, kept: string) => (kept === "." ? "" : kept)),
  },
  {
    name: "times out of range in literals of messages",
    reason: "cel-go checks only what arithmetic and conversions give.",
    spec: "langdef, Overflow: Timestamp values are limited to the range of values which can be serialized as a string; Duration to an int64.",
    kinds: ["we-fail"],
    explains: ({ text, our }) => /(timestamp|duration) out of range/.test(our) && /(Timestamp|Duration)\{/.test(text),
  },
  {
    name: "the longest durations between timestamps",
    reason: "cel-go multiplies the seconds before it adds the nanoseconds, which overflows where the sum does not.",
    spec: "langdef, Overflow: an error only if the result does not fit.",
    kinds: ["go-fails"],
    explains: ({ go, our }) => /integer overflow/.test(go) && /^dur:-?922337203[67]\./.test(our),
  },
  {
    name: "the least duration, subtracted",
    reason: "cel-go adds the opposite, which the least duration has none of, though the difference is a timestamp.",
    spec: "langdef, Overflow: an error only if the result does not fit.",
    kinds: ["go-fails"],
    explains: ({ text, go, our }) =>
      /integer overflow/.test(go) && /^ts:/.test(our) && /-9223372036854775808/.test(text) && /ns/.test(text),
  },
  {
    name: "types of null and wrappers in lists and conditionals",
    reason:
      "cel-go's checker takes the type of the last, or the one that is not a wrapper, although null is among the values.",
    spec: "langdef, Gradual Type Checking: the type of null is assignable to messages and wrappers, not the other way round.",
    kinds: ["type", "we-refuse"],
    explains: (_, { go, our }) =>
      /\bnull\b|\(.*\btype\(/.test(go.type ?? "") ||
      /wrapper\(/.test(our.type ?? "") ||
      /wrapper\(/.test(go.type ?? ""),
  },
  {
    name: "the type of an optional selection of a dyn",
    reason: "cel-go's checker says dyn for d[?i], although it gives an optional.",
    spec: "cel-go's own documentation of optionals: [?] gives an optional.",
    kinds: ["type"],
    explains: (_, { go, our }) => /\bdyn\b/.test(go.type ?? "") && /optional_type\(dyn\)/.test(our.type ?? ""),
  },
  {
    name: "types of what a dyn holds",
    reason:
      "What comes out of a dyn is one; cel-go's checker takes it for what stands beside it, or for the first overload's, and is wrong about it when it is another.",
    spec: "langdef, Gradual Type Checking: for dyn the type is found out at run time.",
    kinds: ["type"],
    explains: ({ text }, { go, our, part }) =>
      part === undefined &&
      /\+|\.(first|last|or|orValue|slice|distinct|reverse|sort|flatten|unwrapOpt|transformMapEntry)\(|optional\.unwrap\(/.test(
        text,
      ) &&
      isWithDyn(our.type ?? "", go.type ?? ""),
  },
  {
    name: "any and dyn",
    reason:
      "A google.protobuf.Any is a dyn to both; which of the two names is shown where they meet depends on the order.",
    spec: "langdef, Protocol Buffer Data Conversion: Any: converted to the contained message type, or error.",
    kinds: ["type"],
    explains: (_, { go, our }) =>
      (go.type ?? "").replaceAll("any", "dyn") === (our.type ?? "").replaceAll("any", "dyn"),
  },
  {
    name: "the order of maps",
    reason: "Go's maps have none.",
    spec: "langdef, Macros: the order of a map's keys is not defined.",
    kinds: ["value"],
    explains: ({ go, our }) => asMultiset(go) === asMultiset(our),
  },
  {
    name: "zones that are none",
    reason: "Go's tzdata has files that are no zones, and cel-go takes offsets of one digit.",
    spec: 'langdef, Timezones: FixedTZ = ( "+" | "-" ) Digit Digit ":" Digit Digit.',
    kinds: ["we-fail"],
    explains: ({ text, our }) =>
      /no such time zone/.test(our) &&
      /['"](Local|Factory|posixrules|leapseconds|[+-]?\d?\d?:\d\d?|[+-]?\d:\d\d)['"]/.test(text),
  },
  {
    name: "numbers that only Go reads",
    reason: "strconv.ParseFloat takes underscores and hexadecimal mantissas, ParseBool T and F, ParseUint no plus.",
    spec: "langdef, double: a text in the form of a literal; bool: conformance tests name 1, t, true, TRUE, True.",
    kinds: ["we-fail", "go-fails"],
    explains: ({ our, go, text }) =>
      (/cannot become double/.test(our) && /['"][^'"]*(_|0[xX])[^'"]*['"]/.test(text)) ||
      (/cannot become bool/.test(our) && /['"][TF]['"]/.test(text)) ||
      (/uint\('\+/.test(text) && /'string' to 'uint'/.test(go)),
  },
  {
    name: "texts of bytes that are no UTF-8",
    reason: "cel-go's format makes a malformed string of them.",
    spec: "langdef, string: string(bytes): converts a byte sequence to a utf-8 string, errors for invalid code points.",
    kinds: ["we-fail"],
    explains: ({ our, go }) => /not UTF-8/.test(our) && /badstr/.test(go),
  },
  {
    name: "the greatest of nothing that has an order",
    reason: "cel-go 0.33 fails for NaN; IEEE 754 has NaN come out.",
    kinds: ["go-fails", "value"],
    explains: ({ text, go, our }) =>
      /math\.(greatest|least)/.test(text) && (/@m(ax|in)/.test(go) || /NaN|double:[08]0{15}/.test(our)),
  },
  {
    name: "texts of doubles",
    reason:
      "cel-go writes an exponent from 1e21 and below 1e-4 on, as %g does, we as JavaScript; both read back alike.",
    kinds: ["value"],
    explains: ({ text, go, our }) =>
      /string\s*\(|format|join|type\s*\(/.test(text) && numberTexts(go) === numberTexts(our) && go !== our,
  },
];

function secondsOf(text: string): string {
  return /(?:int:|")(-?\d+(?:\.\d+)?)/.exec(text)?.[1] ?? "NaN";
}
