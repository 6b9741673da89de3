// A BFF of any size: a page for each rpc, that composes cards with a call each.
const PER_FILE = 100;

/** `count` composed messages, in files of `perFile`, `perPage` for each rpc. Name in its module → text. */
export function composedProtos(count: number, perPage = 10, perFile = PER_FILE): Readonly<Record<string, string>> {
  const files: Record<string, string> = {};
  for (let first = 0; first < count; first += perFile) {
    const n = first / perFile;
    files[`load${n}/v1/load.proto`] = fileOf(n, Math.min(perFile, count - first), perPage);
  }
  return files;
}

function fileOf(n: number, count: number, perPage: number): string {
  const pages = Array.from({ length: Math.ceil(count / perPage) }, (_, i) => i);
  return `syntax = "proto3";
package load${n}.v1;

import "bff/v1/degradation.proto";
import "bff/v1/options.proto";

service LoadService {
  option (bff.v1.service) = {};
${pages.map((i) => `  rpc GetPage${i}(GetPage${i}Request) returns (Page${i}) {\n    option idempotency_level = NO_SIDE_EFFECTS;\n  }`).join("\n")}
}
${pages.map((i) => pageOf(i, Math.min(perPage, count - i * perPage))).join("")}`;
}

function pageOf(i: number, count: number): string {
  const cards = Array.from({ length: count - 1 }, (_, j) => j);
  return `
message GetPage${i}Request {
  string id = 1;
}

message Page${i} {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } timeout: "300ms" } }
${cards.map((j) => `    let: { name: "card${j}" supplementary: true compose: { message: "Card${i}x${j}" args: { name: "id" by: "item.owner_id + '-${j}'" } } }`).join("\n")}
  };
  string name = 1 [(bff.v1.field).by = "item.name"];
  repeated bff.v1.Degradation degraded = 15;
${cards.map((j) => `  Card${i}x${j} card${j} = ${20 + j} [(bff.v1.field).by = "card${j}"];`).join("\n")}
}
${cards.map((j) => cardOf(`Card${i}x${j}`)).join("")}`;
}

function cardOf(name: string): string {
  return `
message ${name} {
  option (bff.v1.message) = {
    let: { name: "item" call: { method: "up.v1.ItemService/GetItem" set: { name: "id" by: "args.id" } } }
    let: { name: "title" by: "item.stock > 0 ? item.name : item.name + ' (sold out)'" }
  };
  string id = 1 [(bff.v1.field).by = "args.id"];
  string title = 2 [(bff.v1.field).by = "title"];
  optional string note = 3 [(bff.v1.field).by = "item.note != '' ? optional.of(item.note) : optional.none()"];
  int64 price = 4 [(bff.v1.field).by = "item.price_cents"];
}
`;
}

/** Steps in layers of two, each of which reads both of the layer before: paths double with each layer. */
export function diamondOfSteps(count: number): Readonly<Record<string, string>> {
  const by = (i: number): string => (i < 2 ? "args.n" : `s${i - (i % 2) - 2} + s${i - (i % 2) - 1}`);
  const steps = Array.from({ length: count }, (_, i) => `    let: { name: "s${i}" by: "${by(i)}" }`);
  return diamond(`message Top {
  option (bff.v1.message) = {
${steps.join("\n")}
  };
  int64 sum = 1 [(bff.v1.field).by = "s${count - 2} + s${count - 1}"];
}
`);
}

/** Messages in layers of two, each of which composes both of the next layer. */
export function diamondOfMessages(layers: number): Readonly<Record<string, string>> {
  const args = 'args: { name: "n" by: "args.n" }';
  const message = (name: string, layer: number): string => {
    const next = layer === layers ? [] : [`L${layer}`, `R${layer}`];
    const steps = next.map(
      (other) => `    let: { name: "${other.toLowerCase()}" compose: { message: "${other}" ${args} } }`,
    );
    const fields = next.map(
      (other, i) => `  ${other} part${i} = ${i + 2} [(bff.v1.field).by = "${other.toLowerCase()}"];`,
    );
    const rule = steps.length === 0 ? [] : ["  option (bff.v1.message) = {", ...steps, "  };"];
    return [`message ${name} {`, ...rule, '  int64 n = 1 [(bff.v1.field).by = "args.n"];', ...fields, "}", ""].join(
      "\n",
    );
  };
  const pairs = Array.from({ length: layers }, (_, i) => [message(`L${i}`, i + 1), message(`R${i}`, i + 1)]);
  return diamond([message("Top", 0), ...pairs.flat()].join("\n"));
}

function diamond(messages: string): Readonly<Record<string, string>> {
  return {
    "diamond/v1/diamond.proto": `syntax = "proto3";
package diamond.v1;

import "bff/v1/options.proto";

service DiamondService {
  option (bff.v1.service) = {};
  rpc Get(GetRequest) returns (Top) {
    option idempotency_level = NO_SIDE_EFFECTS;
  }
}

message GetRequest {
  int64 n = 1;
}

${messages}`,
  };
}
