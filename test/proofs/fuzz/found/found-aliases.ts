// Cases of random masks and of random aliases of composed messages that found faults: an answer's part has the side
// effects of the whole.
import { type Found, spare } from "./found-parts.ts";

const PAY = `{ name: "p" supplementary: true call: { method: "up.v1.OrderService/PayOrder" set: { name: "id" by: "args.id" } } }`;
const CHOICE = `{ name: "s" supplementary: true switch: { case: { if: "args.flag" by: "p.id" } default: "'no'" } }`;
const small = (fields: string, more = ""): Pick<Found, "rpcs" | "messages"> => ({
  rpcs: "rpc GetSmall(GetPageRequest) returns (Small);",
  messages: `message Small {\n  option (bff.v1.message).alias = "Page";\n  ${fields}\n  repeated bff.v1.Degradation degraded = 99;\n}${more}`,
});

export const FOUND_ALIASES: readonly Found[] = [
  {
    what: "only a case reads a side effect, and the alias leaves out the switch",
    effects: true,
    let: [PAY, CHOICE],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "s"];`,
      `optional string b = 2 [(bff.v1.field).by = "args.id"];`,
    ],
    ...small("optional string b = 1;"),
  },
  {
    what: "a field and a case read a side effect, and the alias leaves out the field",
    effects: true,
    let: [PAY, CHOICE],
    fields: [`optional string a = 1 [(bff.v1.field).by = "s"];`, `optional string b = 2 [(bff.v1.field).by = "p.id"];`],
    ...small("optional string a = 1;"),
  },
  {
    what: "a field and a member of a oneof read a side effect, and the alias leaves out the field",
    effects: true,
    let: [PAY],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "p.id"];`,
      `oneof one { string n = 2 [(bff.v1.field) = { by: "p.id" if: "args.flag" }]; string m = 3 [(bff.v1.field) = { by: "'m'" default: true }]; }`,
    ],
    ...small("oneof some { string n = 1; string m = 2; }"),
  },
  {
    what: "a side effect follows one that only a case reads, and so both always happen",
    effects: true,
    let: [
      PAY,
      `{ name: "q" supplementary: true after: "p" call: { method: "up.v1.OrderService/CancelOrder" set: { name: "id" by: "args.id" } } }`,
      CHOICE,
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "s"];`,
      `optional string b = 2 [(bff.v1.field).by = "q.id"];`,
      `optional string c = 3 [(bff.v1.field).by = "args.id"];`,
    ],
    ...small("optional string a = 1; optional string c = 2;"),
  },
  {
    what: "an alias reads whether the service has composed what only the whole message composes itself",
    service: `let: { name: "v" supplementary: true compose: { message: "Sub" args: { name: "a" by: "headers['x-a']" } } }`,
    let: [`{ name: "c" supplementary: true compose: { message: "Sub" args: { name: "a" by: "args.id" } } }`],
    fields: [
      `Sub a = 1 [(bff.v1.field).by = "c"];`,
      `optional bool b = 2 [(bff.v1.field).by = "ok(v)"];`,
      `optional bool d = 3 [(bff.v1.field).by = "ok(c)"];`,
    ],
    ...small("optional bool b = 1;"),
  },
  {
    what: "no rpc reads a step of the service, which reads another one that an alias leaves out",
    service: `let: [${spare("v").replace("args.id", "headers['x-a']")}, { name: "w" supplementary: true by: "ok(v)" }]`,
    let: [spare("c")],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "c.name"];`,
      `optional bool b = 2 [(bff.v1.field).by = "ok(v)"];`,
    ],
    ...small("optional string a = 1;"),
  },
  {
    what: "an alias has a map of aliases, whose parts are degraded",
    let: [
      `{ name: "c" supplementary: true each: { var: "it" in: "args.ids" max: 10 key: "it" compose: { message: "Sub" args: { name: "a" by: "it" } } } }`,
    ],
    fields: [`map<string, Sub> a = 1 [(bff.v1.field).by = "c"];`],
    ...small(
      "map<string, SmallSub> a = 1;",
      `\nmessage SmallSub { option (bff.v1.message).alias = "Sub"; optional string n = 1; }`,
    ),
  },
  {
    what: "a side effect is deferred, and a mask selects no field of its part",
    effects: true,
    parts: true,
    let: [
      `{ name: "p" defer: true call: { method: "up.v1.OrderService/PlaceOrder" set: { name: "item_id" by: "args.id" } } }`,
      `{ name: "q" defer: true after: "p" call: { method: "up.v1.OrderService/PayOrder" set: { name: "id" by: "args.id" } } }`,
    ],
    fields: [
      `optional string a = 1 [(bff.v1.field).by = "q.id"];`,
      `optional string b = 2 [(bff.v1.field).by = "p.id"];`,
      `optional string c = 3 [(bff.v1.field).by = "args.id"];`,
    ],
    ...small("optional string c = 1;"),
  },
];
