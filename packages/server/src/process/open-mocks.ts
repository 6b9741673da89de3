// The mocks of `server.ts --mock`. A server without it loads nothing of @protobff/testing.
import type { DescService } from "@bufbuild/protobuf";
import type { MockUpstream } from "@protobff/testing";
import type { MockDefaults } from "./mocks.ts";

/** A mock for each upstream. */
export async function openMocks(
  mocked: ReadonlyMap<string, DescService>,
  defaults: (() => Promise<readonly MockDefaults[]>) | undefined,
): Promise<ReadonlyMap<string, MockUpstream>> {
  const { MockUpstream } = await import("@protobff/testing");
  const all = (await defaults?.()) ?? [];
  const made = [...mocked].map(([name, service]): [string, MockUpstream] => {
    const its = Object.assign({}, ...all.map((mocks) => mocks[name]));
    return [name, new MockUpstream(service, {}, { defaults: its })];
  });
  return new Map(made);
}
