// Creates random messages of lists, in lists and beside them, over an upstream with batch methods, as protos.
import { pick, type Random } from "../../bffs/second/random-message.ts";

const reads = (rpc: string): string => `rpc ${rpc} { option idempotency_level = NO_SIDE_EFFECTS; }`;
export const UPSTREAM = `syntax = "proto3";
package up.v1;
service UpService {
  ${reads("GetFeed(FeedRequest) returns (Feed)")}
  ${reads("GetUser(UserRequest) returns (User)")}
  ${[1, 2, 3, 4, 5].map((n) => reads(`GetUsers${n}(UsersRequest) returns (Users)`)).join("\n  ")}
  ${[1, 2].map((n) => reads(`GetRefs${n}(RefsRequest) returns (Users)`)).join("\n  ")}
  ${reads("GetNumbered(NumberedRequest) returns (Numbered)")}
  ${reads("GetOwn(OwnRequest) returns (Users)")}
}
message FeedRequest { string tenant = 1; }
message Feed { repeated Entry entries = 1; repeated string ids = 2; repeated Part parts = 3; }
message Entry { string id = 1; string author_id = 2; int64 n = 3; bool flag = 4; optional string note = 5; repeated string tags = 6; repeated Part parts = 7; }
message Part { string id = 1; string user_id = 2; int64 n = 3; bool flag = 4; optional string note = 5; repeated string tags = 6; }
enum Kind { KIND_UNSPECIFIED = 0; KIND_GUEST = 1; KIND_MEMBER = 2; }
message User { string id = 1; string name = 2; int64 n = 3; bool flag = 4; optional string note = 5; repeated string friends = 6; repeated Part parts = 7; Kind kind = 8; }
message UserRequest { string id = 1; }
message UsersRequest { repeated string ids = 1; }
message Users { repeated User users = 1; }
message Ref { string id = 1; int64 n = 2; }
message RefsRequest { repeated Ref refs = 1; }
message NumberedRequest { repeated int64 ns = 1; }
message Numbered { map<int64, User> users = 1; }
message OwnRequest { repeated string ids = 1; string tenant = 2; bool flag = 3; }
`;

/** Form of one batch method, wherever a case calls it: the method identifies the step that made a call. */
interface Batch {
  readonly method: string;
  readonly request: (by: string) => string;
  readonly answer: string;
}
function batches(random: Random): readonly Batch[] {
  const max = (): string => (random() < 0.35 ? ` max: ${pick(random, [1, 2, 3])}` : "");
  const ids = (by: string): string => `name: "ids" by: "${by}"`;
  const wraps = ["up.v1.Ref{id: key}", "up.v1.Ref{id: key, n: 6 / key.size()}"]; // the second one fails for some keys
  return [
    ...[1, 2, 3, 4, 5].map((n) => {
      const [many, keyBy] = [random() < 0.15, random() < 0.1];
      const key = keyBy ? `key_by: "'k-' + item.name"` : `key: "id"`;
      return {
        method: `GetUsers${n}`,
        request: ids,
        answer: `items: "users" ${key}${many ? " many: true" : ""}${max()}`,
      };
    }),
    ...wraps.map((wrap, i) => ({
      method: `GetRefs${i + 1}`,
      request: (by: string) => `name: "refs" by: "${by}" wrap: "${wrap}"`,
      answer: `items: "users" key: "id"${max()}`,
    })),
    { method: "GetNumbered", request: (by) => `name: "ns" by: "${by}"`, answer: `items: "users"${max()}` },
    { method: "GetOwn", request: ids, answer: `items: "users" key: "id"${max()}` },
  ];
}

type Kind = "Entry" | "Part" | "User" | "string";

/** Expressions over a value, by their kinds. */
const MEMBERS: Readonly<
  Record<Exclude<Kind, "string">, { texts: readonly string[]; lists: readonly [Kind, string][] }>
