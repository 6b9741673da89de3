// Deviations that the specification leaves open, or that are documented for protobff.
import type { Deviation } from "./deviations.ts";
import { asMultiset, isWithDyn } from "./expressions/value-texts.ts";

export const BY_CHOICE: readonly Deviation[] = [
  {
    name: "equality across types of numbers",
    reason:
      "1 == 1u is taken (docs/expressions.md, Types); cel-go's checker wants dyn(1) == 1u. The same for lists, maps and types.",
    kinds: ["go-refuses"],
    explains: ({ go }) => /no matching overload for '_(==|!=)_'/.test(go),
  },
  {
    name: "functions of ours",
    reason:
      "sum and take are ours (docs/expressions.md), existsOne has one variable, too, and duration(5) is 5 seconds.",
    kinds: ["go-refuses", "go-fails"],
    explains: ({ go }) =>
      /undeclared reference to '(sum|take|existsOne|exists_one)'|for 'duration' applied to '\(int\)'|no such overload: duration\(int\)/.test(
        go,
      ),
  },
  {
    name: "format is checked at run time",
    reason: "cel-go's checker reads a format that is a literal; we fail at run time.",
    kinds: ["go-refuses"],
    explains: ({ go }, held) =>
      /formatting|string\.format|index \d+ out of range|unexpected end of string/.test(go) &&
      held.our.error !== undefined,
  },
  {
    name: "too many arguments of a format",
    reason: "cel-go overlooks them when the format or its arguments are not literals; it refuses them otherwise.",
    kinds: ["we-fail"],
    explains: ({ our }) => our.includes("format: too many arguments"),
  },
  {
    name: "math.greatest of literals that are no numbers",
    reason: "cel-go's macro refuses them; we fail at run time, as for other values.",
    kinds: ["go-refuses"],
    explains: ({ go }) => /math\.(greatest|least)\(\) (simple literal|invalid single)/.test(go),
  },
  {
    name: "cel-go's checker cannot tell",
    reason: "An optional entry of an open type, and a macro over an Any, which is a dyn.",
    spec: "langdef, Gradual Type Checking: dyn is assignable to any type.",
    kinds: ["go-refuses"],
    explains: ({ go }) =>
      /expected type 'optional_type\(_var\d+\)'|of type 'any' cannot be range of a comprehension/.test(go),
  },
  {
    name: "positions past the end",
    reason:
      "cel-go gives -1, or the size for an empty text; an index out of range is an error here (docs/expressions.md, Strings). From the very end lastIndexOf looks at the whole text; cel-go gives -1 there, too.",
    kinds: ["we-fail", "value"],
    explains: ({ text, our, go }) =>
      (/index out of range/.test(our) && /indexOf|lastIndexOf/i.test(text)) ||
      (/lastIndexOf\(/.test(text) && go === "int:-1" && /^int:\d+$/.test(our)),
  },
  {
    name: "line breaks in base64",
    reason:
      "Go's decoder leaves them out. RFC 4648, section 3.3: implementations MUST reject characters outside of the alphabet.",
    kinds: ["we-fail"],
    explains: ({ our }) => our.includes("not base64"),
  },
  {
    name: "elements of a dyn that is an optional",
    reason:
      "They are optionals, as those of an optional whose type is known. So they are in cel-go behind a name; behind a call or an index it fails.",
    kinds: ["go-fails"],
    explains: ({ go, our }) => /no such key/.test(go) && our.startsWith("opt:"),
  },
  {
    name: "messages as JSON",
    reason: "Giving a message to a Value, Struct or ListValue is an error here; its JSON takes an own field.",
    kinds: ["we-fail", "value", "go-fails"],
    explains: ({ text, our, go }) =>
      /that has no JSON|only a map is a JSON object|no message holds/.test(our) ||
      (/(FieldMask|g_fieldmask)/.test(text) && /value/.test(go)),
  },
  {
    name: "names of JSON",
    reason:
      "A map whose keys are no strings is refused by cel-go as JSON; protobuf's own JSON writes such keys as strings.",
    kinds: ["go-fails"],
    explains: ({ go }) =>
      /g_value|g_struct|on_value|_value value type|bad key type|conversion error for t\.\w+\.\w*(value|struct|any)/.test(
        go,
      ),
  },
  {
    name: "null for an Any",
    reason: "Packed as a null Value by cel-go, unset here; both read as null.",
    kinds: ["value"],
    explains: ({ go }) =>
      /any\(google\.protobuf\.Value msg:google\.protobuf\.Value\{null_value/.test(go) || /null_value/.test(go),
  },
  {
    name: "seconds of a duration as an int",
    reason: "int(duration) is documented to give seconds; cel-go gives nanoseconds.",
    kinds: ["value"],
    explains: ({ go, our }) =>
      /^int:-?\d+$/.test(our) &&
      /^int:-?\d+$/.test(go) &&
      BigInt(go.slice(4)) / 1_000_000_000n === BigInt(our.slice(4)),
  },
  {
    name: "the least int modulo -1",
    reason: "0, which is what it is; cel-go says that it overflows.",
    kinds: ["go-fails"],
    explains: ({ text, go }) => /%/.test(text) && /integer overflow/.test(go),
  },
  {
    name: "texts of doubles out of range",
    reason: "double('1e309') is infinity, as IEEE 754 rounds; an error in cel-go.",
    kinds: ["go-fails"],
    explains: ({ go, our }) => /'string' to 'double'/.test(go) && /double:[7f]ff0000000000000/.test(our),
  },
  {
    name: "zones of another tzdata",
    reason: "Rules before 1970 and in the future differ between releases, and between Go's and ICU's.",
    kinds: ["value"],
    explains: ({ text }) =>
      /\.get\w+\('(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Pacific|Etc|[A-Z])[^']*'\)/.test(text),
  },
  {
    name: "more than nine digits of a fraction",
    reason: "Go cuts them off; protobuf's timestamps have nanoseconds.",
    kinds: ["we-fail", "strictly-refused"],
    explains: ({ text }) => /\.\d{10,}/.test(text),
  },
  {
    name: "negative zeros",
    reason:
      "Set in a field of protobuf-go, unset in one of protobuf-es; the sign of a zero that Math.max, Math.sign and its like give is open.",
    kinds: ["value"],
    explains: ({ text }) => /-0\.0|nzero|math\.(sign|round|ceil|trunc)|-\(?0\.0/.test(text),
  },
  {
    name: "zeros of timestamps and nothing in optionals",
    reason: "optional.ofNonZeroValue goes by the fields of a Timestamp; by Go's zero time, the year 1, in cel-go.",
    kinds: ["value"],
    explains: ({ text }) => /ofNonZeroValue/.test(text),
  },
  {
    name: "keys of uint and int in one map",
    reason: "A key of a map with keys of several types is known as int (docs/expressions.md, Agreement).",
    kinds: ["value", "type"],
    explains: ({ go, our }) =>
      /[{ ]uint:\d+=>/.test(go) &&
      /[{ ](?!uint:)[^{ ]+=>/.test(go) &&
      asMultiset(go.replaceAll("uint:", "int:")) === asMultiset(our.replaceAll("uint:", "int:")),
  },
  {
    name: "bindings take what fits for sure",
    reason:
      "A rule of a field takes what its type says that it holds (docs/language.md); a literal of a message in an expression takes a dyn.",
    kinds: ["we-refuse"],
    explains: ({ our }) => our === "the field does not take it",
  },
  {
    name: "null for a scalar field",
    reason:
      "An unset wrapper leaves a field unset that it is given to (docs/language.md, Presence); an error in cel-go.",
    kinds: ["go-fails"],
    explains: ({ go, our }) => /field type conversion error.*(null|NullValue)/.test(go) && /^msg:t\./.test(our),
  },
  {
    name: "a member of a oneof, or a field, twice",
    reason: "Refused: the first would be lost. cel-go refuses neither, nor a null beside another member.",
    spec: "langdef, Aggregate Values: It is an error to have duplicate keys or field names.",
    kinds: ["we-refuse"],
    explains: ({ our }) => our.startsWith("BFF312"),
  },
  {
    name: "names that hide functions",
    reason: "A variable of a macro named math or optional hides the functions math.abs, optional.of and so on.",
    spec: "langdef, Name Resolution: bound variables take precedence over names of the environment.",
    kinds: ["we-refuse"],
    explains: ({ our, text }) =>
      /there is no function/.test(our) && /\((math|optional|sets|lists|strings|base64),/.test(text),
  },
  {
    name: "enums made of ints",
    reason: "Not part of our language; the suites turn it on to compare what else there is.",
    kinds: ["go-refuses"],
    explains: ({ go }, { our: { strict } }) =>
      /undeclared reference to '[^']*E'/.test(go) && /^BFF307/.test(strict ?? ""),
  },
  {
    name: "a ListValue that is unset",
    reason:
      "A Value, a ListValue and an Any are passed on as they are, so that an unset one stays unset; both read as empty.",
    kinds: ["value"],
    explains: ({ go, our }) => go.includes("google.protobuf.ListValue{}") && our.length < go.length,
  },
  {
    name: "fields of maps whose keys are no strings",
    reason: "Refused, since no key is found so; cel-go fails at run time.",
    kinds: ["we-refuse"],
    explains: ({ our }) => /^BFF305 (optional\()?map\(.*has no fields/.test(our),
  },
  {
    name: "types that are left open",
    reason:
      "Of an empty literal cel-go takes the first overload's type, or what an extension's macro says: all of them fit.",
    kinds: ["type", "go-refuses"],
    explains: ({ text, go }, held) =>
      (/math\.(greatest|least|sign|abs)/.test(text) &&
        /^[^ ]*\bdouble\b|\(double|no matching overload for .*\bdouble\b/.test(held.go.type ?? go)) ||
      (/\{\}|\[\]|none\(\)/.test(text) &&
        (isWithDyn(held.go.type ?? "", held.our.type ?? "") || isWithDyn(held.our.type ?? "", held.go.type ?? ""))) ||
      (/\.sortBy\(/.test(text) && held.go.type === "list(int)" && held.our.type === "list(dyn)") ||
      (/^(list|map)\(dyn/.test(held.go.type ?? "") && held.our.type === "dyn") ||
      /invalid qualifier type/.test(go),
  },
  {
    name: "patterns that RE2 does not have",
    reason:
      "Go's regexp has got \\p{ASCII}, blanks in \\p{ L} and two groups of one name beyond RE2's syntax, which CEL names.",
    spec: "langdef, Regular Expressions: the syntax of RE2.",
    kinds: ["we-fail", "strictly-refused"],
    explains: ({ text, our }) => /not a pattern of RE2/.test(our) && /\\p\{|\(\?P?<(\w+)>.*\(\?P?<\1>/.test(text),
  },
  {
    name: "sure to fail",
    reason:
      "What is sure to be an error is refused, also in a branch that is not taken; an enum takes its own values only (docs/expressions.md).",
    kinds: ["strictly-refused"],
    explains: (_, { our: { strict } }) =>
      /^BFF(305 a map cannot|305 null [<>]=? null|305 (?:timestamp|duration)\(null\)|307|309|310|314|317|318|354)/.test(
        strict ?? "",
      ),
  },
  {
    name: "names in maps of numbers",
    reason: "Only a map with keys of type string has fields; cel-go looks for the name at run time, and fails.",
    kinds: ["we-refuse"],
    explains: (_, { our: { refused } }) =>
      /BFF305 (?:optional\()?map\((?!string,).* has no field "/.test(refused ?? ""),
  },
  {
    name: "null beside an optional",
    reason:
      "An optional without a value is optional.none(), never null (docs/language.md); cel-go takes null for both.",
    kinds: ["strictly-refused"],
    explains: (_, { our: { strict = "" } }) =>
      /^BFF(305|310|315) /.test(strict) &&
      /\bnull\b/.test(strict) &&
      /optional|optFlatMap|nothing but null/.test(strict),
  },
  {
    name: "has of x.?y",
    reason: "Whether it is there, as has(x.y); cel-go's macro does not take it.",
    kinds: ["go-refuses"],
    explains: ({ text, go }) => /invalid argument to has\(\) macro/.test(go) && text.includes(".?"),
  },
  {
    name: "keys that no map has",
    reason: "In an empty map literal there is no list, message or null, so that nothing is found; cel-go fails.",
    kinds: ["go-fails"],
    explains: ({ go, our }) => /invalid qualifier type/.test(go) && our === "opt:none",
  },
  {
    name: "types that cel-go does not find",
    reason:
      "Behind a name that is bound to a type its checker looks for a type of that name; and it has no wrappers as types.",
    kinds: ["go-refuses"],
    explains: ({ go }) => /reference to undefined type/.test(go),
  },
  {
    name: "cel-go dies",
    reason: "Compared Any, keys that Go cannot hash.",
    kinds: ["go-panics"],
    explains: () => true,
  },
];
