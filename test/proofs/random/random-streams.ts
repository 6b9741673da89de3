// Random streaming rpcs over one made-up upstream, as protos, and random worlds for them to run in.
import { pick, seeded } from "../../bffs/second/random-message.ts";

export type Random = () => number;
export { seeded };

export const UPSTREAM = `syntax = "proto3";
package up.v1;
service UpService {
  rpc Get(GetRequest) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetAll(GetAllRequest) returns (Things) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch(WatchRequest) returns (stream Event) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Begin(WatchRequest) returns (stream Event);
}
message GetRequest { string id = 1; int64 n = 2; }
message Thing { string id = 1; string name = 2; string next = 3; int64 n = 4; bool flag = 5; optional string note = 6; repeated string ids = 7; }
message GetAllRequest { repeated string ids = 1; }
message Things { repeated Thing things = 1; }
message WatchRequest { string run = 1; uint64 after = 2; string after_text = 3; }
message Event { uint64 seq = 1; string text = 2; string by = 3; bool hidden = 4; bool final = 5; repeated string ids = 6; optional string note = 7; Thing thing = 8; }
`;

/** Returns one rpc with its messages, in a separate file. */
export function randomStream(random: Random, number: number): string {
  const made = new Made(random);
  const topic = random() < 0.3;
  const position = random() < 0.7 || topic;
  const maybe = (chance: number, text: () => string): string => (random() < chance ? text() : "");
  const text = position && random() < 0.3;
  const resume = text
    ? `{ name: "after_text" by: "resume.orValue('')" }`
    : `{ name: "after" by: "resume.orValue(0u)" }`;
  const where = text ? "event.by + ':' + event.text" : "event.seq";
  const method = position || topic || random() < 0.6 ? "Watch" : "Begin";
  const call = (run: string): string => `call: {
          method: "up.v1.UpService/${method}"
          set: [ { name: "run" by: "${run}" }${position ? `, ${resume}` : ""} ]
        }`;
  const until = maybe(
    0.6,
    () =>
      `until: "${pick(random, ["event.final", "event.text == 'end'", "event.hidden", "event.seq > 4u || event.hidden"])}"`,
  );
  const source = topic
    ? `follow: { topic: "run" key: "'k-' + args.run" }`
    : `${call("args.run")}
        ${until}
        ${position ? `position: "${where}"` : ""}`;
  const steps = made.steps();
  const fields = made.fields();
  return `syntax = "proto3";
package web.v1;
import "up/v1/up.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file).upstream = { timeout: "1s" retry: { attempts: 1 } breaker: { off: true } limit: { streams: 100 } };
service S${number}Service {
  option (bff.v1.service) = {
    ${topic ? `topic: { name: "run" ${call("key")} position: "${where}" ${until} }` : ""}
    ${maybe(0.4, () => `let: [ { name: "who" ${maybe(0.6, () => "supplementary: true")} call: { method: "up.v1.UpService/Get" set: { name: "id" by: "headers['x-who']" } } } ]`)}
  };
  rpc Follow${number}(F${number}Request) returns (stream F${number}) {
    option (bff.v1.method) = {
      timeout: "20s"
      stream: {
        var: "event"
        ${source}
        ${maybe(0.7, () => `if: "${pick(random, ["!event.hidden", "args.all || !event.hidden", "event.text != args.run", "event.ids.size() < 3"])}"`)}
      }
    };
  }
}
message F${number}Request { string run = 1; bool all = 2; repeated string ids = 3; optional string note = 4; }
message F${number} {
  option (bff.v1.message) = { let: [
    ${steps.join(",\n    ")}
  ] };
  ${fields.join("\n  ")}
  ${maybe(0.85, () => "bff.v1.Position position = 90;")}
  ${maybe(0.9, () => "repeated bff.v1.Degradation degraded = 91;")}
}
message C${number} {
  option (bff.v1.message) = { let: [ { name: "one" ${maybe(0.7, () => "supplementary: true")} call: { method: "up.v1.UpService/Get" set: { name: "id" by: "args.id" } } } ] };
  optional string name = 1 [(bff.v1.field).by = "one.name"];
  string id = 2 [(bff.v1.field).by = "args.id"];
}
`.replaceAll("@", String(number));
}

