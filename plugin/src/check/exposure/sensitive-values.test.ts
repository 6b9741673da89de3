import { expect, test } from "vitest";
import { requestFor } from "../../../../test/support/request.ts";
import { compile } from "../../compile.ts";

const UPSTREAM = `syntax = "proto3"; package people.v1;
service PeopleService { rpc GetPerson(GetPersonRequest) returns (Person) { option idempotency_level = NO_SIDE_EFFECTS; } }
message GetPersonRequest { string id = 1; }
message Person {
  string name = 1;
  string mail = 2 [debug_redact = true];
  int64 born = 3 [debug_redact = true];
  bool ill = 4 [debug_redact = true];
  repeated string phones = 5 [debug_redact = true];
  map<string, string> notes = 6 [debug_redact = true];
  Home home = 7 [debug_redact = true];
  Home work = 8;
  repeated Person friends = 9;
  optional string nick = 10 [debug_redact = true];
}
message Home { string city = 1; string street = 2 [debug_redact = true]; }`;

const SENSITIVE: readonly (readonly [type: string, by: string])[] = [
  ["string", "person.mail"],
  ["string", "person.home.city"],
  ["string", "person.work.street"],
  ["string", "'<' + person.mail.lower() + '>'"],
  ["int64", "person.born + 1"],
  ["double", "double(person.born) / 2.0"],
  ["bool", "person.ill"],
  ["bool", "args.id == '' ? person.ill : false"],
  ["string", "args.id == '' ? person.mail : person.name"],
  ["repeated string", "person.phones"],
  ["repeated string", "person.phones.filter(p, p != '')"],
  ["repeated string", "person.phones.map(p, p + '!')"],
  ["string", "person.phones.sortBy(p, p.size())[0]"],
  ["string", "person.phones.first().orValue('')"],
  ["repeated string", "person.friends.map(f, f.mail)"],
  ["string", "[person.name, person.mail].join()"],
  ["string", "{'a': person.mail}['a']"],
  ["repeated string", "person.notes.map(k, k)"],
  ["string", "cel.bind(m, person.mail, m + m)"],
  ["string", "person.phones.reduce(all, p, all + p, '')"],
  ["string", "people.v1.Person{name: person.mail}.name"],
  ["string", "person.?nick.orValue('')"],
  ["string", "person.?nick.optMap(n, n + '.').orValue('')"],
  ["string", "label"],
];

const HARMLESS: readonly (readonly [type: string, by: string])[] = [
  ["string", "person.name"],
  ["string", "person.work.city"],
  ["bool", "person.mail == 'a'"],
  ["bool", "!person.ill"],
  ["bool", "person.phones.exists(p, p == '')"],
  ["bool", "has(person.nick)"],
  ["int64", "int(person.phones.size())"],
  ["string", "person.mail == '' ? 'none' : 'some'"],
  ["repeated int64", "person.phones.map(p, 1)"],
  ["repeated string", "person.friends.map(f, f.name)"],
  ["string", "people.v1.Person{mail: person.mail, name: person.name}.name"],
];

/** Returns the expressions whose values may not reach clients. */
function refused(fields: readonly (readonly [type: string, by: string])[]): readonly string[] {
  const text = `syntax = "proto3"; package app.v1;
import "bff/v1/options.proto";
import "people/v1/people.proto";
option (bff.v1.file) = { function: { name: "user.label" param: ["people.v1.Person"] result: "string" } };
service AppService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Page) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetRequest { string id = 1; }
message Page {
  option (bff.v1.message) = {
    let: { name: "person" call: { method: "people.v1.PeopleService/GetPerson" set: { name: "id" by: "args.id" } } }
    let: { name: "label" by: "user.label(person)" }
  };
${fields.map(([type, by], i) => `  ${type} f${i} = ${i + 1} [(bff.v1.field).by = ${JSON.stringify(by)}];`).join("\n")}
}`;
  const protos: Readonly<Record<string, string>> = { "people/v1/people.proto": UPSTREAM, "app/v1/app.proto": text };
  const { diagnostics } = compile(requestFor(protos, ["app/v1/app.proto"]), (file) => protos[file]);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  return errors.map(({ code, message }) => {
    const [, index] = /"f(\d+)"/.exec(message) ?? [];
    return code === "BFF582" ? (fields[Number(index)]?.[1] ?? "") : `${code} ${message}`;
  });
}

test("a value of a redacted field is followed through every kind of expression", () => {
  expect(refused([...SENSITIVE, ...HARMLESS])).toEqual(SENSITIVE.map(([, by]) => by));
});
