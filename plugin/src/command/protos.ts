// `protoc-gen-bff protos`: puts the options' own protos into a user's tree.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROTOS } from "../gen/protos.ts";
import { VERSION } from "../version.ts";
import { failed, type Output } from "./output.ts";

/** Writes bff/v1/*.proto below a folder that is there, and says of each file what became of it. What is the same is left alone. */
export function writeProtos([folder, ...rest]: readonly string[]): Output {
  if (folder === undefined || folder.startsWith("-") || rest.length > 0)
    return failed("protos needs the folder of your protos, the module in buf.yaml, as in protoc-gen-bff protos proto");
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    return failed(`there is no folder "${folder}": name the one that your own packages are in`);
  try {
    const lines = Object.entries(PROTOS).map(([name, text]) => {
      const path = join(folder, name);
      const before = tryRead(path);
      if (before === text) return `${path} is that of ${VERSION} already`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return before === undefined ? `${path} is new` : `${path} is that of ${VERSION} now`;
    });
    return { exitCode: 0, stdout: `${lines.join("\n")}\n`, stderr: "" };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
