// Found in steps, guards, fields and messages that are composed.
import { type Found, item, spare } from "./found-parts.ts";

export const FOUND_STEPS: readonly Found[] = [
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
    what: "a rule of on_error asks for what its text reads, beside one that asks for a code",
    let: [
      spare("s"),
      spare(
        "t",
        ` on_error: [
          { on: NOT_FOUND if: "error.code == 7 || args.flag" fail: { code: ABORTED } },
          { on: NOT_FOUND if: "ok(s)" fail: { code: ABORTED message: "{ok(s) ? s.name : args.id}" } },
          { if: "error.code == 14 && ok(s)" fallback: "up.v1.Item{id: s.name}" },
          { on: [NOT_FOUND, UNAVAILABLE] ignore: true }]`,
      ),
    ],
    // The inputs of the rules count as inputs of the step for a reader of the step alone.
    fields: [`optional string a = 1 [(bff.v1.field).by = "ok(s) ? t.name : t.note"];`],
  },
  {
    what: "one asks for a field, and again for it in what an optional holds then",
    let: [spare("s")],
    fields: [
      `Copy a = 1 [(bff.v1.field).by = "up.v1.Item{id: args.id, ?note: !(has(args.item.image_url)) ? optional.of(has(args.item.image_url) ? args.item.name : args.item.image_url) : optional.none()}"];`,
      `optional string b = 2 [(bff.v1.field).by = "(has(args.item.note) ? optional.none() : optional.of(args.item.note)).orValue('x')"];`,
      `optional string c = 3 [(bff.v1.field).by = "(s.name == 'a' ? optional.of(s.name == 'b' ? 'c' : 'd') : args.item.?note).orValue('x')"];`,
    ],
  },
  {
    what: "a guard asks for a caller, and holds without one, too",
    known: true,
    service: `let: { name: "v" supplementary: true call: { method: "up.v1.OrderService/GetOrder" set: { name: "id" by: "'a'" } } }`,
    let: [
      spare("s").replace("args.id", "v.id"),
      `{ guard: { if: "ok(principal) || args.flag || !ok(principal)" fail: { code: NOT_FOUND message: "no {args.id}" } } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "s.name"];`],
  },
  {
    what: "what the service composes is refused before the page has begun, whose guard would have called",
    service: `let: { name: "v" supplementary: true compose: { message: "Sub" args: { name: "a" by: "headers['x-a'] + 'a'" } } }`,
    let: [spare("s"), `{ guard: { if: "!ok(s) || s.name == 'b'" fail: { code: ABORTED } } }`],
    fields: [`Sub a = 1 [(bff.v1.field).by = "v"];`],
    sub: `message Sub {
  option (bff.v1.message).let = { guard: { if: "args.a == 'aa'" fail: { code: NOT_FOUND } } };
  optional string n = 1 [(bff.v1.field).by = "args.a"];
}`,
  },
  {
    what: "a step of the service is read for an argument that nobody reads",
    service: `let: [
      { name: "v" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "headers['x-a']" } } },
      { name: "w" supplementary: true compose: { message: "Sub" args: [{ name: "a" by: "'a'" }, { name: "b" by: "failure(v).hasValue()" }] } }
    ]`,
    let: [spare("s")],
    fields: [`Sub a = 1 [(bff.v1.field).by = "w"];`],
  },
  {
    what: "a value that may be unset is a step, with another such value as its fallback",
    let: [
      `{ name: "s" supplementary: true fallback: "up.v1.Item{label: 'a'}.label" by: "cel.bind(b, args.id, up.v1.Item{label: 'b'}.label)" }`,
    ],
    fields: [`optional bool a = 1 [(bff.v1.field).by = "ok(s)"];`],
  },
  {
    what: "an enum of a computed list is compared with a field of that enum",
    let: [spare("s")],
    fields: [
      `optional bool a = 1 [(bff.v1.field).by = "args.ids.map(i, s.kind).exists(e, s.kinds.exists(o, o == e))"];`,
      `optional bool b = 2 [(bff.v1.field).by = "args.ids.map(i, s.kind).exists(e, e == up.v1.Kind.KIND_FILM || e != 77)"];`,
    ],
  },
  {
    what: "a case is a map with an optional entry, and another one a map of the request",
    let: [
      spare("s"),
      `{ name: "t" supplementary: true switch: { case: [
        { if: "args.id != 'a'" by: "{args.ids[0]: 'b'}" },
        { if: "args.id != 'a'" by: "ok(s) ? {'a': args.note, ?'b': failure(s).?code.orValue(0) == 7 ? optional.of(args.id) : optional.none()} : args.item.attributes" },
        { if: "has(args.item.attributes)" by: "args.texts" }
      ] } }`,
    ],
    fields: [`map<string, string> a = 1 [(bff.v1.field).by = "t"];`],
  },
  {
    what: "what is null where it is not set is compared with null",
    let: [
      `{ name: "s" if: "args.flag" by: "args.item.label" }`,
      `{ name: "t" by: "args.item.label" }`,
      `{ name: "c" compose: { message: "Sub" args: { name: "a" by: "t" } } }`,
    ],
    fields: [
      `google.protobuf.StringValue a = 1 [(bff.v1.field).by = "s"];`,
      `optional bool b = 2 [(bff.v1.field).by = "t == null"];`,
      `optional bool c = 3 [(bff.v1.field).by = "t != 'a' ? true : t == 'b'"];`,
      `Sub d = 4 [(bff.v1.field).by = "c"];`,
      `google.protobuf.StringValue e = 5 [(bff.v1.field).by = "t"];`,
      `google.protobuf.StringValue f = 6 [(bff.v1.field).by = "args.flag ? t : s"];`,
      `google.protobuf.StringValue g = 7 [(bff.v1.field).by = "up.v1.Item{id: 'a', label: t}.label"];`,
    ],
    sub: `message Sub {
  optional bool n = 1 [(bff.v1.field).by = "args.a == null"];
  google.protobuf.StringValue o = 2 [(bff.v1.field).by = "args.a"];
}`,
  },
  {
    what: "what is null where it is not set comes out of a case, or stands in for a step",
    // The oracle differs for a null step with a fallback: known callers keep the oracle away.
    known: true,
    service: `let: { name: "v" supplementary: true fallback: "up.v1.Item{label: 'a'}.label" switch: { case: { if: "headers['x-a'] == 'a'" by: "up.v1.Item{label: 'a'}.label" } default: "up.v1.Item{}.label" } }`,
    let: [
      spare("s"),
      `{ name: "t" supplementary: true switch: { case: [{ if: "args.flag" by: "args.item.label" }, { if: "args.id == 'a'" by: "up.v1.Item{label: 'b'}.label" }, { if: "args.id == 'b'" by: "args.flag ? s.label : args.item.label" }] } }`,
      `{ name: "u" supplementary: true fallback: "up.v1.Item{label: 'c'}.label" by: "s.label" }`,
      `{ name: "w" if: "args.flag" fallback: "args.item.label" by: "[args.item][0].label" }`,
    ],
    fields: [
      `google.protobuf.StringValue a = 1 [(bff.v1.field).by = "t"];`,
      `google.protobuf.StringValue b = 2 [(bff.v1.field).by = "u"];`,
      `google.protobuf.StringValue c = 3 [(bff.v1.field).by = "v"];`,
      `google.protobuf.StringValue d = 4 [(bff.v1.field).by = "w"];`,
      `google.protobuf.StringValue e = 5 [(bff.v1.field).by = "(false ? s.label : args.item.label)"];`,
      `google.protobuf.StringValue f = 6 [(bff.v1.field).by = "(ok(s) ? s.label : args.item.label)"];`,
      `google.protobuf.StringValue g = 7 [(bff.v1.field).by = "(s.name == 'a' ? (s.name == 'b' ? s.label : args.item.label) : args.item.label)"];`,
      `optional bool h = 8 [(bff.v1.field).by = "t == null || u == 'a' || v != 'b'"];`,
      `optional string i = 9 [(bff.v1.field) = { resolver: true reads: { step: ["t", "u", "v", "w"] } }];`,
    ],
  },
  {
    what: "steps of the service need nothing of the request",
    service: `let: [{ name: "v" supplementary: true by: "{1: 'a'}" }, { name: "w" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'a'" } } }]`,
    let: [spare("s"), `{ name: "t" supplementary: true by: "!ok(s) ? v : v" }`],
    fields: [`map<int64, string> a = 1 [(bff.v1.field).by = "t"];`],
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
    what: "a composed message computes at once, where an if says so, what rests on an argument that a failure has touched",
    let: [
      spare("s"),
      `{ name: "t" compose: { message: "Sub" args: [{ name: "a" by: "ok(s) ? s.id : args.id" }, { name: "b" by: "args.flag" }] } }`,
    ],
    fields: [`Sub a = 1 [(bff.v1.field).by = "t"];`],
    sub: `message Sub {
  option (bff.v1.message) = { let: [
    { name: "x" if: "args.b" by: "args.a + 'x'" },
    { name: "y" if: "args.b" fallback: "'none'" by: "args.a + 'y'" }
  ] };
  optional string n = 1 [(bff.v1.field).by = "x"];
  string m = 2 [(bff.v1.field).by = "y"];
}`,
  },
  {
    what: "a call lacks what its request rests on, and a failure has taken what its metadata does",
    service: `let: { name: "v" if: "headers['x-a'] == 'a'" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'a'" } } }`,
    let: [
      spare("s"),
      `{ name: "t" supplementary: true call: { method: "up.v1.ItemService/FindItems" set: { name: "filter.owner_id" by: "v.id" } metadata: { name: "x-a" by: "s.id" } } }`,
    ],
    fields: [`optional int32 a = 1 [(bff.v1.field).by = "t.total"];`],
  },
  {
    what: "a guard further in holds, and one of the root message waits for a side effect",
    effects: true,
    let: [
      `{ name: "s" supplementary: true call: { method: "up.v1.OrderService/CancelOrder" set: { name: "id" by: "args.id" } } }`,
      `{ name: "t" after: "s" call: { method: "up.v1.OrderService/PayOrder" set: { name: "id" by: "args.id" } } }`,
      `{ guard: { if: "ok(t)" fail: { code: NOT_FOUND } } }`,
      `{ name: "u" supplementary: true compose: { message: "Sub" args: { name: "a" by: "args.id" } } }`,
    ],
    fields: [`Sub a = 1 [(bff.v1.field).by = "u"];`],
    sub: `message Sub {
  option (bff.v1.message).let = { guard: { if: "args.a != 'k'" fail: { code: NOT_FOUND } } };
  string n = 1 [(bff.v1.field).by = "args.a"];
}`,
  },
  {
    what: "what a choice is made by says of a step that it is there, whichever way it comes to hold",
    let: [spare("s"), spare("t", ` metadata: { name: "x-a" by: "'a'" }`)],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "(ok(s) || ok(s)) ? s.id : args.id"];`,
      `optional string b = 2 [(bff.v1.field).by = "(args.flag ? ok(t) : ok(t)) ? t.id : args.id"];`,
      `optional string c = 3 [(bff.v1.field).by = "!(ok(s) && args.flag) || (ok(t) && args.flag) ? args.id : s.id"];`,
    ],
  },
  {
    what: "one asks of a message whether it is there, and parts of it that come later rest on failures",
    parts: true,
    let: [
      `{ name: "t" compose: { message: "Sub" args: { name: "a" by: "args.id" } } }`,
      `{ name: "u" compose: { message: "Sub" args: { name: "a" by: "ok(t) ? args.id : ''" } } }`,
    ],
    fields: [
      `Sub a = 1 [(bff.v1.field).by = "u"];`,
      `optional bool b = 2 [(bff.v1.field).by = "ok(t)"];`,
      `oneof one { string c = 3 [(bff.v1.field) = { by: "args.id" if: "args.flag" }]; string d = 4 [(bff.v1.field) = { by: "'d'" default: true }]; }`,
    ],
    sub: `message Sub {
  option (bff.v1.message).let = { name: "x" defer: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } };
  oneof one { string n = 1 [(bff.v1.field) = { by: "args.a" if: "ok(x) || args.a == 'a'" }]; string m = 2 [(bff.v1.field) = { by: "'m'" default: true }]; }
}`,
  },
  {
    what: "nothing reads a choice, and a step that may fail the response is only for one of its cases",
    let: [
      `{ name: "s" call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "args.id" } } }`,
      `{ name: "t" supplementary: true switch: { case: { if: "args.flag" by: "args.ids.size()" } default: "s.total" } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "args.id"];`],
  },
  {
    what: "a guard holds for a step that is always there, and one further in holds, too",
    let: [
      item("s"),
      `{ name: "t" compose: { message: "Sub" args: { name: "a" by: "args.id" } } }`,
      `{ guard: { if: "ok(s) || !ok(t)" fail: { code: NOT_FOUND } } }`,
    ],
    fields: [`Sub a = 1 [(bff.v1.field).by = "t"];`],
    sub: `message Sub {
  option (bff.v1.message) = { let: [
    { name: "x" call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "args.a" } } },
    { guard: { if: "x.total != 2" fail: { code: ABORTED } } }
  ] };
  string n = 1 [(bff.v1.field).by = "args.a"];
}`,
  },
  {
    what: "an old answer is served, and the call that renews it is refused at once",
    let: [
      spare("s", ` cache: { ttl: "1ms" stale: "60s" }`),
      `{ name: "t" supplementary: true call: { method: "up.v1.ItemService/FindItems" set: { name: "text" by: "args.id" } } }`,
      `{ name: "u" supplementary: true by: "ok(t)" }`,
      `{ name: "v" supplementary: true if: "ok(u)" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'x' + args.id" } limit: { concurrent: 1 queued: 0 } } }`,
      `{ name: "w" supplementary: true if: "ok(u)" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } limit: { concurrent: 1 queued: 0 } cache: { ttl: "1ms" stale: "60s" } } }`,
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "s.name"];`,
      `optional string b = 2 [(bff.v1.field).by = "v.name"];`,
      `optional string c = 3 [(bff.v1.field).by = "w.name"];`,
    ],
  },
  {
    what: "the condition of an argument rests, in a case, on what its value rests on anyway",
    let: [
      spare("v"),
      `{ name: "s" supplementary: true if: "has(args.item.tags)" switch: { case: { if: "ok(v)" by: "args.ids[0]" } } }`,
      `{ name: "c" supplementary: true compose: { message: "Sub" args: { name: "a" by: "v.name" if: "failure(s).?code.orValue(0) == 7" } } }`,
    ],
    sub: `message Sub {
  optional string n = 1 [(bff.v1.field).by = "args.a"];
}`,
    fields: [`Sub a = 1 [(bff.v1.field).by = "c"];`],
  },
  {
    what: "each operand of a condition says the same, so that it is known where they do not hold",
    let: [
      item("v"),
      `{ name: "s" switch: { case: [{ if: "has(v.image_url) && has(v.image_url)" by: "'a'" }, { if: "!has(v.image_url)" by: "'b'" }] default: "'c'" } }`,
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "s"];`,
      `optional bool b = 2 [(bff.v1.field).by = "v.name != 'a' || v.name != 'a' ? v.name == 'b' : v.name == 'b'"];`,
    ],
  },
  {
    what: "a case repeats its condition, and adds the compared text to itself where it does not hold",
    let: [
      item("v"),
      `{ name: "s" switch: { case: { if: "v.name == 'a'" by: "v.name == 'a' ? 'b' : v.name + v.name" } default: "'c'" } }`,
    ],
    fields: [`optional string a = 1 [(bff.v1.field).by = "s"];`],
  },
  {
    what: "a guard before all calls reads a constant with a condition, made of an argument that may be absent",
    service: `let: { name: "z" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "headers['x-a']" } } }`,
    rpcs: "rpc GetSub(SubRequest) returns (Sub) { option idempotency_level = NO_SIDE_EFFECTS; }",
    let: [spare("v"), `{ name: "c" supplementary: true compose: { message: "Sub" args: { name: "a" by: "v" } } }`],
    sub: `message SubRequest { up.v1.Item a = 1; }
message Sub {
  option (bff.v1.message) = { let: [
    { name: "s" supplementary: true if: "true == true" by: "args.a" },
    { guard: { if: "ok(s)" fail: { code: NOT_FOUND message: "no" } } }
  ] };
  optional string n = 1 [(bff.v1.field).by = "s.name"];
  optional string m = 2 [(bff.v1.field).by = "z.name"];
}`,
    fields: [`Sub a = 1 [(bff.v1.field).by = "c"];`],
  },
  {
    what: "a guard reads a composed step whose own guard is still pending",
    let: [
      `{ name: "s" compose: { message: "Sub" args: { name: "a" by: "args.id" } } }`,
      `{ guard: { if: "args.flag && ok(s)" fail: { code: NOT_FOUND message: "outer" } } }`,
    ],
    sub: `message Sub {
  option (bff.v1.message) = { let: [
    { name: "x" supplementary: true call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.a" } } },
    { name: "y" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "'y'" } } },
    { guard: { if: "!ok(x)" fail: { code: NOT_FOUND message: "inner" } } }
  ] };
  string n = 1 [(bff.v1.field).by = "y.id"];
}`,
    fields: [`Sub a = 1 [(bff.v1.field).by = "s"];`],
  },
];
