// Addresses and certificates of upstreams and their branches.
import type { DescService } from "@bufbuild/protobuf";
import type { PlanShard } from "../plan/model/calls.ts";
import type { PlanServer } from "../plan/model/plan.ts";
import type { DeployVariable } from "./variable.ts";

export function upstreamVariables({ upstreams }: PlanServer): readonly DeployVariable[] {
  return upstreams.flatMap(({ service, branches, shard }) => {
    const prefix = service.typeName.toUpperCase().replaceAll(".", "_");
    if (shard !== undefined) return shardVariables(service, prefix, shard);
    const address: DeployVariable = {
      name: `${prefix}_URL`,
      required: true,
      example: `http://${service.name.toLowerCase()}:9001`,
      about: `address of ${service.typeName}; calls are spread over the pods of a headless service`,
    };
    const others = branches.flatMap(({ name }): DeployVariable[] => {
      const variable = `${prefix}_${name.toUpperCase()}`;
      const example = `http://${service.name.toLowerCase()}-${name.toLowerCase()}:9001`;
      const about = `address of the branch ${name} of ${service.typeName}; without it the branch is off`;
      return [
        { name: `${variable}_URL`, example, about },
        ...certificates(variable, `the branch ${name} of ${service.typeName}`),
      ];
    });
    return [address, ...certificates(prefix, service.typeName), ...others];
  });
}

/** Returns the list of shards, and the addresses of two, as an example. */
function shardVariables({ name, typeName }: DescService, prefix: string, { max }: PlanShard): DeployVariable[] {
  const names = ["a", "b"].slice(0, max.value);
  const list: DeployVariable = {
    name: `${prefix}_SHARDS`,
    required: true,
    example: names.join(","),
    about: `names of the shards of ${typeName}, at most ${max.value}; each has an address and certificates`,
  };
  const addresses = names.flatMap((shard): DeployVariable[] => [
    {
      name: `${prefix}_${shard.toUpperCase()}_URL`,
      required: true,
      example: `http://${name.toLowerCase()}-${shard}:9001`,
      about: `address of the shard ${shard} of ${typeName}`,
    },
    ...certificates(`${prefix}_${shard.toUpperCase()}`, `the shard ${shard} of ${typeName}`),
  ]);
  return [list, ...addresses];
}

/** Returns three variables with the same description, which is printed once, above the first. */
function certificates(prefix: string, peer: string): readonly DeployVariable[] {
  const folder = `/var/run/secrets/bff/${prefix.toLowerCase().replaceAll("_", "-")}`;
  const about = `TLS towards ${peer}: certificate authorities, client certificate or its key`;
  return [
    { name: `${prefix}_CA_FILE`, kind: "file", example: `${folder}/ca.crt`, about },
    { name: `${prefix}_CERT_FILE`, kind: "file", example: `${folder}/tls.crt`, about },
    { name: `${prefix}_KEY_FILE`, kind: "secret file", example: `${folder}/tls.key`, about },
  ];
}
