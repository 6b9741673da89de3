// What random cases have found and no golden shows, since a warning stands beside it: the steps and fields of a message.
import type { Case } from "./cases.ts";

interface Found {
  readonly what: string;
  /** Of its service. */
  readonly service?: string;
  readonly let: readonly string[];
  readonly fields: readonly string[];
}

const item = (name: string, more = ""): string =>
  `{ name: "${name}" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }${more} } }`;
const spare = (name: string, more = ""): string => item(name, more).replace('" call', '" supplementary: true call');

const FOUND: readonly Found[] = [
  {
    what: "a guard asks twice for what is read behind it",
    let: [
      `{ name: "s" if: "!args.flag" by: "args.item" }`,
      `{ guard: { if: "ok(s) && ok(s)" fail: { code: NOT_FOUND } } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "s.note"];`],
  },
  {
    what: "a guard asks for what a step needs",
    let: [
      `{ name: "s" if: "!args.flag" by: "args.item" }`,
      `{ guard: { if: "ok(s) || !args.flag" fail: { code: NOT_FOUND } } }`,
      `{ name: "t" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "s.id" } } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "t.name"];`],
  },
  {
    what: "a rule of on_error asks for what a later one reads",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "s.id" }
        on_error: [{ on: ANY if: "ok(s)" ignore: true }, { on: UNAVAILABLE if: "s.tags.size() == 1" fallback: "up.v1.Item{id: s.id}" }] } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "t.name"];`],
  },
  {
    what: "what an element is for is known beforehand",
    let: [spare("s")],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "args.ids.map(e, (1 == 2 ? cel.bind(b, s.note, e) : 'a'))"];`,
      `repeated string b = 2 [(bff.v1.field).by = "args.ids.map(e, e.size() > 2, (1 == 2 ? e : 'a'))"];`,
      `optional bool c = 3 [(bff.v1.field).by = "args.ids.exists(e, 1 == 2 ? e == 'a' : args.flag)"];`,
      `repeated string e = 5 [(bff.v1.field).by = "args.ids.map(e, up.v1.Item{id: args.id, ?note: 1 == 2 ? optional.of(e) : optional.none()}.id)"];`,
      `repeated string f = 6 [(bff.v1.field).by = "args.ids.map(e, [args.ids.filter(e, e != '')[0], 1 == 2 && e == 'a' ? e : 'b'][0])"];`,
      `repeated string d = 4 [(bff.v1.field).by = "args.ids.map(e, args.ids.filter(e, e != '')[0])"];`,
    ],
  },
  {
    what: "what is bound is read where nothing ever comes to",
    let: [spare("s")],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "cel.bind(b, args.id + args.id, 1 == 2 ? b + b : args.id)"];`,
      `optional string b = 2 [(bff.v1.field).by = "cel.bind(b, s.id + args.id, args.flag && ok(s) && !ok(s) ? b + b : args.id)"];`,
    ],
  },
  {
    what: "items are asked for a step that is never absent",
    let: [
      item("s"),
      spare("t"),
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "ok(s)" by: "ok(s) ? t.note : s.name" } }`,
    ],
    fields: [`repeated string a = 1 [(bff.v1.field).by = "u"];`],
  },
  {
    what: "a case is always the one, and a later one reads",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true switch: { case: [{ if: "args.flag" by: "s.note" }, { if: "true" by: "'b'" }, { if: "s.name == ''" by: "'c'" }] default: "s.id" } }`,
      `{ name: "u" supplementary: true switch: { case: [{ if: "true" by: "s.image_url" }, { if: "ok(s)" by: "'b'" }] default: "args.id" } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "t"];`, `optional string b = 2 [(bff.v1.field).by = "u"];`],
  },
  {
    what: "a condition that never holds asks for what is read",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true if: "ok(s) && false" call: { method: "up.v1.ItemService/GetItem" set: [{ name: "id" by: "s.id" }, { name: "locale" by: "s.note" if: "ok(s) && 1 == 2" }] } }`,
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "t.name"];`,
      `oneof one { string b = 2 [(bff.v1.field) = { by: "s.note" if: "ok(s) && false" }]; string c = 3 [(bff.v1.field) = { by: "s.note" if: "s.name == 'a' && false" }]; }`,
    ],
  },
  {
    what: "presence is asked for with a constant beside it",
    let: [
      item("s"),
      `{ name: "t" switch: { case: [{ if: "!has(s.note) || false" by: "(s.note != 'b' ? s.id : args.id) + args.id" }] } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "t"];`],
  },
  {
    what: "a comparison stands in a choice that is known",
    let: [
      `{ name: "s" supplementary: true if: "!(false ? true : args.id != 'b')" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id == 'a' ? args.id : 'x'" } } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "s.name"];`],
  },
  {
    what: "a oneof asks for the same twice",
    let: [spare("s")],
    fields: [
      `oneof one { string a = 1 [(bff.v1.field) = { by: "s.note" if: "ok(s)" }]; string b = 2 [(bff.v1.field) = { by: "args.id" if: "ok(s)" }]; string c = 3 [(bff.v1.field) = { by: "args.id" if: "ok(s) && args.flag" }]; }`,
    ],
  },
  {
    what: "a member asks whether it is true that a field is set, and a later one asks for that field",
    let: [],
    fields: [
      `oneof one {
        string a = 1 [(bff.v1.field) = { by: "args.id" if: "has(args.item.placeholder) == true" }];
        string b = 2 [(bff.v1.field) = { by: "has(args.item.placeholder) ? args.id : 'b'" }];
      }`,
    ],
  },
  {
    what: "a key, and a value beside it, read nothing of the item",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "s.name" by: "s.id" } }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "s.price_cents" partial: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "s.id" } } } }`,
    ],
    fields: [
      `map<string, string> a = 1 [(bff.v1.field).by = "t"];`,
      `map<int64, Copy> b = 2 [(bff.v1.field).by = "u"];`,
    ],
  },
  {
    what: "what entries are chosen by is known beforehand, or asks what is read of them",
    let: [spare("s")],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "args.item.attributes.transformList(k, v, false, s.image_url)"];`,
      `repeated string b = 2 [(bff.v1.field).by = "args.item.sizes_by_name.transformList(k, v, !has(s.note), s.note + k)"];`,
      `map<string, string> c = 3 [(bff.v1.field).by = "args.item.attributes.transformMap(k, v, false, s.image_url)"];`,
      `repeated string d = 4 [(bff.v1.field).by = "args.item.attributes.map(k, false, s.image_url)"];`,
      `repeated string e = 5 [(bff.v1.field).by = "args.item.attributes.transformList(k, v, k == 'a', k == 'b' ? v : s.id)"];`,
    ],
  },
  {
    what: "what is handed to a composition rests on another one, which it does not read itself",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true compose: { message: "Sub" args: { name: "a" by: "s.name" } } }`,
      `{ name: "u" supplementary: true if: "ok(t)" by: "args.id" }`,
      `{ name: "v" supplementary: true if: "args.flag" compose: { message: "Sub" args: { name: "a" by: "u" } } }`,
      `{ name: "w" supplementary: true compose: { message: "Sub" args: { name: "a" by: "string(failure(t).?code.orValue(0))" } } }`,
      `{ name: "y" supplementary: true each: { var: "it" in: "args.ids" max: 10 compose: { message: "Sub" args: { name: "a" by: "it + u" } } } }`,
    ],
    fields: [
      `Sub a = 1 [(bff.v1.field).by = "t"];`,
      `Sub b = 2 [(bff.v1.field).by = "v"];`,
      `Sub c = 3 [(bff.v1.field).by = "w"];`,
      `repeated Sub d = 4 [(bff.v1.field).by = "y"];`,
    ],
  },
  {
    what: "an argument is left out whose value would rest on a failure",
    let: [
      spare("s"),
      `{ name: "v" supplementary: true compose: { message: "Sub" args: { name: "a" by: "s.name" if: "args.flag" } } }`,
      `{ name: "w" supplementary: true each: { var: "it" in: "args.ids" max: 10 compose: { message: "Sub" args: { name: "a" by: "it + s.id" if: "args.flag" } } } }`,
    ],
    fields: [`Sub a = 1 [(bff.v1.field).by = "v"];`, `repeated Sub b = 2 [(bff.v1.field).by = "w"];`],
  },
  {
    what: "no item is chosen of what would rest on a failure, or none has a key for it",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "it == 'k'" by: "s.name + it" } }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "failure(s).hasValue() ? s.name : s.id" by: "it" } }`,
      `{ name: "v" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "it == 'k'" key: "it" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "s.name" } } } }`,
      `{ name: "w" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "it == 'k'" key: "s.name + it" by: "args.id" } }`,
      `{ name: "y" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "it == 'k'" key: "s.name + it" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "it" } } } }`,
    ],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "t"];`,
      `map<string, string> b = 2 [(bff.v1.field).by = "u"];`,
      `map<string, Copy> c = 3 [(bff.v1.field).by = "v"];`,
      `map<string, string> d = 4 [(bff.v1.field).by = "w"];`,
      `map<string, Copy> e = 5 [(bff.v1.field).by = "y"];`,
    ],
  },
  {
    what: "whether a call is made again does not rest on its error",
    let: [
      item("s", ` retry: { if: "headers['x-a'] == 'a'" }`),
      spare("t", ` retry: { attempts: 2 if: "headers['x-b'] != 'error'" }`),
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "s.name"];`,
      `optional string b = 2 [(bff.v1.field).by = "t.name"];`,
    ],
  },
  {
    what: "a guard never speaks, over a step that is computed before anything is asked",
    service: `let: { name: "v" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "headers['x-a']" } } }`,
    let: [
      `{ name: "s" supplementary: true fallback: "['x']" by: "args.ids" }`,
      `{ guard: { if: "!(ok(s)) && !(args.id == 'a') && (args.id == 'a')" fail: { code: NOT_FOUND } } }`,
    ],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "s"];`,
      `optional string b = 2 [(bff.v1.field).by = "v.name"];`,
    ],
  },
  {
    what: "a member's if rests on a step that has not run, for want of whose argument its value is absent",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true if: "args.flag" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "s.id" } } }`,
    ],
    fields: [
      `oneof one { string a = 1 [(bff.v1.field) = { by: "s.note" if: "t.name != 'a'" }]; string b = 2 [(bff.v1.field) = { by: "'z'" default: true }]; }`,
    ],
  },
  {
    what: "a failure has left items out of a list, and is asked about for each that is there",
    let: [spare("s"), `{ name: "t" supplementary: true each: { var: "it" in: "args.item.sizes" max: 10 by: "s.id" } }`],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "t.map(e, ok(s) ? e : args.id)"];`,
      `repeated string b = 2 [(bff.v1.field).by = "ok(s) ? t : t.filter(e, e != '')"];`,
    ],
  },
  {
    what: "a choice asks whether it is true that a step is there",
    let: [spare("s")],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "(!ok(s) == true) ? args.id : s.id"];`,
      `optional string b = 2 [(bff.v1.field).by = "false != ok(s) && s.note != 'b' ? s.id : args.id"];`,
    ],
  },
  {
    what: "the service composes what a message shows as it is",
    service: `let: { name: "v" compose: { message: "Sub" args: { name: "a" by: "headers['x-a']" } } }`,
    let: [],
    fields: [`Sub a = 1 [(bff.v1.field).by = "v"];`],
  },
  {
    what: "what items rest on is there, and a failure has decided that it is",
    let: [
      spare("s"),
      `{ name: "t" if: "!failure(s).hasValue() || args.flag" by: "args.item" }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 by: "it + t.id" } }`,
      `{ name: "v" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "t.id != it" key: "it" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "it" } } } }`,
      `{ name: "w" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "t.id != it" compose: { message: "Sub" args: { name: "a" by: "s.name" } } } }`,
    ],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "u"];`,
      `map<string, Copy> b = 2 [(bff.v1.field).by = "v"];`,
      `repeated Sub c = 3 [(bff.v1.field).by = "w"];`,
    ],
  },
];

const SUB = `message Sub {
  option (bff.v1.message).let = { name: "x" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } };
  optional string n = 1 [(bff.v1.field).by = "x.name"];
}`;

export const FOUND_CASES: readonly (Case & { readonly what: string })[] = FOUND.map((found, index) => {
  const folder = `f${index}`;
  const file = `${folder}/app.proto`;
  const text = `syntax = "proto3";
package ${folder}.app.v1;
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "up/v1/up.proto";
service PageService {
  option (bff.v1.service) = { ${found.service ?? ""} };
  rpc GetPage(GetPageRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetPageRequest { string id = 1; bool flag = 2; repeated string ids = 5; up.v1.Item item = 7; }
message Page {
  option (bff.v1.message) = { let: [
    ${found.let.join(",\n    ")}
  ] };
  ${found.fields.join("\n  ")}
  repeated bff.v1.Degradation degraded = 99;
}
message Copy { option (bff.v1.message).alias = "up.v1.Item"; string id = 1; }
${[found.service ?? "", ...found.let].some((text) => text.includes('message: "Sub"')) ? SUB : ""}
`;
  const protos = { [file]: text };
  return { what: found.what, index, base: { name: "found", protos }, folder, file, mutations: [], protos };
});
