// Go's and Python's protobuf decide what an input means. A request is a frame: 4 bytes of length, the operation, the length of the
// type's name in a byte, the name, and the input. An answer is a frame: 0 and the output, or 1 and the error. The first
// frame is a FileDescriptorSet.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const PYTHON = join(FOLDER, ".generated/python");
/** Release of Python's protobuf, which .ci/run installs. */
const NEEDED = "protobuf==6.33.2";

/** Read and write binary; read JSON; read JSON and ignore unknown fields; write JSON. */
export type Operation = "binary" | "from JSON" | "from JSON, ignoring unknown fields" | "to JSON";
const OPERATIONS: Readonly<Record<Operation, string>> = {
  binary: "b",
  "from JSON": "j",
  "from JSON, ignoring unknown fields": "i",
  "to JSON": "w",
};

export interface Question {
  readonly operation: Operation;
  /** Full name of the message type. */
  readonly type: string;
  readonly input: Uint8Array;
}
/** The output, or the error's text. */
export type Decision = { readonly output: Buffer } | { readonly error: string };
/** Answers questions in order. */
export type Peer = (questions: readonly Question[]) => Promise<readonly Decision[]>;

/**
 * @param files an encoded FileDescriptorSet
 * @throws Error if the peer cannot be built or found
 */
export function goPeer(files: Uint8Array): Peer {
  const command = join(FOLDER, ".generated/go-peer");
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  const built = spawnSync("go", ["build", "-C", join(FOLDER, "go"), "-o", command, "."], { env, encoding: "utf8" });
  if (built.status !== 0) throw new Error(`go build: ${built.error?.message ?? built.stderr}`);
  return (questions) => answers(command, [], process.env, files, questions);
}
export function upbPeer(files: Uint8Array): Peer {
  if (!existsSync(PYTHON)) throw new Error(`python3 -m pip install --target ${PYTHON} ${NEEDED}`);
  const env = { ...process.env, PYTHONPATH: [PYTHON, process.env.PYTHONPATH ?? ""].join(delimiter) };
  return (questions) => answers("python3", [join(FOLDER, "upb.py")], env, files, questions);
}

async function answers(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  files: Uint8Array,
  questions: readonly Question[],
): Promise<readonly Decision[]> {
  const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  child.stdin.on("error", () => {}); // its end says why
  child.stdin.end(Buffer.concat([framed(files), ...questions.map(requestOf)]));
  const status = await ended;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
  return decisionsIn(Buffer.concat(chunks));
}

function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}
function requestOf({ operation, type, input }: Question): Buffer {
  return framed(
    Buffer.concat([Buffer.from(`${OPERATIONS[operation]}${String.fromCharCode(type.length)}${type}`), input]),
  );
}
function decisionsIn(bytes: Buffer): readonly Decision[] {
  const decisions: Decision[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    const output = bytes.subarray(at + 5, end);
    decisions.push(bytes[at + 4] === 0 ? { output } : { error: output.toString() });
    at = end;
  }
  return decisions;
}
