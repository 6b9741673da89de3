import type { DescService } from "@bufbuild/protobuf";
import { systemClock } from "@protobff/runtime/internal/clock";
import type { Environment } from "@protobff/runtime/internal/environment/env-reader";
import type { CertificateEvent, Observer } from "@protobff/runtime/internal/observer";
import type { ServerConfig, ServerTls } from "../config/config.ts";
import type { UpstreamsSpec } from "../config/config-upstreams.ts";
import type { Listening } from "../listen.ts";
import { CertificateFiles, type Certificates, certificatePaths } from "./certificate-files.ts";
import type { UpstreamClient } from "./upstream-clients.ts";

/** Watches the certificates of this server, and those that it presents to upstreams. */
export function watchCertificates(
  { upstreams, branches }: UpstreamsSpec<Readonly<Record<string, DescService>>>,
  config: ServerConfig<string, unknown>,
  to: {
    readonly clients: Readonly<Record<string, UpstreamClient>>;
    /** Undefined: no certificate of this process is watched. */
    readonly listening: Listening | undefined;
    readonly observer?: Observer | undefined;
  },
  environment: Environment = process.env,
): readonly CertificateFiles[] {
  const report = (event: CertificateEvent): void => to.observer?.certificate?.(event);
  const shards = Object.keys(config.shards ?? {}).map((key) => key.split("."));
  const all = Object.fromEntries(
    Object.keys(upstreams).map((name) => {
      const names = shards.flatMap(([upstream, shard = ""]) => (upstream === name ? [shard] : []));
      return [name, [...(branches?.[name] ?? []), ...names]];
    }),
  );
  return certificatePaths(environment, upstreams, all).flatMap((paths) => {
    const { of } = paths;
    const { clientCa, ...serverPair }: Partial<ServerTls> = config.tls ?? {};
    const first =
      of === undefined
        ? { ...serverPair, ...(clientCa !== undefined && { ca: clientCa }) }
        : { ...config.upstreams, ...config.branches, ...config.shards }[of]?.tls;
    if (first === undefined) return [];
    const renew = (found: Certificates): void => {
      const { cert, key, ca } = found;
      if (of !== undefined) to.clients[of]?.renew?.(found);
      else if (cert !== undefined && key !== undefined)
        to.listening?.renew({ cert, key, ...(ca !== undefined && { clientCa: ca }) });
    };
    return [new CertificateFiles(paths, first, { clock: systemClock, renew, report: report })];
  });
}