/** Returns a message that one rpc sends whole and another in parts, with both in a separate file. */
export function randomPage(random: Random, number: number): string {
  const made = new Made(random, true);
  const steps = made.steps();
  return `syntax = "proto3";
package web.v1;
import "up/v1/up.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file).upstream = { timeout: "1s" retry: { attempts: 1 } breaker: { off: true } };
service P${number}Service {
  option (bff.v1.service) = {};
  rpc Whole${number}(P${number}Request) returns (P${number}) { option (bff.v1.method).timeout = "20s"; }
  rpc Parts${number}(P${number}Request) returns (stream P${number}) {
    option (bff.v1.method) = { timeout: "20s" parts_timeout: "40s" };
  }
}
message P${number}Request { string run = 1; bool all = 2; repeated string ids = 3; optional string note = 4; }
message P${number} {
  option (bff.v1.message) = { let: [
    ${steps.join(",\n    ")}
  ] };
  ${made.fields().join("\n  ")}
  repeated bff.v1.Part parts = 90;
  repeated bff.v1.Degradation degraded = 91;
}
message C${number} {
  option (bff.v1.message) = { let: [ { name: "one" ${random() < 0.3 ? "defer: true" : "supplementary: true"} call: { method: "up.v1.UpService/Get" set: { name: "id" by: "args.id" } } } ] };
  optional string name = 1 [(bff.v1.field).by = "one.name"];
  string id = 2 [(bff.v1.field).by = "args.id"];
}
`.replaceAll("@", String(number));
}

