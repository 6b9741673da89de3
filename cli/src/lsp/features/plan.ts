import { describeRpc } from "protoc-gen-bff/internal/language";
import type { Program, SourceFile } from "../program/program.ts";
import { elementsAt } from "../syntax/cursor.ts";

/** The plan of an rpc, for people. */
interface PlanPreview {
  /** "web.v1.WebService/GetPage" */
  readonly rpc: string;
  readonly markdown: string;
}

/** Returns the plan of the rpc at an offset, or of the first rpc that composes the message at the offset. */
export function planAt(program: Program, file: SourceFile, offset: number): PlanPreview | undefined {
  const rpc = rpcAt(program, file, offset);
  if (rpc === undefined) return undefined;
  const { plan } = program.analysis;
  if (plan === undefined) return { rpc, markdown: `# ${rpc}\n\nThe project has errors, so it has no plan.\n` };
  const found = describeRpc(plan, rpc);
  return (
    found && {
      rpc,
      markdown: `# ${rpc}\n\n\`\`\`text\n${found.text}\n\`\`\`\n\n\`\`\`mermaid\n${found.mermaid}\`\`\`\n`,
    }
  );
}

function rpcAt({ analysis }: Program, { parsed }: SourceFile, offset: number): string | undefined {
  const elements = elementsAt(parsed, offset);
  const [service, method] = [
    elements.find(({ kind }) => kind === "service"),
    elements.find(({ kind }) => kind === "rpc"),
  ];
  const full = (name: string): string => (parsed.package === "" ? name : `${parsed.package}.${name}`);
  const methods = analysis.model.files.flatMap(({ services }) => services.flatMap((each) => each.methods));
  const nameOf = ({ desc }: (typeof methods)[number]): string => `${desc.parent.typeName}/${desc.name}`;
  if (service !== undefined && method?.nameToken !== undefined) return `${full(service.name)}/${method.nameToken.text}`;
  if (service !== undefined) return methods.map(nameOf).find((name) => name.startsWith(`${full(service.name)}/`));
  const message = full(elements.findLast(({ kind }) => kind === "message")?.name ?? "");
  const composer = methods.find(
    ({ composed, desc }) => composed.desc.typeName === message || desc.output.typeName === message,
  );
  return composer && nameOf(composer);
}
