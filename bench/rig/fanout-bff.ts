// The package of most scenarios inside another program, as a generated `bff.ts` opens it.
import { type Bff, embed, type OpenBffOptions } from "@protobff/server/embed";
import { createHomeService, createUpstreams } from "../generated/bench/fanout/v1/fanout_bff.ts";
import { HomeService } from "../generated/bench/fanout/v1/fanout_pb.ts";
import { ItemService, ProfileService, SettingsService } from "../generated/bench/up/v1/up_pb.ts";

export function openFanout(options: OpenBffOptions): Promise<Bff> {
  return embed(
    {
      name: "bench.fanout.v1",
      services: [HomeService],
      upstreams: { item: ItemService, profile: ProfileService, settings: SettingsService },
      env: () => ({}),
      create: ({ clients, env, observer }) =>
        createHomeService({ upstreams: createUpstreams(clients, { observer }), env, observer }),
    },
    options,
  );
}