/** Builds the content of a message: steps one after the other, each over the earlier values. */
class Made {
  readonly #random: Random;
  /** Expressions of each type. */
  readonly #texts = ["args.run", "args.event.text", "args.event.by", "'x'"];
  readonly #maybe = ["args.event.note", "args.event.thing.name", "args.note"];
  readonly #lists = ["args.event.ids", "args.ids"];
  readonly #bools = [
    "args.all",
    "args.event.hidden",
    "args.event.text == 'poison'",
    "args.run == 'c'",
    "has(args.event.note)",
  ];
  readonly #objects: [name: string, many: boolean][] = [];
  #count = 0;

  readonly #page: boolean;
  readonly #deferred: string[] = [];

  /** @param page it stands alone, and some of it is deferred */
  constructor(random: Random, page = false) {
    this.#random = random;
    this.#page = page;
    if (!page) return;
    for (const list of [this.#texts, this.#maybe, this.#lists, this.#bools])
      list.splice(0, list.length, ...list.filter((text) => !text.includes("event")));
    this.#texts.push("'a'", "'b'");
  }
  #pick<T>(of: readonly T[]): T {
    return pick(this.#random, of);
  }
  #chance(chance: number): boolean {
    return this.#random() < chance;
  }
  steps(): string[] {
    return Array.from({ length: 1 + Math.floor(this.#random() * 6) }, () => this.#step());
  }
  #step(): string {
    const text = this.#plain();
    if (!this.#page) return text;
    const rests = this.#deferred.some((name) => new RegExp(`\\b${name}\\b`).test(text));
    if (text.includes("guard:")) return rests ? this.#step() : text;
    if (!rests && this.#chance(0.5)) return text;
    const name = /name: "(s\d+)"/.exec(text)?.[1] ?? "";
    this.#deferred.push(name);
    return text.replace(" supplementary: true", "").replace(`name: "${name}"`, `name: "${name}" defer: true`);
  }
  #plain(): string {
    const name = `s${this.#count++}`;
    const supplementary = this.#chance(0.65) ? " supplementary: true" : "";
    const after = !this.#page && this.#chance(0.25) ? ' after: ["event"]' : "";
    const when = this.#chance(0.2) ? ` if: "${this.#pick(this.#bools)}"` : "";
    const by = this.#chance(0.8) ? this.#pick(this.#texts) : this.#pick(this.#maybe);
    const get = `call: { method: "up.v1.UpService/Get" set: { name: "id" by: "${by}" } }`;
    switch (this.#pick(["call", "call", "call", "batch", "by", "guard", "each", "compose", "switch", "composes"])) {
      case "call":
        this.#thing(name);
        return `{ name: "${name}"${supplementary}${after}${when} ${get} }`;
      case "batch":
        this.#thing(name);
        return `{ name: "${name}"${supplementary}${after} call: { method: "up.v1.UpService/GetAll" batch: { name: "ids" by: "${by}" items: "things" key: "id" } } }`;
      case "by": {
        const text = `{ name: "${name}" by: "${by} + '-' + ${this.#pick(this.#texts)}" }`;
        this.#texts.push(name);
        return text;
      }
      case "guard":
        return `{ guard: { if: "${this.#pick(this.#bools)} && ${this.#pick(this.#bools)}" fail: { code: ${this.#pick(["FAILED_PRECONDITION", "NOT_FOUND", "DATA_LOSS"])} message: "no {${this.#pick(this.#texts)}}" } } }`;
      case "each": {
        const over = this.#pick(this.#lists);
        this.#lists.push(`${name}.map(t, t.name)`);
        return `{ name: "${name}"${supplementary}${after} each: { var: "it" in: "${over}" max: 9${this.#chance(0.5) ? " partial: true" : ""} call: { method: "up.v1.UpService/Get" set: { name: "id" by: "it" } } } }`;
      }
      case "compose":
        this.#objects.push([name, false]);
        return `{ name: "${name}"${supplementary} compose: { message: "C@" args: { name: "id" by: "${by}" } } }`;
      case "composes":
        this.#objects.push([name, true]);
        return `{ name: "${name}"${supplementary} each: { var: "it" in: "${this.#pick(this.#lists)}" max: 9 compose: { message: "C@" args: { name: "id" by: "it" } } } }`;
      default: {
        const text = `{ name: "${name}" switch: { case: [ { if: "${this.#pick(this.#bools)}" by: "${by}" }, { if: "${this.#pick(this.#bools)}" by: "${this.#pick(this.#texts)}" } ] default: "'none'" } }`;
        this.#maybe.push(name);
        return text;
      }
    }
  }
  #thing(name: string): void {
    this.#texts.push(`${name}.name`, `${name}.next`);
    this.#maybe.push(`${name}.note`);
    this.#bools.push(`${name}.flag`, `ok(${name})`);
    this.#lists.push(`${name}.ids`);
  }
  fields(): string[] {
    const fields: string[] = [];
    const add = (type: string, by: string): void => {
      const number = fields.length + 1;
      fields.push(`${type} f${number} = ${number} [(bff.v1.field).by = "${by}"];`);
    };
    add("string", this.#page ? "args.run" : "args.event.text");
    for (let i = 0; i < 3; i++) add("optional string", this.#pick([...this.#texts, ...this.#maybe]));
    add("optional string", `${this.#pick(this.#texts)} + ${this.#pick(this.#texts)}`);
    add("repeated string", this.#pick(this.#lists));
    for (const [name, many] of this.#objects) add(many ? "repeated C@" : "C@", name);
    // A step without a reader would test nothing.
    for (const name of Array.from({ length: this.#count }, (_, i) => `s${i}`))
      if (this.#texts.includes(`${name}.name`)) add("optional string", `${name}.name`);
      else if (this.#texts.includes(name) || this.#maybe.includes(name)) add("optional string", name);
      else if (this.#lists.includes(`${name}.map(t, t.name)`)) add("repeated string", `${name}.map(t, t.name)`);
    return fields;
  }
}
