// A program that reads questions as lines and answers each by a line: one process for thousands of messages.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { create, type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

interface Pending {
  resolve(answer: string): void;
  reject(reason: Error): void;
}

/** Formats text or bytes as an argument. */
export const argument = (value: Uint8Array | string): string => `.${Buffer.from(value).toString("base64")}`;

/** Callers need not wait for an answer before the next question. */
export class LineProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #pending: Pending[] = [];
  #errors = "";
  #failure: Error | undefined;
  #file: DescFile | undefined;

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    // A process that has ended reads no more lines, which `close` reports.
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", (error) => this.#fail(error));
    this.#child.on("close", () => this.#fail(new Error(`${command} ended: ${this.#errors}`)));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#pending.shift()?.resolve(line));
  }

  /** @throws Error with the program's reason when it refuses the question */
  async answer(question: string, desc: DescMessage, ...args: readonly string[]): Promise<string> {
    const schema = this.#file === desc.file ? [] : [this.#line(`schema ${argument(setOf(desc.file))}`)];
    this.#file = desc.file;
    const answers = await Promise.all([...schema, this.#line([question, desc.typeName, ...args].join(" "))]);
    const refused = answers.find((answer) => answer.startsWith("!"));
    if (refused !== undefined) throw new Error(refused.slice(1));
    return answers.at(-1) ?? "";
  }

  async close(): Promise<void> {
    this.#child.stdin.end();
    if (this.#failure === undefined) await once(this.#child, "close");
  }

  #line(line: string): Promise<string> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.#child.stdin.write(`${line}\n`);
    });
  }
  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#pending.splice(0)) reject(reason);
  }
}

/** A FileDescriptorSet of a file and its imports, dependencies first. */
function setOf(file: DescFile): Uint8Array {
  const protos = new Set<FileDescriptorProto>();
  const add = ({ proto, dependencies }: DescFile): void => {
    dependencies.forEach(add);
    protos.add(proto);
  };
  add(file);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...protos] }));
}