> = {
  Entry: {
    texts: ["id", "author_id"],
    lists: [
      ["Part", "parts"],
      ["string", "tags"],
    ],
  },
  Part: { texts: ["id", "user_id"], lists: [["string", "tags"]] },
  User: {
    texts: ["id", "name"],
    lists: [
      ["Part", "parts"],
      ["string", "friends"],
    ],
  },
};

interface Message {
  readonly name: string;
  readonly kind: Kind;
  /** True if it takes a further argument, a text. */
  readonly takesMore: boolean;
}

/** Returns one rpc with its messages, in a separate file. */
export function randomLists(random: Random, number: number): string {
  const made = new Made(random, number);
  const root = made.root();
  const cache = random() < 0.15 ? ' cache: { ttl: "5s" }' : "";
  return `syntax = "proto3";
package web.v1;
import "up/v1/up.proto";
import "bff/v1/degradation.proto";
import "bff/v1/options.proto";
option (bff.v1.file).upstream = { timeout: "300ms" retry: { attempts: 1 } breaker: { off: true }${cache} };
service L${number}Service {
  option (bff.v1.service) = {};
  rpc Get${number}(L${number}Request) returns (L${number}) { option (bff.v1.method).timeout = "20s"; }
}
message L${number}Request { string tenant = 1; bool flag = 2; repeated string ids = 3; optional string note = 4; }
${root}
${made.messages.join("\n")}
message Who${number} {
  option (bff.v1.message).alias = "up.v1.User";
  string id = 1;
  string name = 2;
  optional string note = 3;${random() < 0.3 ? `\n  Kind${number} kind = 4;` : ""}
}
enum Kind${number} {
  option (bff.v1.enum).alias = "up.v1.Kind";
  KIND${number}_UNSPECIFIED = 0 [(bff.v1.enum_value).alias = "KIND_UNSPECIFIED"${random() < 0.5 ? ", (bff.v1.enum_value).default = true" : ""}];
  KIND${number}_GUEST = 1 [(bff.v1.enum_value).alias = "KIND_GUEST"];
  KIND${number}_MEMBER = 2 [(bff.v1.enum_value).alias = "KIND_MEMBER"];
}
`;
}

/** The messages of one case. */
class Made {
  readonly messages: string[] = [];
  readonly #random: Random;
  readonly #number: number;
  readonly #known: Message[] = [];
  readonly #batches: readonly Batch[];
  #count = 0;

