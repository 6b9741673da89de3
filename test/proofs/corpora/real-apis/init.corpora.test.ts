// BFFs that `protobff init` begins over APIs of others: each service's unary rpcs, and those that it would choose itself, compile as they are, and
// have no field whose name is on the list of private words.
import type { DescService } from "@bufbuild/protobuf";
import { afterAll, expect, test } from "vitest";
import { begin } from "../../../../cli/src/init/begin.ts";
import type { UpstreamProtos } from "../../../../cli/src/project/upstream-protos.ts";
import { compileCase } from "../../../support/golden.ts";
import { requestFor, schemaOf } from "../../../support/request.ts";
import { FAMILIES, protosOf } from "./packages.ts";

/** Of one service: enough for names to meet. */
const MOST = 8;
/** Written anew, not taken from what it judges. */
const PRIVATE = /private|internal|confidential|secret|cost|margin|token|passw|ssn|credential|api_?key|access_key/i;
const PAGES = /(^|_)page_token$/;
let begun = 0;
afterAll(() => console.log(`${begun} BFFs are begun, and compile`));

test.each(FAMILIES)(
  "$name",
  (family) => {
    const all = protosOf(family);
    const request = requestFor(all);
    const schema = schemaOf(request);
    const familyFiles = schema.allFiles.filter((file) => family.files.test(`${file.name}.proto`));
    const protoNames = new Set(familyFiles.map((file) => `${file.name}.proto`));
    const upstream: UpstreamProtos = {
      image: {
        files: request.protoFile,
        imports: new Set(request.protoFile.map(({ name }) => name).filter((name) => !protoNames.has(name))),
      },
      registry: schema.registry,
      inPlace: undefined,
      source: { from: family.name, kind: "folder" },
      texts: (names) => new Map(names.map((name) => [name, all[name] ?? ""])),
      close: () => {},
    };
    const unary = ({ typeName, methods }: DescService): string[] =>
      methods.filter(({ methodKind }) => methodKind === "unary").map(({ name }) => `${typeName}/${name}`);
    const choices = familyFiles.flatMap(({ services }) => services.map((service) => unary(service).slice(0, MOST)));
    const reads = familyFiles.some(({ services }) =>
      services.some((service) => unary(service).some((name) => /\/(Get|List)/.test(name))),
    );
    for (const rpcs of [...(reads ? [[]] : []), ...choices.filter((choice) => choice.length > 0)]) {
      const { files, proto } = begin("web", rpcs, upstream);
      const name = proto.replace("proto/", "");
      const protos = { [name]: files.get(proto) ?? "" };
      const withBff = requestFor({ ...all, ...protos }, [name]);
      const { response } = compileCase(withBff, protos, "import_extension=ts,server=true,mock=true");
      expect(response.error, rpcs.join(" ")).toBe("");
      const fields = schemaOf(withBff).files.flatMap(({ messages }) => messages.flatMap((message) => message.fields));
      expect(fields.filter(({ name: of }) => PRIVATE.test(of) && !PAGES.test(of)).map(String)).toEqual([]);
      begun++;
    }
  },
  120_000,
);
