// Reads the descriptors of a service from a running upstream, by gRPC server reflection (grpc.reflection.v1, or
// v1alpha). The upstream may be wrong, slow or hostile: everything is bounded, and nothing of it is executed.
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, codeName, type Fault } from "@protobff/runtime/internal/failure";
import type { GrpcConnection } from "@protobff/runtime/internal/transport/grpc/grpc-connection";
import { frame } from "@protobff/runtime/internal/wire/frame";
import { readMessage } from "@protobff/runtime/internal/wire/reader";
import { type ShallowFile, ShallowFileSchema } from "../gen/bff/shallow/v1/shallow_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  type ServerReflectionResponse,
  ServerReflectionResponseSchema,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { REFLECTION_ALPHA } from "../streams/service-paths.ts";

/** Limits of what is accepted from one upstream at one time. */
interface ReflectionLimits {
  /** Size of all answers, in bytes. */
  readonly bytes: number;
  /** Size of a file, which is parsed in one turn of the event loop, in bytes. */
  readonly fileBytes: number;
  readonly files: number;
  /** Number of messages and enums in all files. */
  readonly types: number;
  /** Longest time of one question, in milliseconds. */
  readonly ms: number;
}
export const LIMITS: ReflectionLimits = { bytes: 16 << 20, fileBytes: 2 << 20, files: 1_000, types: 10_000, ms: 5_000 };

/** An upstream without usable answers. */
export class Unreadable extends Error {
  /** True if it refuses to answer, so that further questions are of no use. */
  readonly refuses: boolean;

  constructor(message: string, refuses = false) {
    super(message);
    this.refuses = refuses;
  }
}

type Question = Exclude<ServerReflectionRequest["messageRequest"], { case: undefined }>;

/** The files of a service. */
interface ReadFiles {
  /** Each after those that it imports. */
  readonly files: readonly ShallowFile[];
  /** Equal for equal files. */
  readonly digest: string;
}

/**
 * Returns the file of a service with all its imports.
 *
 * @param known returns the file that this server has of that name, for imports that the upstream does not describe
 * @throws Unreadable
 */
export async function readFiles(
  connection: GrpcConnection,
  service: string,
  known: (name: string) => Uint8Array | undefined,
  limits: ReflectionLimits = LIMITS,
): Promise<ReadFiles> {
  const reader = new ReflectionReader(connection, limits);
  const first = await reader.query({ case: "fileContainingSymbol", value: service });
  if (first === undefined) throw new Unreadable(`its reflection does not know ${service}`);
  await reader.take(first);
  const missing = new Set<string>();
  for (let names = reader.missing(missing); names.length > 0; names = reader.missing(missing)) {
    for (const name of names) {
      if (reader.has(name)) continue; // an answer may have several files
      const found = await reader.query({ case: "fileByFilename", value: name });
      if (found !== undefined) await reader.take(found);
      if (reader.has(name)) continue;
      const ours = known(name);
      if (ours === undefined) missing.add(name);
      else await reader.take([ours]);
    }
  }
  if (missing.size > 0) throw new Unreadable(`its reflection does not have the file ${[...missing][0]}`);
  return { files: reader.inOrder(), digest: reader.digest };
}

class ReflectionReader {
  readonly #connection: GrpcConnection;
  readonly #limits: ReflectionLimits;
  readonly #files = new Map<string, ShallowFile>();
  readonly #digests = new Map<string, string>();
  #service: string = ServerReflection.typeName;
  #bytesLeft: number;
  #typesLeft: number;