  constructor(random: Random, number: number) {
    this.#random = random;
    this.#number = number;
    this.#batches = batches(random);
  }
  root(): string {
    const body = new Body(this.#random, (kind) => this.#messageOf(kind, 1), this.#batches, this.#number);
    body.request();
    return body.message(`L${this.#number}`, 2 + Math.floor(this.#random() * 4), true);
  }
  /** One that is there already, or another one. */
  #messageOf(kind: Kind, depth: number): Message | undefined {
    const known = this.#known.filter((message) => message.kind === kind);
    if (known.length > 0 && this.#random() < 0.35) return pick(this.#random, known);
    if (depth > 3) return undefined;
    const name = `M${this.#number}_${this.#count++}`;
    const takesMore = this.#random() < 0.3;
    const body = new Body(this.#random, (of) => this.#messageOf(of, depth + 1), this.#batches, this.#number);
    body.item("args.it", kind);
    if (takesMore) body.more();
    const message = { name, kind, takesMore };
    this.messages.push(body.message(name, this.#random() < 0.6 ? 1 + Math.floor(this.#random() * 2) : 3));
    this.#known.push(message);
    return message;
  }
}

/** Builds the content of one message: steps one after the other, each over the earlier values. */
class Body {
  readonly texts: string[] = [];
  readonly #optional: string[] = [];
  readonly #numbers: string[] = [];
  readonly #bools: string[] = [];
  readonly #lists: (readonly [Kind, string])[] = [];
  /** Steps that a failure may leave without a value. */
  readonly #soft = new Set<string>();
  readonly #fields: string[] = [];
  readonly #random: Random;
  readonly #messageOf: (kind: Kind) => Message | undefined;
  readonly #batches: readonly Batch[];
  readonly #number: number;
  #steps = 0;

  constructor(
    random: Random,
    messageOf: (kind: Kind) => Message | undefined,
    batches: readonly Batch[],
    number: number,
  ) {
    this.#random = random;
    this.#messageOf = messageOf;
    this.#batches = batches;
    this.#number = number;
  }
  request(): void {
    this.texts.push("args.tenant");
    this.#bools.push("args.flag");
    this.#lists.push(["string", "args.ids"]);
    this.#optional.push("args.note");
  }
  /** Adds an argument beside the item, with a reader: an unread argument delays nothing. */
  more(): void {
    this.texts.push("args.more");
    this.#field("optional string", "args.more");
  }
  item(name: string, kind: Kind): void {
    if (kind === "string") {
      this.texts.push(name);
      return;
    }
    const { texts, lists } = MEMBERS[kind];
    this.texts.push(...texts.map((text) => `${name}.${text}`));
    this.#optional.push(`${name}.note`);
    this.#numbers.push(`${name}.n`);
    this.#bools.push(`${name}.flag`);
    this.#lists.push(...lists.map(([of, list]) => [of, `${name}.${list}`] as const));
  }
  message(name: string, steps: number, root = false): string {
    const made: string[] = [];
    if (root) made.push(this.#feed());
    for (let i = 0; i < steps; i++) made.push(this.#step(root));
    for (let i = 0; i < 2; i++) this.#field("optional string", this.#pick([...this.texts, ...this.#optional]));
    if (root) this.#fields.push("repeated bff.v1.Degradation degraded = 99;");
    const rules = `option (bff.v1.message) = { let: [\n    ${made.join(",\n    ")}\n  ] };`;
    return `message ${name} {\n  ${rules}\n  ${this.#fields.join("\n  ")}\n}`;
  }

  #pick<T>(of: readonly T[]): T {
    return pick(this.#random, of);
  }
  #chance(chance: number): boolean {
    return this.#random() < chance;
  }
  #text(): string {
    return this.#chance(0.15) && this.#optional.length > 0 ? this.#pick(this.#optional) : this.#pick(this.texts);
  }
  #bool(): string {
    return this.#bools.length > 0 && this.#chance(0.7) ? this.#pick(this.#bools) : `${this.#pick(this.texts)} != 'b'`;
  }
  #field(type: string, by: string): void {
    const number = this.#fields.length + 1;
    this.#fields.push(`${type} f${number} = ${number} [(bff.v1.field).by = "${by}"];`);
  }
  #restsOnSoft(text: string): boolean {
    return [...this.#soft].some((name) => new RegExp(`\\b${name}\\b`).test(text));
  }
  /** With `supplementary` where it has to be, or where it comes so. */
  #modified(name: string, source: string, chance: number, more = ""): string {
    const soft = this.#chance(chance) || this.#restsOnSoft(`${source} ${more}`);
    if (soft) this.#soft.add(name);
    return `{ name: "${name}"${soft ? " supplementary: true" : ""}${more} ${source} }`;
  }
  #feed(): string {
    const step = this.#modified(
      "feed",
      `call: { method: "up.v1.UpService/GetFeed" set: { name: "tenant" by: "args.tenant" } }`,
      0.2,
    );
    this.#lists.push(
      ["Entry", "feed.entries"],
      ["string", "feed.ids"],
      ["Part", "feed.parts"],
      ["Entry", "feed.entries"],
    );
    return step;
  }

