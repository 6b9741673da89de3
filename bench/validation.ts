// Compares the plugin's code for rules of buf.validate with @bufbuild/protovalidate, in this process: `npm run bench --
// validation`. Ratios count: the machine is in both columns.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, createFileRegistry, type DescMessage, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createValidator } from "@bufbuild/protovalidate";
import { compile } from "../plugin/src/compile.ts";
import { messagesOf } from "../test/support/messages.ts";
import { requestFor } from "../test/support/request.ts";

const FOLDER = fileURLToPath(new URL(".generated", import.meta.url));
const PROTO = "bench/validation/v1/validation.proto";
const TEXT = `syntax = "proto3";
package bench.validation.v1;
import "bff/v1/options.proto";
import "buf/validate/validate.proto";
service ValidationService {
  option (bff.v1.service) = {};
  rpc Search(SearchRequest) returns (Page);
  rpc Order(OrderRequest) returns (Page);
  rpc Formats(FormatsRequest) returns (Page);
  rpc Rules(RulesRequest) returns (Page);
}
message Page {}
message SearchRequest {
  string query = 1 [(buf.validate.field).string = { min_len: 1, max_len: 200 }];
  int32 page_size = 2 [(buf.validate.field).int32 = { gte: 1, lte: 100 }];
  string page_token = 3 [(buf.validate.field).string.max_len = 100];
}
enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; KIND_B = 2; }
message OrderRequest {
  string id = 1 [(buf.validate.field).string.uuid = true];
  string name = 2 [(buf.validate.field).string = { min_len: 3, max_len: 40, pattern: "^[a-z]+$" }];
  int64 cents = 3 [(buf.validate.field).int64 = { gt: 0, lt: 1000000 }];
  Kind kind = 4 [(buf.validate.field).enum = { defined_only: true, not_in: [0] }];
  repeated Line lines = 5 [(buf.validate.field).repeated = { min_items: 1, max_items: 50 }];
  map<string, string> labels = 6 [(buf.validate.field).map = { max_pairs: 10, keys: { string: { max_len: 10 } }, values: { string: { max_len: 30 } } }];
}
message Line {
  string sku = 1 [(buf.validate.field).string.len = 8];
  uint32 count = 2 [(buf.validate.field).uint32 = { gt: 0, lte: 99 }];
}
message RulesRequest {
  option (buf.validate.message).cel = {
    id: "range"
    message: "from has to be before to"
    expression: "this.from < this.to"
  };
  int32 from = 1 [(buf.validate.field).cel_expression = "this >= 0 && this % 5 == 0"];
  int32 to = 2;
  string name = 3 [(buf.validate.field).cel = {
    id: "name"
    expression: "this.startsWith('n-') && size(this) < 20 ? '' : 'another name: %s'.format([this])"
  }];
  repeated int32 sizes = 4 [(buf.validate.field).cel_expression = "this.all(size, size > 0)"];
}
message FormatsRequest {
  string email = 1 [(buf.validate.field).string.email = true];
  string host = 2 [(buf.validate.field).string.hostname = true];
  string address = 3 [(buf.validate.field).string.ip = true];
  string home = 4 [(buf.validate.field).string.uri = true];
}
`;

interface Row {
  readonly message: string;
  /** Nanoseconds per message. */
  readonly generated: number;
  readonly protovalidate: number;
}

export async function runValidation(json: boolean): Promise<void> {
  const request = { ...requestFor({ [PROTO]: TEXT }), parameter: "import_extension=ts" };
  const { response } = compile(request, (name) => (name === PROTO ? TEXT : undefined));
  if (response.error !== "") throw new Error(response.error);
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(FOLDER, "validation-"));
  try {
    const generated = response.file.map(({ name, content }): [string, string] => [name, content]);
    for (const [name, text] of Object.entries({ ...messagesOf(request), ...Object.fromEntries(generated) })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const checks: Readonly<Record<string, (message: Message) => void>> = await import(
      join(folder, PROTO.replace(".proto", "_rules.ts"))
    );
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: request.protoFile }));
    const rows = Object.entries(MESSAGES).map(([name, init]): Row => {
      const desc = registry.getMessage(`bench.validation.v1.${name}`);
      const check = checks[`validate${name}`];
      if (desc === undefined || check === undefined) throw new Error(`${name} is not generated`);
      return measured(name, desc, create(desc, init as MessageInitShape<DescMessage>), check);
    });
    if (json) console.log(JSON.stringify({ rows }));
    else
      console.table(
        rows.map(({ message, generated: ours, protovalidate }) => ({
          message,
          "generated, µs": (ours / 1e3).toFixed(3),
          "protovalidate, µs": (protovalidate / 1e3).toFixed(3),
          ratio: (ours / protovalidate).toFixed(3),
        })),
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Valid ones. */
const MESSAGES: Readonly<Record<string, object>> = {
  SearchRequest: { query: "agents near me", pageSize: 20, pageToken: "abcdef" },
  OrderRequest: {
    id: "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    name: "somebody",
    cents: 1200n,
    kind: 1,
    lines: [1, 2, 3].map((count) => ({ $typeName: "bench.validation.v1.Line", sku: `sku-000${count}`, count })),
    labels: { color: "red", size: "large" },
  },
  RulesRequest: { from: 10, to: 20, name: "n-somebody", sizes: [1, 2, 3] },
  FormatsRequest: {
    email: "somebody@example.com",
    host: "www.example.com",
    address: "2001:db8::1",
    home: "https://example.com/people/somebody?tab=1",
  },
};

function measured(message: string, desc: DescMessage, value: Message, check: (message: Message) => void): Row {
  const validator = createValidator();
  const theirs = (): unknown => validator.validate(desc, value);
  const ours = (): unknown => check(value);
  ours();
  if (validator.validate(desc, value).kind !== "valid") throw new Error(`${message} is not valid`);
  for (let i = 0; i < 5_000; i++) for (const run of [ours, theirs]) run();
  let count = 1;
  while (elapsed(theirs, count) < ROUND_MS) count *= 2;
  // In turns, so that both meet the same machine.
  const rounds = Array.from({ length: ROUNDS }, () => [elapsed(ours, count), elapsed(theirs, count)] as const);
  const least = (way: 0 | 1): number => (Math.min(...rounds.map((round) => round[way])) * 1e6) / count;
  return { message, generated: least(0), protovalidate: least(1) };
}
const ROUNDS = 15;
const ROUND_MS = 10;

function elapsed(run: () => unknown, count: number): number {
  const started = performance.now();
  for (let i = 0; i < count; i++) run();
  return performance.now() - started;
}