  constructor(connection: GrpcConnection, limits: ReflectionLimits) {
    this.#connection = connection;
    this.#limits = limits;
    this.#bytesLeft = limits.bytes;
    this.#typesLeft = limits.types;
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }
  /** Returns the imports that are not read, besides those that do not exist. */
  missing(absent: ReadonlySet<string>): readonly string[] {
    const imports = new Set([...this.#files.values()].flatMap(({ dependency }) => dependency));
    return [...imports].filter((name) => !this.#files.has(name) && !absent.has(name));
  }

  /** Returns the files of an answer, as bytes; undefined if the upstream has no such symbol or file. */
  async query(question: Question): Promise<readonly Uint8Array[] | undefined> {
    const { messageResponse: answer } = await this.#answer(question);
    switch (answer.case) {
      case "fileDescriptorResponse":
        return answer.value.fileDescriptorProto;
      case "errorResponse":
        if (answer.value.errorCode === Code.NOT_FOUND) return undefined;
        throw new Unreadable(`its reflection answers ${codeName(answer.value.errorCode)}`);
      default:
        throw new Unreadable("its reflection sends an answer of another kind");
    }
  }
  async #answer(question: Question): Promise<ServerReflectionResponse> {
    const request = create(ServerReflectionRequestSchema, { messageRequest: question });
    const bytes = frame(toBinary(ServerReflectionRequestSchema, request));
    let answer = await this.#sent(bytes);
    // The same messages under an older name.
    if (!(answer instanceof Uint8Array) && answer.code === Code.UNIMPLEMENTED && this.#service !== REFLECTION_ALPHA) {
      this.#service = REFLECTION_ALPHA;
      answer = await this.#sent(bytes);
    }
    if (!(answer instanceof Uint8Array)) throw unreadable(answer);
    this.#bytesLeft -= answer.length;
    try {
      return readMessage(ServerReflectionResponseSchema, answer);
    } catch {
      throw new Unreadable("its reflection sends no valid message");
    }
  }
  #sent(request: Uint8Array): Promise<Uint8Array | Fault> {
    const { promise, resolve } = Promise.withResolvers<Uint8Array | Fault>();
    const { ms } = this.#limits;
    const { address } = this.#connection;
    const isOther = (): boolean => sent.address !== undefined && sent.address !== address;
    const lost: Fault = { kind: "transport", code: Code.UNAVAILABLE, message: "the connection has ended" };
    const reply = { replied: (message: Uint8Array) => resolve(isOther() ? lost : message), faulted: resolve };
    const path = `/${this.#service}/ServerReflectionInfo`;
    const sent = this.#connection.send(path, request, ms, this.#bytesLeft, reply);
    const late = setTimeout(() => {
      sent.cancel();
      resolve({ kind: "status", code: Code.DEADLINE_EXCEEDED, message: `no answer within ${ms} ms` });
    }, ms);
    late.unref();
    return promise.finally(() => clearTimeout(late));
  }

  /** Takes the files of an answer, one in each turn of the event loop. */
  async take(files: readonly Uint8Array[]): Promise<void> {
    for (const bytes of files) {
      await setImmediate();
      if (bytes.length > this.#limits.fileBytes)
        throw new Unreadable(`its reflection has a file of ${bytes.length} bytes`);
      let file: ShallowFile;
      try {
        file = readMessage(ShallowFileSchema, bytes);
      } catch {
        throw new Unreadable("its reflection sends a file that is no descriptor");
      }
      this.add(file, createHash("sha256").update(bytes).digest("base64"));
    }
  }
  add(file: ShallowFile, digest: string): void {
    if (this.#files.has(file.name)) return;
    this.#typesLeft -= typesIn(file);
    if (this.#typesLeft < 0) throw new Unreadable(`its reflection has more than ${this.#limits.types} types`);
    if (this.#files.size >= this.#limits.files)
      throw new Unreadable(`its reflection has more than ${this.#limits.files} files`);
    this.#files.set(file.name, file);
    this.#digests.set(file.name, digest);
  }
  get digest(): string {
    const sorted = [...this.#digests].sort(([a], [b]) => (a < b ? -1 : 1));
    return createHash("sha256").update(JSON.stringify(sorted)).digest("base64");
  }
  inOrder(): readonly ShallowFile[] {
    const ordered = new Set<ShallowFile>();
    const begun = new Set<string>();
    // An explicit stack: imports may form a chain as long as the number of files.
    const open = [...this.#files.keys()].map((name) => ({ name, done: false }));
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const file = this.#files.get(at.name);
      if (file === undefined) continue;
      if (at.done) ordered.add(file);
      else if (!begun.has(at.name)) {
        begun.add(at.name);
        open.push({ name: at.name, done: true }, ...file.dependency.map((name) => ({ name, done: false })));
      }
    }
    return [...ordered];
  }
}

const REFUSALS: readonly Code[] = [Code.UNIMPLEMENTED, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED];

function unreadable({ kind, code, message }: Fault): Unreadable {
  if (kind === "invalid" && message.startsWith("a reply of"))
    return new Unreadable("its reflection answers more than allowed");
  const refuses = REFUSALS.includes(code);
  return new Unreadable(`its reflection answers ${codeName(code)}: ${message}`, refuses);
}

/** Returns the number of messages and enums of a file, nested ones included. */
function typesIn({ messageType, enumType }: ShallowFile): number {
  let count = enumType.length;
  const open = [...messageType];
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    count += 1 + type.enumType.length;
    open.push(...type.nestedType);
  }
  return count;
}
