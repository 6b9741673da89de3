// The BFF of the cluster: a tagged answer, an answer of one caller, a limit in Redis, and a topic.
import { GeneratedProject } from "../../support/generated-project.ts";

const UPSTREAM = `syntax = "proto3";
package up.v1;
service ItemService {
  rpc GetItem(GetItemRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetOwned(GetOwnedRequest) returns (Owned) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message GetItemRequest { string id = 1; }
message Item { string id = 1; int32 version = 2; }
message GetOwnedRequest { string owner = 1; }
message Owned { string owner = 1; }
`;
const TOWN = `syntax = "proto3";
package town.v1;
import "bff/v1/options.proto";
import "bff/v1/stream.proto";
option (bff.v1.file) = {
  env: { name: "ISSUER" type: "string" }
  identity: {
    type: "town.v1.Person"
    source: {
      name: "browser"
      session: { issuer: "{env.ISSUER}" client_id: "web" }
      set: [{ name: "subject" by: "credential.subject" }]
    }
    source: {
      name: "robot"
      api_key: { prefix: "town_" cache: "1s" }
      set: [{ name: "subject" by: "credential.subject" }]
    }
  }
};
message Person { string subject = 1; }
message News { int32 n = 1; }
service TownService {
  option (bff.v1.service) = {
    permit: {}
    topic: { name: "news" type: "town.v1.News" subject: "news.{key}.events" jetstream: "NEWS" }
  };
  rpc GetItem(GetRequest) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc GetMine(GetRequest) returns (Mine) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Buy(GetRequest) returns (Bought) {
    option (bff.v1.method).rate_limit = { name: "buy" key: "args.id" rate: LIMIT per: "24h" burst: LIMIT closed: true };
  }
  rpc Follow(GetRequest) returns (stream Event) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (bff.v1.method).stream = { var: "event" follow: { topic: "news" key: "args.id" } };
  }
}
message GetRequest { string id = 1; }
message Item {
  option (bff.v1.message).let = {
    name: "item"
    call: {
      method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" }
      cache: { ttl: "10m" tag: "item:{answer.id}" }
    }
  };
  int32 version = 1 [(bff.v1.field).by = "item.version"];
}
message Mine {
  option (bff.v1.message).let = {
    name: "owned"
    call: {
      method: "up.v1.ItemService/GetOwned" set: { name: "owner" by: "principal.subject" }
      cache: { ttl: "10m" }
    }
  };
  string owner = 1 [(bff.v1.field).by = "owned.owner"];
  string subject = 2 [(bff.v1.field).by = "principal.subject"];
}
message Bought { string id = 1 [(bff.v1.field).by = "args.id"]; }
message Event {
  int32 n = 1 [(bff.v1.field).by = "args.event.n"];
  bff.v1.Position position = 2;
}
`;

/** Requests of one key that the limit admits. */
export const LIMIT = 20;

/** Mistakes, by the kind of what they break: a change of the proto, or (sessions) other keys of one process. */
const PLANTED = {
  none: ["", ""],
  limits: ["closed: true", "local: true"],
  purges: ['tag: "item:{answer.id}"', 'tag: "other:{answer.id}"'],
  foreign: ['set: { name: "owner" by: "principal.subject" }', 'set: { name: "owner" by: "\'u1\'" }'],
  events: ['by = "args.event.n"', 'by = "args.event.n - args.event.n % 2"'],
  sessions: ["", ""],
} as const;
export type Planted = keyof typeof PLANTED;
const isPlanted = (name: string): name is Planted => Object.hasOwn(PLANTED, name);
export const MISTAKES = Object.keys(PLANTED).filter((name) => name !== "none");

export function mistakeNamed(name: string): Planted {
  if (isPlanted(name)) return name;
  throw new Error(`${name} is none of the mistakes ${MISTAKES.join(", ")}`);
}

/** The protos without a mistake. */
export const protosOf = () => ({
  "town/v1/town.proto": TOWN.replaceAll("LIMIT", `${LIMIT}`),
  "up/v1/up.proto": UPSTREAM,
});

export function townOf(mistake: Planted): GeneratedProject {
  const [from, to] = PLANTED[mistake];
  const proto = TOWN.replaceAll("LIMIT", `${LIMIT}`).replace(from, to);
  if (from !== "" && TOWN.split(from).length !== 2) throw new Error(`not once in the proto: ${from}`);
  return new GeneratedProject(`cluster-${mistake}`, { "town/v1/town.proto": proto }, { "up/v1/up.proto": UPSTREAM });
}
