// The copies of the options' own protos that a run has: another version's would mean something else, or nothing.
import type { DescFile } from "@bufbuild/protobuf";
import { fault, type Report } from "../diagnostic/diagnostic.ts";
import type { Sources } from "../diagnostic/sources.ts";
import { PROTOS } from "../package/protos.ts";

/** Only where their sources are at hand; comments and layout may differ. */
export function checkVendored(files: readonly DescFile[], sources: Sources, report: Report): void {
  for (const { proto } of files) {
    const pluginText = PROTOS[proto.name];
    const text = pluginText === undefined ? undefined : sources(proto.name);
    if (pluginText === undefined || text === undefined || codeOf(text) === codeOf(pluginText)) continue;
    const path = sources.path?.(proto.name) ?? proto.name;
    const folder = path.endsWith(`/${proto.name}`) ? path.slice(0, -proto.name.length - 1) : ".";
    const at = { file: proto.name, line: 1, column: 1, endLine: 1, endColumn: 1 };
    fault(report, "BFF191", at, {
      message: `this copy of "${proto.name}" is not of the version of the plugin`,
      hint: `run \`npx protobff init protos ${folder}\``,
    });
  }
}

/** Without comments and blanks: no string of these files holds either. */
function codeOf(text: string): string {
  return text.replace(/\/\/.*$|\/\*[\s\S]*?\*\//gm, "").replace(/\s+/g, "");
}
