import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Refusal } from "../terminal.ts";
import { runBuf } from "./buf.ts";
import { reflected } from "./reflection.ts";
import { type ProtosRequest, type UpstreamProtos, upstreamProtos } from "./upstream-protos.ts";

const examples = fileURLToPath(new URL("../../../proto/example", import.meta.url));
const SERVER = fileURLToPath(new URL("../testing/reflecting-server.ts", import.meta.url));
let work = "";

/** All that protos have: what is printed of their descriptors has to mean the same. */
const ODD = {
  "odd/options.proto": `syntax = "proto2";
package odd;
import "google/protobuf/descriptor.proto";
message Rule { optional string text = 1; repeated Rule inner = 2; map<string, int32> counts = 3; extensions 100 to max; }
extend Rule { optional bool strict = 100; }
extend google.protobuf.FieldOptions { repeated Rule rule = 50001; optional int64 big = 50002; }
extend google.protobuf.MessageOptions { optional bytes raw = 50001; }
extend google.protobuf.MethodOptions { optional Kind kind = 50001; }
enum Kind { option allow_alias = true; ONE = 1; UNO = 1 [deprecated = true]; MINUS = -5; reserved 7, 9 to 11; reserved "TWO"; }
`,
  "odd/odd.proto": `syntax = "proto2";
package odd;
import public "odd/options.proto";
option java_package = "a\\tb\\"c\\\\";
message Odd {
  option (raw) = "\\001\\377 \\"x";
  message Deep { optional group Inside = 1 { optional int32 n = 1; } }
  required string id = 1 [default = "a \\"quote\\" and\\nline", (rule) = { text: "x" inner { text: "y" [odd.strict]: true } }, (rule) = { counts { key: "a" value: 1 } }];
  optional bytes raw = 2 [default = "\\000\\377"];
  optional double far = 3 [default = -inf];
  repeated int32 packed = 4 [packed = true, json_name = "zipped"];
  map<string, Deep> deep = 5;
  optional Kind kind = 6 [default = MINUS, (big) = -9007199254740993];
  oneof one_of { string a = 7; Deep b = 8; }
  reserved 20 to 30, 40; reserved "old";
  extensions 100 to 199;
}
extend Odd { optional Odd more = 100; }
service OddService { rpc GetOdd(Odd) returns (Odd) { option (kind) = UNO; option deprecated = true; } rpc Both(stream Odd) returns (stream Odd); }
`,
  "odd/new.proto": `edition = "2023";
package odd.next;
option features.enum_type = CLOSED;
message Next { string a = 1 [features.field_presence = IMPLICIT]; Next b = 2 [features.message_encoding = DELIMITED]; reserved old; }
`,
};

function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
const readProtos = (from: string, more: Partial<ProtosRequest> = {}): UpstreamProtos =>
  upstreamProtos({ from, reflect: false, paths: [], headers: [], cwd: work, folder: join(work, "bff"), ...more });
const refused = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
  return "nothing";
};

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), "protobff-sources-"));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("an image", () => {
  test("an image is written as files with the same meaning", () => {
    put(join(work, "theirs"), ODD);
    runBuf(["build", "theirs", "-o", "image.binpb"], work);
    const upstream = readProtos("image.binpb");
    expect(upstream.source).toMatchObject({ from: "../image.binpb", kind: "image" });
    const names = Object.keys(ODD);
    expect([...upstream.texts(names).keys()].toSorted()).toEqual(names.toSorted());
  }, 60_000);

  test("an image may be a file descriptor set with any name", () => {
    runBuf(["build", "theirs", "--as-file-descriptor-set", "-o", "image.binpb"], work);
    execFileSync("cp", ["image.binpb", "all.protoset"], { cwd: work });
    expect(readProtos("all.protoset").registry.getService("odd.OddService")?.methods).toHaveLength(2);
  }, 60_000);
});

test("a git reference is resolved to its commit", () => {
  const repository = join(work, "repository");
  put(repository, {
    "protos/odd/options.proto": ODD["odd/options.proto"],
    "protos/odd/odd.proto": ODD["odd/odd.proto"],
  });
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], {
      cwd: repository,
      encoding: "utf8",
    });
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message=protos");
  const upstream = readProtos("repository/.git#branch=main,subdir=protos");
  try {
    expect(upstream.source).toEqual({
      from: "../repository/.git#branch=main,subdir=protos",
      kind: "git",
      commit: git("rev-parse", "HEAD").trim(),
    });
    expect(upstream.texts(["odd/odd.proto"]).get("odd/odd.proto")).toBe(ODD["odd/odd.proto"]);
  } finally {
    upstream.close();
  }
}, 60_000);

test("--path selects files of a folder", () => {
  put(join(work, "theirs"), { ...ODD, "broken/broken.proto": "syntax =" });
  const upstream = readProtos("theirs", { paths: ["odd/odd.proto"] });
  try {
    expect(upstream.image.files.map(({ name }) => name)).toContain("odd/odd.proto");
  } finally {
    upstream.close();
    rmSync(join(work, "theirs/broken"), { recursive: true });
  }
}, 60_000);

describe("a server of grpc-js", () => {
  let server: ChildProcess | undefined;
  let url = "";
  beforeAll(async () => {
    const files = ["agent/v1/agent.proto", "billing/v1/billing.proto"];
    const child = spawn(process.execPath, [SERVER, examples, ...files], { stdio: ["ignore", "pipe", "inherit"] });
    server = child;
    const [port] = await once(child.stdout, "data");
    url = `http://127.0.0.1:${String(port).trim()}`;
  });
  afterAll(() => void server?.kill());

  test("reflection lists the services of the server", () => {
    const upstream = readProtos(url, { reflect: true });
    expect(upstream.source).toMatchObject({ from: url, kind: "reflection" });
    const agent = upstream.registry.getService("agent.v1.AgentService");
    expect(agent?.methods.map(({ name }) => name)).toEqual(["GetSummary", "GetSession", "StopRun", "WatchRun"]);
    const paths = upstream.image.files.map(({ name }) => name).filter((name) => !name.startsWith("google/"));
    const texts = upstream.texts(paths);
    expect([...texts.values()].join("\n")).toContain("optional double load = 11;");
    expect([...texts.values()].join("\n")).toContain("map<string, string> labels = 9;");
  }, 60_000);

  const limits = { services: 10, files: 10, bytes: 1 << 20, ms: 30_000, rounds: 5 };
  test.each([
    { limit: { services: 1 }, message: "offers 2 services, more than 1" },
    { limit: { files: 1 }, message: "has more than 1 files" },
    { limit: { bytes: 100 }, message: "gives more than is taken" },
    { limit: { ms: 1 }, message: "takes too long" },
    { limit: { rounds: 0 }, message: "more than 0 steps" },
  ])("reflection stops beyond $limit", ({ limit, message }) => {
    expect(refused(() => reflected(url, [], { ...limits, ...limit }))).toContain(message);
  });
});

test.each([
  { from: "theirs/odd/odd.proto", message: "is one file: name the folder" },
  { from: "nowhere", message: "there is no nowhere" },
  { from: "https://user:secret@127.0.0.1:9/nothing.tar.gz", message: "buf export fails" },
  { from: "127.0.0.1:1", reflect: true, message: "write http://127.0.0.1:9001" },
  { from: "http://127.0.0.1:1", reflect: true, message: "http://127.0.0.1:1 does not list its services" },
])(
  "the source $from is refused",
  ({ from, message, reflect = false }) => {
    expect(refused(() => readProtos(from, { reflect }))).toContain(message);
  },
  60_000,
);
