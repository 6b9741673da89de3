import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { filesOf } from "@protobff/server/capture";
import { CaptureError } from "../capture/capture-error.ts";
import { printableLine } from "../report/printable.ts";
import { loadServer } from "./load-server.ts";

/** Protos of a build: a FileDescriptorSet as base64, and the names of the files with its services. */
interface DescribedBuild {
  readonly files: string;
  readonly targets: readonly string[];
}

/**
 * Prints the protos of generated servers as JSON, with all options.
 *
 * @returns the exit code: 0, or 2 if a server cannot be used
 */
export async function describeBuilds(
  { describe }: { readonly describe: readonly string[] },
  write: (text: string) => void,
  report: (line: string) => void,
): Promise<0 | 2> {
  try {
    const described: DescribedBuild[] = [];
    for (const path of describe) {
      const { services, upstreams } = await loadServer(path);
      const file = [...filesOf([...services, ...Object.values(upstreams)]).values()].map(({ proto }) => proto);
      const set = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
      const targets = [...new Set(services.map((service) => service.file.proto.name))];
      described.push({ files: Buffer.from(set).toString("base64"), targets });
    }
    write(JSON.stringify(described));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof CaptureError)) throw thrown;
    report(printableLine(thrown.message));
    return 2;
  }
}
