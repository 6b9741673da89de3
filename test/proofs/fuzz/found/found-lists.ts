// Findings in lists: items, their keys, and their degradations.
import { type Found, item, spare } from "./found-parts.ts";

export const FOUND_LISTS: readonly Found[] = [
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
    what: "fewer items than `min` make no call, so a failure that their requests read is no cause",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true each: { var: "it" in: "['x']" max: 10 partial: true min: 2 call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "ok(s) ? it : ''" } } } }`,
    ],
    fields: [`repeated Copy a = 1 [(bff.v1.field).by = "t"];`, `bool b = 2 [(bff.v1.field).by = "ok(s)"];`],
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
    what: "a failure has left items out of a list, and is asked about for each that is there",
    let: [spare("s"), `{ name: "t" supplementary: true each: { var: "it" in: "args.item.sizes" max: 10 by: "s.id" } }`],
    fields: [
      `repeated string a = 1 [(bff.v1.field).by = "t.map(e, ok(s) ? e : args.id)"];`,
      `repeated string b = 2 [(bff.v1.field).by = "ok(s) ? t : t.filter(e, e != '')"];`,
    ],
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
  {
    what: "a failure has decided what items are kept by, and another one that there is nothing to keep, or that the step fails",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true call: { method: "up.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "'a'" items: "items" key: "id" } } }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "failure(s).?code.orValue(0) == 7 ? it : args.id" by: "t.name" } }`,
      `{ name: "v" supplementary: true each: { var: "it" in: "['a']" max: 10 key: "!ok(s)" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'b'" } } } }`,
      `{ name: "w" supplementary: true each: { var: "it" in: "args.ids" max: 10 call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "ok(t) ? s.note : args.id" } } } }`,
    ],
    fields: [
      `map<string, string> a = 1 [(bff.v1.field).by = "u"];`,
      `optional bool b = 2 [(bff.v1.field).by = "ok(v)"];`,
      `repeated Copy c = 3 [(bff.v1.field).by = "w"];`,
    ],
  },
  {
    what: "items of a list that is not there read what the response waits for",
    let: [
      item("s"),
      item("t").replace('" call', '" if: "args.flag" call'),
      `{ name: "u" each: { var: "it" in: "t.tags" max: 10 by: "s.id" } }`,
    ],
    fields: [`repeated string a = 1 [(bff.v1.field).by = "u"];`],
  },
  {
    what: "a key is absent, and what is read beside that has been touched by a failure",
    let: [
      spare("s").replace('" supp', '" fallback: "up.v1.Item{}" supp'),
      `{ name: "t" supplementary: true if: "args.flag" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "t.name + s.id" by: "it" } }`,
      `{ name: "v" supplementary: true each: { var: "it" in: "args.ids" max: 10 if: "it != 'k'" key: "has(t.tags) ? s.id : it" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "it" } } } }`,
      `{ name: "w" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "t.name + s.id + it" compose: { message: "Sub" args: { name: "a" by: "it" } } } }`,
    ],
    fields: [
      `map<string, string> a = 1 [(bff.v1.field).by = "u"];`,
      `map<string, Copy> b = 2 [(bff.v1.field).by = "v"];`,
      `map<string, Sub> c = 3 [(bff.v1.field).by = "w"];`,
    ],
  },
  {
    what: "nothing reads a step, and a rule of its call, or a guard of what it composes, may fail the response",
    let: [
      spare("s", ` on_error: { on: NOT_FOUND fail: { code: ABORTED } }`),
      `{ name: "t" supplementary: true each: { var: "it" in: "args.ids" max: 10 compose: { message: "Sub" args: { name: "a" by: "it" } } } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "args.id"];`],
    sub: `message Sub {
  option (bff.v1.message) = { let: [
    { name: "x" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } },
    { guard: { if: "x.name == 'a'" fail: { code: PERMISSION_DENIED } } }
  ] };
  optional string n = 1 [(bff.v1.field).by = "args.a"];
}`,
  },
  {
    what: "what a failure has decided is asked of an upstream that does not have it",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true each: { var: "it" in: "args.ids" max: 10 call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "ok(s) ? it : args.id" } on_error: { ignore: true } } } }`,
      `{ name: "u" supplementary: true each: { var: "it" in: "args.ids" max: 10 call: { method: "up.v1.ItemService/BatchGetItems" batch: { name: "ids" by: "ok(s) ? it : 'y' + it" items: "items" key: "id" } } } }`,
    ],
    fields: [`repeated Copy a = 1 [(bff.v1.field).by = "t"];`, `repeated Copy b = 2 [(bff.v1.field).by = "u"];`],
  },
  {
    what: "a message registry that only a dropped expression reads",
    let: [item("s0")],
    fields: [`string f1 = 1 [(bff.v1.field).by = "cel.bind(b, dyn(s0) == dyn(args.item), s0.name)"];`],
  },
  {
    what: "a condition of a oneof's member that waits for a step and does not read it",
    let: [
      item("s0"),
      `{ name: "s1" supplementary: true by: "ok(s0) ? s0.note : args.id" }`,
      spare("s2", ` on_error: { on: NOT_FOUND fallback: "ok(s0) || ok(s1) ? up.v1.Item{} : s0" }`),
    ],
    fields: [
      `oneof pick { string m0 = 50 [(bff.v1.field) = { by: "s2.name" if: "ok(s0) || ok(s1)" }]; string m9 = 59 [(bff.v1.field) = { by: "'z'" default: true }]; }`,
    ],
  },
];
