import type { Text } from "../../diagnostic/diagnostic.ts";
import type { IrFile } from "../../ir/ir.ts";
import type { IrBind, IrCall, IrSource, IrStep, IrStream, IrTopic } from "../../ir/step.ts";

/** A place with `reveal`. */
export interface Reveal {
  /** `web.v1.Page.mail`, `web.v1.Page.sent set.to`. */
  readonly place: string;
  readonly reason: Text;
}

/** Returns each `reveal` in a file, in order of its declarations. */
export function revealsIn({ desc, upstreams, identity, services, messages }: IrFile): readonly Reveal[] {
  return [
    ...upstreams.flatMap(({ policy, service, method }) =>
      inBinds(`upstream ${(method ?? service)?.value ?? "*"} metadata`, policy.metadata),
    ),
    ...(identity?.sources ?? []).flatMap(({ name, set }) =>
      inBinds(`identity of ${desc.proto.package} ${name?.value ?? ""}`, set),
    ),
    ...services.flatMap((service) => [
      ...inSteps(service.desc.typeName, service.steps),
      ...service.topics.flatMap((topic) => inStream(`${service.desc.typeName} topic ${topic.name.value}`, topic)),
      ...inBinds(`${service.desc.typeName} tool`, service.tool?.hidden ?? []),
      ...service.methods.flatMap(({ desc: rpc, headers, tool, permit, stream }) => {
        const owner = `${service.desc.typeName}/${rpc.name}`;
        return [
          ...inBinds(`${owner} header`, headers),
          ...inBinds(`${owner} tool`, tool?.hidden ?? []),
          ...inSteps(owner, permit?.steps ?? []),
          ...inStream(owner, stream),
        ];
      }),
    ]),
    ...messages.flatMap((message) => [
      ...inSteps(message.desc.typeName, message.steps),
      ...message.fields.flatMap(({ desc: field, reveal, left }) =>
        reveal === undefined || left ? [] : [{ place: `${message.desc.typeName}.${field.name}`, reason: reveal }],
      ),
    ]),
  ];
}

const inSteps = (owner: string, steps: readonly IrStep[]): readonly Reveal[] =>
  steps.flatMap(({ name, index, source }) => inSource(`${owner}.${name?.value ?? `let[${index}]`}`, source));

function inSource(step: string, source: IrSource | undefined): readonly Reveal[] {
  switch (source?.kind) {
    case "call":
      return inCall(step, source);
    case "compose":
      return inBinds(`${step} args`, source.args);
    case "each":
      return inSource(step, source.source);
    default:
      return [];
  }
}

function inStream(owner: string, stream: IrStream | IrTopic | undefined): readonly Reveal[] {
  const source = stream?.kind === "topic" ? stream.call : stream?.source;
  return source?.kind === "call" ? inCall(owner, source) : [];
}

const inCall = (owner: string, { set, policy }: IrCall): readonly Reveal[] => [
  ...inBinds(`${owner} set`, set),
  ...inBinds(`${owner} metadata`, policy.metadata),
];

const inBinds = (owner: string, binds: readonly IrBind[]): readonly Reveal[] =>
  binds.flatMap(({ name, spread, reveal }) =>
    reveal === undefined ? [] : [{ place: `${owner}.${(name ?? spread)?.value ?? ""}`, reason: reveal }],
  );
