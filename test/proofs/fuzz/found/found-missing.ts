// Findings in reads of fields that composed messages may lack.
import { type Found, item } from "./found-parts.ts";

const sub = `message Sub {
  option (bff.v1.message).let = { name: "x" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } };
  optional string n = 1 [(bff.v1.field).by = "x.name"];
  repeated string tags = 2 [(bff.v1.field).by = "x.tags"];
  map<string, string> texts = 3 [(bff.v1.field).by = "x.attributes"];
}
message Read { option (bff.v1.message) = {}; optional string n = 1 [(bff.v1.field).by = "args.a"]; bool b = 2 [(bff.v1.field).by = "ok(args.a)"]; }`;
const composed = (name: string, by = "args.id"): string =>
  `{ name: "${name}" compose: { message: "Sub" args: { name: "a" by: "${by}" } } }`;
const each = (name: string, rest: string): string =>
  `{ name: "${name}" supplementary: true each: { var: "it" max: 10 ${rest} } }`;

export const FOUND_MISSING: readonly Found[] = [
  {
    what: "the list of an `each` is missing, and nothing reads its items",
    sub,
    let: [
      composed("s"),
      each("t", `in: "s.tags" if: "args.flag" by: "args.id"`),
      each("u", `in: "s.tags" by: "args.id"`),
      each(
        "v",
        `in: "s.tags" key: "args.id" if: "!args.flag" compose: { message: "Read" args: { name: "a" by: "it" } }`,
      ),
    ],
    fields: [
      `Sub a = 1 [(bff.v1.field).by = "s"];`,
      `repeated string b = 2 [(bff.v1.field).by = "t"];`,
      `repeated string c = 3 [(bff.v1.field).by = "u"];`,
      `map<string, Read> d = 4 [(bff.v1.field).by = "v"];`,
      `bool e = 5 [(bff.v1.field).by = "ok(t)"];`,
    ],
  },
  {
    what: "a key outside of the items is a missing field",
    sub,
    let: [
      composed("s"),
      each("t", `in: "args.ids" key: "s.n" by: "it"`),
      each("u", `in: "args.ids" if: "s.n != 'a'" by: "it"`),
      each("v", `in: "args.ids" by: "s.n + it"`),
    ],
    fields: [
      `map<string, string> a = 1 [(bff.v1.field).by = "t"];`,
      `repeated string b = 2 [(bff.v1.field).by = "u"];`,
      `repeated string c = 3 [(bff.v1.field).by = "v"];`,
    ],
  },
  {
    what: "a test for missing fields prints the value of a name that it has bound",
    sub,
    let: [composed("s"), composed("t", "args.note")],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "[s, t].filter(c, cel.bind(m, s.texts, c.n in m ? m[c.n] : c.n) in args.ids).map(c, c.n)"];`,
      `optional string b = 2 [(bff.v1.field).by = "[s, t].map(c, cel.bind(m, c.texts, 'k' in m ? m['k'] : c.n) != 'a', c.n).first().orValue('none')"];`,
    ],
  },
  {
    what: "arguments of composed items read fields of the items",
    sub,
    let: [
      composed("s"),
      composed("t", "args.note"),
      each("u", `in: "[s, t]" compose: { message: "Read" args: { name: "a" by: "has(it.n) ? it.n : 'none'" } }`),
      each("v", `in: "[s, t]" compose: { message: "Read" args: { name: "a" by: "it.n" } }`),
    ],
    fields: [
      `repeated Read a = 1 [(bff.v1.field).by = "u"];`,
      `repeated Read b = 2 [(bff.v1.field).by = "v"];`,
      `bool c = 3 [(bff.v1.field).by = "ok(u)"];`,
    ],
  },
  {
    what: "a copy lacks the fields of its message",
    sub: `${sub} message SubCopy { option (bff.v1.message).alias = "Sub"; optional string m = 1 [(bff.v1.field).alias = "n"]; }`,
    let: [composed("s"), item("t")],
    fields: [
      `SubCopy a = 1 [(bff.v1.field).by = "s"];`,
      `optional string b = 2 [(bff.v1.field).by = "ok(s.n) ? s.n : t.name"];`,
      `bool c = 3 [(bff.v1.field).by = "has(s.n) && s.n == 'a'"];`,
      `optional string d = 4 [(bff.v1.field).by = "s.?n.orValue('none')"];`,
      `optional string e = 5 [(bff.v1.field).by = "s.n + t.name"];`,
    ],
  },
];