  #step(root: boolean): string {
    const name = `s${this.#steps++}`;
    const composes = this.#lists.length > 0 && this.#chance(root ? 0.65 : 0.4);
    if (composes) {
      const [kind, list] = this.#pick(this.#lists);
      const message = this.#messageOf(kind);
      if (message !== undefined) return this.#list(name, list, message);
    }
    const kind = this.#random();
    if (kind < 0.05) return `{ guard: { if: "${this.#bool()} && ${this.#text()} == 'd'" fail: { code: NOT_FOUND } } }`;
    if (kind < 0.1)
      return this.#user(name, `call: { method: "up.v1.UpService/GetUser" set: { name: "id" by: "${this.#text()}" } }`);
    if (kind < 0.17) {
      const text = this.#pick(this.texts);
      const by = `by: "${text} + '-' + ${this.#pick(this.texts)}"`;
      const step = this.#modified(name, by, 0);
      this.texts.push(name);
      this.#field("optional string", name);
      return step;
    }
    return this.#batch(name);
  }

  #list(name: string, list: string, { name: message, takesMore }: Message): string {
    const more = takesMore ? [`{ name: "more" by: "${this.#text()}" }`] : [];
    const args = [`{ name: "it" by: "it" }`, ...more].join(", ");
    const kind = this.#random();
    const key = kind < 0.06 ? ` key: "${/ids|tags|friends/.test(list) ? "it" : "it.id"}"` : "";
    const partial = kind > 0.06 && kind < 0.14 ? " partial: true" : "";
    const some = this.#chance(0.12) ? ` if: "${/ids|tags|friends/.test(list) ? "it != 'b'" : "it.flag"}"` : "";
    const each = `each: { var: "it" in: "${list}"${some}${key}${partial} max: 50 compose: { message: "${message}" args: [${args}] } }`;
    const step = this.#modified(name, each, 0.35, this.#chance(0.08) ? ` if: "${this.#bool()}"` : "");
    this.#field(key === "" ? `repeated ${message}` : `map<string, ${message}>`, name);
    if (this.#chance(0.1)) this.#field("optional int64", key === "" ? `${name}.size()` : `${name}.size()`);
    return step;
  }

  #batch(name: string): string {
    const { method, request, answer } = this.#pick(this.#batches);
    const many = answer.includes("many: true");
    const instead = many ? `fallback: "[]"` : `fallback: "up.v1.User{name: 'instead'}"`;
    const rule = this.#chance(0.12)
      ? ` on_error: { on: ${this.#pick(["ANY", "NOT_FOUND", "UNAVAILABLE"])} ${this.#pick(["ignore: true", instead, "fail: { code: DATA_LOSS }"])} }`
      : "";
    const number = this.#numbers.length > 0 ? this.#pick(this.#numbers) : "1";
    const by =
      method === "GetNumbered" ? number : answer.includes("key_by") ? `'k-' + ${this.#pick(this.texts)}` : this.#text();
    const flag = `{ name: "flag" by: "${this.#bool()}" }`;
    const tenant = `{ name: "tenant" by: "${this.#pick(this.texts)}"${this.#chance(0.3) ? ` if: "${this.#bool()}"` : ""} }`;
    const set = method === "GetOwn" ? ` set: [${this.#pick([flag, tenant, `${flag}, ${tenant}`])}]` : "";
    const source = `call: { method: "up.v1.UpService/${method}"${set} batch: { ${request(by)} ${answer} }${rule} }`;
    if (!many) return this.#user(name, source);
    const step = this.#modified(name, source, 0.6);
    this.#lists.push(["User", name]);
    this.#field("repeated string", `${name}.map(u, u.name)`);
    return step;
  }
  /** A step that has a user. */
  #user(name: string, source: string): string {
    const chance = this.#random();
    const more =
      chance < 0.06
        ? ` if: "${this.#bool()}"`
        : chance < 0.14
          ? ` fallback: "up.v1.User{id: 'f', name: 'fallback'}"`
          : "";
    const step = this.#modified(name, source, 0.65, more);
    if (more.includes("fallback")) this.#soft.delete(name);
    this.#field("optional string", this.#pick([`${name}.name`, `${name}.note`, `${name}.name + '!'`]));
    if (this.#chance(0.2)) this.#field(`Who${this.#number}`, name);
    if (this.#chance(0.12)) this.#field("bool", `ok(${name})`);
    if (this.#chance(0.08) && this.#soft.has(name)) this.#field("bool", `failure(${name}).hasValue()`);
    this.item(name, "User");
    return step;
  }
}
